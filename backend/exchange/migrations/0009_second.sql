-- Another officer confirmed the query: the own policies are judged again before its answer is opened.
ALTER TABLE queries ADD COLUMN seconded INTEGER NOT NULL DEFAULT 0;
