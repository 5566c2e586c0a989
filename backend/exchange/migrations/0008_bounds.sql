-- How much one officer asks is counted from the queries themselves, so that a restart forgets nothing.
CREATE INDEX queries_under_way ON queries (account) WHERE state IN ('drafted', 'asked', 'held', 'recorded');
-- Those that used a unit of their grant, or may still do so.
CREATE INDEX queries_using ON queries (grant_id, account)
    WHERE outcome IS NOT NULL OR state IN ('drafted', 'asked', 'held', 'recorded', 'undelivered', 'rejected');

-- Bounds that officers came to: one row for each officer, bound and day, however often they try.
CREATE TABLE bounds_reached (
    day      INTEGER NOT NULL,                  -- days since 1970, UTC+8
    account  TEXT    NOT NULL,
    bound    TEXT    NOT NULL,
    grant_id BLOB    NOT NULL,                  -- the last time's
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    PRIMARY KEY (day, account, bound)
) STRICT;
