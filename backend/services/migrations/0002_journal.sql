-- Read model of the chain, for lists and search. Never the truth: it may be emptied and filled anew.
CREATE TABLE journal (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  chain BLOB NOT NULL,                       -- digest of the genesis it was filled from
  height INTEGER NOT NULL                    -- the last block taken over
) STRICT;
INSERT INTO journal (id, chain, height) VALUES (1, x'', 0);

CREATE TABLE j_entry (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL,
  version INTEGER NOT NULL,
  provider TEXT NOT NULL,
  region TEXT NOT NULL,
  province TEXT NOT NULL,
  share_type INTEGER NOT NULL,
  grade INTEGER NOT NULL,
  mode_bits INTEGER NOT NULL,                -- bit n set: mode number n
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  summary_zh TEXT NOT NULL,
  summary_en TEXT NOT NULL,
  item_count INTEGER NOT NULL,
  at INTEGER NOT NULL,
  height INTEGER NOT NULL,
  latest INTEGER NOT NULL,
  body TEXT NOT NULL,                        -- everything searched
  UNIQUE (code, version)
) STRICT;
CREATE INDEX j_entry_latest ON j_entry (latest, at);
CREATE VIRTUAL TABLE j_entry_text USING fts5 (body, content='j_entry', content_rowid='id', tokenize='trigram');

CREATE TABLE j_request (
  id BLOB PRIMARY KEY,
  number INTEGER NOT NULL,
  requester TEXT NOT NULL,
  provider TEXT NOT NULL,
  code TEXT NOT NULL,
  version INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  mode INTEGER NOT NULL,
  item_count INTEGER NOT NULL,
  quota INTEGER NOT NULL,
  at INTEGER NOT NULL,
  height INTEGER NOT NULL,
  tx BLOB NOT NULL,
  status TEXT NOT NULL,
  decided_at INTEGER,
  grant_id BLOB
) STRICT;
CREATE INDEX j_request_sent ON j_request (requester, at);
CREATE INDEX j_request_received ON j_request (provider, at);

CREATE TABLE j_grant (
  id BLOB PRIMARY KEY,
  number INTEGER NOT NULL,
  request BLOB NOT NULL,
  requester TEXT NOT NULL,
  provider TEXT NOT NULL,
  code TEXT NOT NULL,
  version INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  mode INTEGER NOT NULL,
  item_count INTEGER NOT NULL,
  quota INTEGER NOT NULL,
  used INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  at INTEGER NOT NULL,
  height INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX j_grant_sent ON j_grant (requester, at);
CREATE INDEX j_grant_given ON j_grant (provider, at);

CREATE TABLE j_record (
  query BLOB PRIMARY KEY,
  answered INTEGER NOT NULL,                 -- 1 answered, 0 denied
  class INTEGER NOT NULL,                    -- denial class, 0 when answered
  at INTEGER NOT NULL,
  day TEXT NOT NULL,                         -- in UTC+8
  height INTEGER NOT NULL,
  place INTEGER NOT NULL,                    -- in the block
  tx BLOB NOT NULL,
  requester TEXT NOT NULL,
  requester_province TEXT NOT NULL,
  provider TEXT NOT NULL,
  provider_province TEXT NOT NULL,
  grant_id BLOB NOT NULL,
  code TEXT,                                 -- none when the grant is unknown
  version INTEGER,
  units INTEGER NOT NULL,
  use_no INTEGER,
  delivery INTEGER NOT NULL,                 -- outcome, 0 while not acknowledged
  delivered_at INTEGER
) STRICT;
CREATE INDEX j_record_at ON j_record (at);
CREATE INDEX j_record_sent ON j_record (requester, at);
CREATE INDEX j_record_given ON j_record (provider, at);
CREATE INDEX j_record_grant ON j_record (grant_id, at);
