-- The log begins anew: entries say from where, about which items and for which purpose, and stand under
-- a key. What was written before stays as it is; its heads stand on chains that this version does not go on.
DROP TRIGGER audit_log_is_not_changed;
DROP TRIGGER audit_log_is_not_deleted;
ALTER TABLE audit_log RENAME TO audit_log_keyless;
CREATE TRIGGER audit_log_keyless_is_not_changed BEFORE UPDATE ON audit_log_keyless
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_keyless_is_not_deleted BEFORE DELETE ON audit_log_keyless
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Append-only: each row carries the HMAC-SM3 of itself and the one before.
CREATE TABLE audit_log (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  account TEXT NOT NULL,
  role TEXT NOT NULL,
  address TEXT NOT NULL,                     -- of IPv4, or the network of IPv6
  session TEXT NOT NULL,                     -- beginning of the digest of its id
  object TEXT NOT NULL,                      -- ids and codes
  items TEXT NOT NULL,                       -- codes between commas
  purpose TEXT NOT NULL,
  outcome TEXT NOT NULL,
  previous BLOB NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX audit_log_account ON audit_log (account, event, address);
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_is_not_deleted BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
