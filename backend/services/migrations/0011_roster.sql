-- Which officers other departments can recognise by their own keys. The chain holds the root of the roster that
-- holds; here lie the certificates under it, and those of the next one until it is anchored.
CREATE TABLE roster (
  id INTEGER PRIMARY KEY,
  root BLOB NOT NULL,
  leaves BLOB NOT NULL,                      -- 32 bytes of each certificate, in their order
  made_at INTEGER NOT NULL,
  signed BLOB                                -- the transaction that anchors it, to be sent again as it is
) STRICT;
CREATE TABLE roster_certificate (
  roster INTEGER NOT NULL REFERENCES roster (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,                    -- in the roster, from 0
  staff INTEGER NOT NULL REFERENCES staff (id),
  certificate BLOB NOT NULL,
  PRIMARY KEY (roster, place)
) STRICT;
CREATE INDEX roster_certificate_of ON roster_certificate (staff, roster);
ALTER TABLE staff ADD COLUMN officer BLOB;   -- random id in certificates, 16 bytes; none before the first
