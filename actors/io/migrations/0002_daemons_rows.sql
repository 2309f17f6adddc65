-- A daemon is its Ed25519 public key, 32 bytes, where a session has a UUID of 16. A check cannot be changed: the table is made anew.
CREATE TABLE rows_2 (
    account    BLOB    NOT NULL REFERENCES accounts (account),
    kind       TEXT    NOT NULL CHECK (kind IN ('session', 'daemon')),
    resource   BLOB    NOT NULL CHECK (length(resource) = CASE kind WHEN 'session' THEN 16 ELSE 32 END),
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

INSERT INTO rows_2 SELECT account, kind, resource, project, name, language, owner, generation, n, lineage, base FROM rows;
DROP TABLE rows;
ALTER TABLE rows_2 RENAME TO rows;
