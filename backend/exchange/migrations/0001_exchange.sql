-- Columns marked "sealed" are SM4-GCM under the store key; tags are HMACs: nothing about a person,
-- a case or a key can be read here.

-- What this department asks.
CREATE TABLE enquiries (
    query            BLOB    PRIMARY KEY,
    form             BLOB    NOT NULL UNIQUE,   -- tag of account and form
    stamp            INTEGER NOT NULL DEFAULT 1,
    state            TEXT    NOT NULL,
    code             TEXT,                      -- reason of a final state
    waiting          TEXT,                      -- what it waits for now
    denied_by        INTEGER,                   -- 1 requester, 2 provider
    denied_class     INTEGER,
    denied_layer     INTEGER,
    denied_row       TEXT,
    grant_id         BLOB    NOT NULL,
    provider         TEXT    NOT NULL,
    entry            BLOB    NOT NULL,
    purpose          TEXT    NOT NULL,
    items            BLOB    NOT NULL,
    account          TEXT    NOT NULL,
    role             TEXT    NOT NULL,
    assurance        TEXT    NOT NULL,
    actor            BLOB    NOT NULL,
    case_tag         BLOB    NOT NULL,
    subject_tag      BLOB    NOT NULL,
    shown            BLOB    NOT NULL,          -- sealed: case number and masked person, for lists
    valid_until      INTEGER NOT NULL,
    drafted          INTEGER NOT NULL,
    asked            INTEGER,
    held             INTEGER,
    recorded         INTEGER,
    opened           INTEGER,
    closed           INTEGER,
    ticket           BLOB    NOT NULL,
    ticket_signature BLOB,
    details          BLOB,                      -- sealed
    secret           BLOB,                      -- sealed; without the person once it is over
    decision         BLOB,                      -- sealed: own decision and salt
    reply_key        BLOB,                      -- sealed
    envelope         BLOB,                      -- sealed to the provider
    answer           BLOB,                      -- header
    ciphertext       BLOB,                      -- sealed once more
    wrap             BLOB,                      -- sealed
    body             BLOB,                      -- sealed: what was opened
    mark             BLOB,                      -- sealed: own watermark and its salt
    outcome          INTEGER,                   -- for the delivery
    delivery         INTEGER REFERENCES deliveries (id)
) STRICT;
CREATE INDEX enquiries_by_time ON enquiries (drafted);
CREATE INDEX enquiries_by_state ON enquiries (state);
CREATE INDEX enquiries_by_grant ON enquiries (grant_id, drafted);
CREATE INDEX enquiries_by_account ON enquiries (account, drafted);
CREATE INDEX enquiries_by_case ON enquiries (case_tag);
CREATE INDEX enquiries_by_subject ON enquiries (subject_tag);
CREATE INDEX enquiries_to_deliver ON enquiries (delivery, outcome) WHERE outcome IS NOT NULL AND closed IS NULL;

-- Acknowledgements as signed, so that the same bytes are submitted again.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tx          BLOB    NOT NULL,
    valid_until INTEGER NOT NULL
) STRICT;

-- What this department answers.
CREATE TABLE answers (
    query          BLOB    PRIMARY KEY,
    state          TEXT    NOT NULL,
    code           TEXT,
    class          INTEGER,
    layer          INTEGER,
    policy_row     TEXT,
    requester      TEXT    NOT NULL,
    grant_id       BLOB    NOT NULL,
    entry          BLOB    NOT NULL,
    purpose        TEXT    NOT NULL,
    found          INTEGER,
    received       INTEGER NOT NULL,
    changed        INTEGER NOT NULL,
    valid_until    INTEGER NOT NULL,
    subject_tag    BLOB,                        -- under the key of the year
    prepared_times INTEGER NOT NULL,
    envelope       BLOB,                        -- sealed to this department; until recorded
    details        BLOB,                        -- sealed
    secret         BLOB,                        -- sealed; without the person
    decision       BLOB,                        -- sealed: decision and salt
    answer         BLOB,                        -- header
    ciphertext     BLOB,                        -- sealed once more
    seed           BLOB,                        -- sealed
    tx             BLOB,                        -- the record as signed
    reason         BLOB,                        -- the sealed reason of a denial, as sent
    hold           BLOB,                        -- hold and signature
    open           INTEGER NOT NULL             -- 1 while the record is still to be put on the chain
) STRICT;
CREATE INDEX answers_by_time ON answers (received);
CREATE INDEX answers_by_state ON answers (state);
CREATE INDEX answers_by_grant ON answers (grant_id, received);
CREATE INDEX answers_by_requester ON answers (requester, received);
CREATE INDEX answers_open ON answers (open) WHERE open = 1;

-- Calls that left no record: foreign noise, and denials above the minute's bound.
CREATE TABLE refused_calls (
    day        INTEGER NOT NULL,                -- days since 1970, UTC+8
    department TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    calls      INTEGER NOT NULL,
    PRIMARY KEY (day, department, code)
) STRICT;

-- Keys of tags, one a year: destroyed with that year's records.
CREATE TABLE tag_keys (
    year INTEGER PRIMARY KEY,
    key  BLOB    NOT NULL                       -- sealed
) STRICT;
