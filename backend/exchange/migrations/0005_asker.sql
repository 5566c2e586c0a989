-- What the provider's policies may judge of the officer who asks.
ALTER TABLE queries ADD COLUMN clearance INTEGER NOT NULL DEFAULT 0; -- highest grade they may see, 0 where none is given
ALTER TABLE queries ADD COLUMN zone TEXT;
