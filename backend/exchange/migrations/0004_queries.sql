-- One noun for one thing: what an officer asks is a query, here as on the page.
ALTER TABLE enquiries RENAME TO queries;
