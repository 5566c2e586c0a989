-- Which enquiry a form became is known to the exchange, which also sees whether the form said the same.
DROP TABLE asked;
