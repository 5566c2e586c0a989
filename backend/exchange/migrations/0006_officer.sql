-- An officer's own signature under a query, with its salt and the roster it was checked against; none where the
-- officer is the department's word.
ALTER TABLE queries ADD COLUMN officer BLOB;    -- sealed
ALTER TABLE answers ADD COLUMN officer BLOB;    -- sealed
