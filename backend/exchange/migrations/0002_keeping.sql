-- A form sent again is compared with what it said the first time.
ALTER TABLE enquiries ADD COLUMN content BLOB;  -- tag of account and fields
-- Opened rows lie here only as long as a page shows them.
CREATE INDEX enquiries_shown ON enquiries (opened) WHERE body IS NOT NULL;
UPDATE enquiries SET body = NULL WHERE body IS NOT NULL;

-- The seed of an answer on record is kept for a dispute, until this block time.
ALTER TABLE answers ADD COLUMN keep_until INTEGER;
UPDATE answers SET keep_until = changed + 2592000000 WHERE state IN ('recorded', 'released');
CREATE INDEX answers_kept ON answers (keep_until) WHERE seed IS NOT NULL;
