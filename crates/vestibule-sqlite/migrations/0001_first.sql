-- Times are milliseconds since the Unix epoch; names of states are those of vestibule-core.

-- Numbers are never given out twice, so AUTOINCREMENT. Names are unique by their keys.
CREATE TABLE users (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    username          TEXT    NOT NULL,
    username_key      TEXT    NOT NULL UNIQUE,
    email             TEXT    NOT NULL,
    email_key         TEXT    NOT NULL UNIQUE,
    email_verified_at INTEGER,
    password_hash     TEXT,
    status            TEXT    NOT NULL,
    is_super_user     INTEGER NOT NULL,
    roles             TEXT    NOT NULL,
    version           INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX users_active_super ON users (id) WHERE is_super_user = 1 AND status = 'active';

-- A table with row numbers, although its key is the random id: rows lie in the order of the sign-ins, so
-- that a group of renewals, which are mostly of recent sessions, changes few pages. By the random id every
-- one of them would change a page of its own.
-- No foreign key: the users may be in a table of the application's own.
CREATE TABLE sessions (
    id              BLOB    NOT NULL PRIMARY KEY,
    user_id         INTEGER NOT NULL,
    carrier         TEXT    NOT NULL,
    remembered      INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    seen_generation INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    auth_time       INTEGER NOT NULL,
    methods         TEXT    NOT NULL, -- a JSON array
    renewed_at      INTEGER NOT NULL,
    handed_out_at   INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    ends_at         INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    address         TEXT    NOT NULL,
    agent           TEXT    NOT NULL,
    device          TEXT,
    end_at          INTEGER,
    end_reason      TEXT,
    CHECK ((end_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_end ON sessions (end_at) WHERE end_at IS NOT NULL;

-- The ring is replaced whole, so a key's place in it is its number.
CREATE TABLE keys (
    place      INTEGER PRIMARY KEY,
    kid        TEXT    NOT NULL UNIQUE,
    algorithm  TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE ring (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL
) STRICT;

INSERT INTO ring (one, revision) VALUES (1, 0);

-- The feed. The counter of AUTOINCREMENT is a row like any other: a change that is rolled back gives its
-- number back, so there are no gaps. A kind has a session, a user and a version, or neither.
CREATE TABLE changes (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    session_id BLOB,
    user_id    INTEGER,
    version    INTEGER
) STRICT;

CREATE INDEX changes_at ON changes (at);
