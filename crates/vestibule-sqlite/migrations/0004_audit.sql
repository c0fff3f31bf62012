-- What happened, for those who run the site. Rows are never changed, and go by age.
CREATE TABLE events (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    actor      INTEGER,
    subject    INTEGER,
    session_id BLOB,
    address    TEXT,
    agent      TEXT,
    request_id TEXT,
    details    TEXT    NOT NULL -- a JSON object
) STRICT;

-- Every list is ordered by time, whatever it is narrowed to.
CREATE INDEX events_at ON events (at);
CREATE INDEX events_name ON events (name, at);
CREATE INDEX events_actor ON events (actor, at) WHERE actor IS NOT NULL;
CREATE INDEX events_subject ON events (subject, at) WHERE subject IS NOT NULL;
CREATE INDEX events_session ON events (session_id, at) WHERE session_id IS NOT NULL;
CREATE INDEX events_address ON events (address, at) WHERE address IS NOT NULL;

-- How much of it there was, so that a chart reads a few rows.
CREATE TABLE event_counts (
    day   INTEGER NOT NULL, -- since 1 January 1970, UTC
    name  TEXT    NOT NULL,
    cause TEXT    NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, name, cause)
) STRICT, WITHOUT ROWID;

CREATE TABLE feedback (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    user_id INTEGER,
    email   TEXT,
    text    TEXT    NOT NULL,
    address TEXT    NOT NULL,
    agent   TEXT    NOT NULL,
    done_at INTEGER
) STRICT;

CREATE INDEX feedback_waiting ON feedback (id) WHERE done_at IS NULL;

-- The few accounts that an administrator looks for among many.
CREATE INDEX users_not_active ON users (status, id) WHERE status <> 'active';
CREATE INDEX users_with_roles ON users (id) WHERE roles <> '';
CREATE INDEX users_super ON users (id) WHERE is_super_user = 1;
