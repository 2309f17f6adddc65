-- One row: what the store is.
CREATE TABLE store (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    -- Raised by a restore from backup.
    generation      INTEGER NOT NULL CHECK (generation >= 1),
    default_account BLOB    NOT NULL REFERENCES accounts (account)
) STRICT;

CREATE TABLE accounts (
    account    BLOB    NOT NULL PRIMARY KEY CHECK (length(account) = 16),
    -- Milliseconds since the Unix epoch, like every time here.
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    device        BLOB    NOT NULL PRIMARY KEY CHECK (length(device) = 32),
    account       BLOB    NOT NULL REFERENCES accounts (account),
    public_key    BLOB    NOT NULL CHECK (length(public_key) = 32),
    name          TEXT    NOT NULL,
    os            TEXT    NOT NULL,
    -- Capabilities as JSON; null for a client.
    node          TEXT,
    registered_at INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX devices_of_account ON devices (account, device);

-- Who owns what. Changed by compare-and-set of the epoch only.
CREATE TABLE rows (
    account    BLOB    NOT NULL REFERENCES accounts (account),
    -- 'session'
    kind       TEXT    NOT NULL,
    resource   BLOB    NOT NULL CHECK (length(resource) = 16),
    project    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    owner      BLOB    NOT NULL CHECK (length(owner) = 32),
    generation INTEGER NOT NULL,
    n          INTEGER NOT NULL,
    lineage    INTEGER NOT NULL,
    -- A head as JSON; null unless the owner started from a snapshot.
    base       TEXT,
    PRIMARY KEY (account, kind, resource),
    UNIQUE (account, project, name, language)
) STRICT, WITHOUT ROWID;
