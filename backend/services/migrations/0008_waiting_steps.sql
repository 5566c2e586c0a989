-- Steps that take two officers, between the first and the second. Wiped when they are signed, taken back or lapse.
CREATE TABLE waiting_step (
  id BLOB PRIMARY KEY,                       -- of the first officer's form; the nonce of what will be signed
  kind TEXT NOT NULL,                        -- request, approval, query
  object TEXT NOT NULL,                      -- the request it makes or decides, the grant it is asked under
  said BLOB NOT NULL,                        -- digest of what the form said
  input BLOB NOT NULL,                       -- what will be signed; of a query under the store key; empty once signed
  staff INTEGER NOT NULL REFERENCES staff (id),
  role TEXT NOT NULL,                        -- in which it was drafted
  drafted_at INTEGER NOT NULL,
  lapses_at INTEGER NOT NULL,                -- wiped unsigned then
  state TEXT NOT NULL DEFAULT 'waiting',     -- waiting, sent-back, signed
  second INTEGER REFERENCES staff (id),      -- who sent it back or signed it
  reason TEXT NOT NULL DEFAULT '',           -- why it was sent back
  seal BLOB,                                 -- the drafter's own signature, where the department has a roster
  made TEXT NOT NULL DEFAULT ''              -- the request, grant or query it became
) STRICT;
CREATE INDEX waiting_step_of ON waiting_step (state, drafted_at);
-- One decision about a request waits at a time.
CREATE UNIQUE INDEX waiting_step_once ON waiting_step (kind, object) WHERE state = 'waiting' AND kind <> 'query';
