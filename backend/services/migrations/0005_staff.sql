-- The life of an account: created -> active <-> locked -> stopped, and who gave it what.
ALTER TABLE staff ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
UPDATE staff SET state = 'stopped' WHERE active = 0;
ALTER TABLE staff DROP COLUMN active;
ALTER TABLE staff ADD COLUMN number TEXT NOT NULL DEFAULT '';         -- of the person, in the department's own list
ALTER TABLE staff ADD COLUMN unit TEXT NOT NULL DEFAULT '';           -- section of the department
ALTER TABLE staff ADD COLUMN clearance INTEGER;                       -- highest grade to be seen, 1 to 4
ALTER TABLE staff ADD COLUMN valid_until INTEGER;                     -- last moment, ms UTC
ALTER TABLE staff ADD COLUMN review_due INTEGER;                      -- when the rights are to be looked at again
ALTER TABLE staff ADD COLUMN password_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE staff ADD COLUMN password_due INTEGER NOT NULL DEFAULT 0; -- to be changed before anything else
ALTER TABLE staff ADD COLUMN once_until INTEGER;                      -- a one-time secret lapses then
ALTER TABLE staff ADD COLUMN demo INTEGER NOT NULL DEFAULT 0;
UPDATE staff SET password_at = created_at;

CREATE TABLE password_past (
  id INTEGER PRIMARY KEY,
  staff INTEGER NOT NULL REFERENCES staff (id),
  password TEXT NOT NULL                     -- argon2id, PHC text
) STRICT;
CREATE INDEX password_past_of ON password_past (staff);

-- Second factors. A key's secret half is never here.
CREATE TABLE officer_key (
  staff INTEGER PRIMARY KEY REFERENCES staff (id),
  public BLOB NOT NULL UNIQUE,               -- SM2, 65 bytes
  bound_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE TABLE officer_code (
  staff INTEGER PRIMARY KEY REFERENCES staff (id),
  allowed_until INTEGER NOT NULL,            -- until then its officer may bind it
  sealed BLOB,                               -- the secret, under the department's store key
  bound_at INTEGER,                          -- none: not confirmed yet
  last_step INTEGER NOT NULL DEFAULT 0,      -- of the last code taken: none is taken twice
  used_at INTEGER
) STRICT;

-- Ended sessions stay for their officer to look at; one of an account runs.
DROP TABLE session;
CREATE TABLE session (
  id INTEGER PRIMARY KEY,
  staff INTEGER NOT NULL REFERENCES staff (id),
  digest BLOB NOT NULL UNIQUE,               -- SM3 of the session id; the id itself is nowhere kept
  role TEXT NOT NULL,
  source TEXT NOT NULL,                      -- the address it began from
  proven TEXT NOT NULL DEFAULT 'password',   -- code of the strongest assurance shown
  proven_at INTEGER,                         -- when the second factor was last shown
  challenge BLOB,                            -- what a key is to sign, once
  challenge_at INTEGER,
  previous_sign_in INTEGER,
  began_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  ended_at INTEGER,
  ended_for TEXT
) STRICT;
CREATE UNIQUE INDEX session_running ON session (staff) WHERE ended_at IS NULL;
CREATE INDEX session_of ON session (staff, began_at);

-- What was done to an account and why, for those who watch; the audit log has each act too.
CREATE TABLE staff_change (
  id INTEGER PRIMARY KEY,
  staff INTEGER NOT NULL REFERENCES staff (id),
  at INTEGER NOT NULL,
  act TEXT NOT NULL,
  by INTEGER REFERENCES staff (id),          -- none: the system or the command line
  detail TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX staff_change_of ON staff_change (staff, at);
CREATE TRIGGER staff_change_is_not_changed BEFORE UPDATE ON staff_change
BEGIN SELECT RAISE(ABORT, 'the history of an account is append-only'); END;
CREATE TRIGGER staff_change_is_not_deleted BEFORE DELETE ON staff_change
BEGIN SELECT RAISE(ABORT, 'the history of an account is append-only'); END;
