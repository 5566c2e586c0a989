-- What stands behind an inspection and stays in the office: the chain holds commitments to it.
CREATE TABLE inspection_paper (
  id BLOB PRIMARY KEY,                       -- of the inspection, also before it is opened
  nonce BLOB NOT NULL,                       -- of the transaction that opens it; the proposal's form
  staff INTEGER NOT NULL REFERENCES staff (id), -- who proposed it
  said BLOB NOT NULL,                        -- SM3 of what the form said
  departments TEXT,                          -- codes between commas; none: all
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  case_no TEXT NOT NULL,
  case_salt BLOB NOT NULL,
  warrant_no TEXT NOT NULL,
  warrant_salt BLOB NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  withdrawn_at INTEGER
) STRICT;

-- What was looked at, written before it is shown, until it is on the chain.
CREATE TABLE look (
  inspection BLOB NOT NULL,
  kind INTEGER NOT NULL,                     -- 1 record, 2 request, 3 grant
  object BLOB NOT NULL,
  at INTEGER NOT NULL,                       -- of the first look
  state INTEGER NOT NULL DEFAULT 0,          -- 0 waits, 1 on the chain, 2 the chain does not take it
  PRIMARY KEY (inspection, object)
) STRICT;
CREATE INDEX look_waiting ON look (inspection, at) WHERE state = 0;

-- In which inspection a session looks at others' things.
ALTER TABLE session ADD COLUMN inspection BLOB;

-- Read model.
CREATE TABLE j_inspection (
  id BLOB PRIMARY KEY,
  number INTEGER NOT NULL,
  department TEXT NOT NULL,
  at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  closed_at INTEGER
) STRICT;
CREATE INDEX j_inspection_of ON j_inspection (department, at);
CREATE TABLE j_look (
  inspection BLOB NOT NULL,
  kind INTEGER NOT NULL,
  object BLOB NOT NULL,
  at INTEGER NOT NULL,
  requester TEXT NOT NULL,
  provider TEXT NOT NULL,
  PRIMARY KEY (inspection, object)
) STRICT;
CREATE INDEX j_look_at_asker ON j_look (requester, inspection);
CREATE INDEX j_look_at_giver ON j_look (provider, inspection);
