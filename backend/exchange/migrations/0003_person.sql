-- Nobody is looked for by a person's number, and the secret of an enquiry is kept without the person from the start.
DROP INDEX enquiries_by_subject;
ALTER TABLE enquiries DROP COLUMN subject_tag;
UPDATE enquiries SET secret = NULL WHERE state IN ('drafted', 'asked', 'held', 'recorded');
