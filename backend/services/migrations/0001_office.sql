-- Accounts of the department's own staff. The chain knows none of this.
CREATE TABLE staff (
  id INTEGER PRIMARY KEY,
  staff_id TEXT NOT NULL UNIQUE,             -- random; what pseudonyms are made from
  account TEXT NOT NULL UNIQUE COLLATE NOCASE,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,                       -- codes separated by commas
  password TEXT NOT NULL,                    -- argon2id, PHC text
  active INTEGER NOT NULL DEFAULT 1,
  failures INTEGER NOT NULL DEFAULT 0,
  locked_until INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  signed_in_at INTEGER,
  used_at INTEGER NOT NULL
) STRICT;

-- At most one row an account: a new session ends the earlier one.
CREATE TABLE session (
  staff INTEGER PRIMARY KEY REFERENCES staff (id),
  digest BLOB NOT NULL UNIQUE,               -- SM3 of the session id; the id itself is nowhere kept
  role TEXT NOT NULL,
  previous_sign_in INTEGER,
  began_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;

-- What a form already signed: a double click sends these same bytes again.
CREATE TABLE submission (
  form_id BLOB PRIMARY KEY,
  staff INTEGER NOT NULL REFERENCES staff (id),
  input BLOB NOT NULL,                       -- SM3 of what the form said
  signed BLOB NOT NULL,
  made_at INTEGER NOT NULL
) STRICT;

-- Which enquiry a form became, so that a double click shows the same one.
CREATE TABLE asked (
  form_id BLOB PRIMARY KEY,
  staff INTEGER NOT NULL REFERENCES staff (id),
  query BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- Append-only: each row carries the digest of the one before.
CREATE TABLE audit_log (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  account TEXT NOT NULL,
  role TEXT NOT NULL,
  object TEXT NOT NULL,
  outcome TEXT NOT NULL,
  previous BLOB NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_is_not_deleted BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
