-- The office's working copy of the next version of a layer it writes: one a layer, changed by row or as a
-- whole. What is drafted from it stands on the chain.
CREATE TABLE policy_copy (
  owner TEXT PRIMARY KEY,                    -- national, a province's six digits, or a department's code
  stamp INTEGER NOT NULL,                    -- grows with each change; a form of an older one is refused
  base BLOB NOT NULL,                        -- the version in force that it was last compared with
  rows BLOB NOT NULL,                        -- canonical bytes of the rows, in order
  changed_by INTEGER REFERENCES staff (id),  -- none: the command line
  changed_at INTEGER NOT NULL
) STRICT;

-- Why a version was drafted, for the own department; the chain holds a salted digest of it.
CREATE TABLE policy_reason (
  digest BLOB PRIMARY KEY,
  owner TEXT NOT NULL,
  reason TEXT NOT NULL,
  salt BLOB NOT NULL,
  given_at INTEGER NOT NULL
) STRICT;
