-- What happened, for those who run the site. Rows are never changed, and go by age.
CREATE TABLE events (
    sequence   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         bigint NOT NULL,
    name       text   NOT NULL,
    outcome    text   NOT NULL,
    actor      bigint,
    subject    bigint,
    session_id bytea,
    address    text,
    agent      text,
    request_id text,
    details    text   NOT NULL -- a JSON object, as a text: it is never looked into, and may hold what jsonb refuses
);

-- Every list is ordered by time, whatever it is narrowed to.
CREATE INDEX events_at ON events (at, sequence);
CREATE INDEX events_name ON events (name, at, sequence);
CREATE INDEX events_actor ON events (actor, at, sequence) WHERE actor IS NOT NULL;
CREATE INDEX events_subject ON events (subject, at, sequence) WHERE subject IS NOT NULL;
CREATE INDEX events_session ON events (session_id, at, sequence) WHERE session_id IS NOT NULL;
CREATE INDEX events_address ON events (address, at, sequence) WHERE address IS NOT NULL;

-- How much of it there was, so that a chart reads a few rows.
CREATE TABLE event_counts (
    day   bigint NOT NULL, -- since 1 January 1970, UTC
    name  text   COLLATE "C" NOT NULL,
    cause text   COLLATE "C" NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (day, name, cause)
);

CREATE TABLE feedback (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      bigint NOT NULL,
    user_id bigint,
    email   text,
    text    text   NOT NULL,
    address text   NOT NULL,
    agent   text   NOT NULL,
    done_at bigint
);

CREATE INDEX feedback_waiting ON feedback (id) WHERE done_at IS NULL;

-- The few accounts that an administrator looks for among many.
CREATE INDEX users_not_active ON users (status, id) WHERE status <> 'active';
CREATE INDEX users_with_roles ON users (id) WHERE roles <> '';
CREATE INDEX users_super ON users (id) WHERE is_super_user;
