-- What became of presented refresh tokens, added up. A session's rows lie together, and go with it.
CREATE TABLE renewals (
    session_id BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    presented  INTEGER NOT NULL,
    outcome    TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    PRIMARY KEY (session_id, presented, outcome)
) STRICT, WITHOUT ROWID;

-- Who does a certain piece of work, and until when nobody else does.
CREATE TABLE leases (
    name   TEXT    NOT NULL PRIMARY KEY,
    holder TEXT    NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
