-- Times are milliseconds since the Unix epoch; names of states are those of vestibule-core. Keys are compared
-- by their bytes (COLLATE "C"), whatever the locale of the database: so do the other stores, and so does a
-- range of an index.

-- Numbers are never given out twice. Names are unique by their keys.
CREATE TABLE users (
    id                bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username          text    NOT NULL,
    username_key      text    COLLATE "C" NOT NULL,
    email             text    NOT NULL,
    email_key         text    COLLATE "C" NOT NULL,
    email_verified_at bigint,
    password_hash     text,
    status            text    NOT NULL,
    is_super_user     boolean NOT NULL,
    roles             text    NOT NULL,
    version           bigint  NOT NULL,
    created_at        bigint  NOT NULL,
    updated_at        bigint  NOT NULL,
    CONSTRAINT users_username_key UNIQUE (username_key),
    CONSTRAINT users_email_key UNIQUE (email_key)
);

CREATE INDEX users_active_super ON users (id) WHERE is_super_user AND status = 'active';

-- A renewal or a sighting changes no column that is in an index, and each page keeps room for a second version
-- of all of its rows, since sightings are written many at once: so they are updates within one page that touch
-- no index (HOT), and what they leave behind is cleaned up in passing, without a vacuum.
--
-- Therefore nothing is indexed by expiry, which every renewal moves. Purging walks the table by primary key
-- instead, a bounded step at a time: once a day that reads every row, which is cheap beside the writes of
-- every day that an index by expiry would cost. An index by the absolute end would be free of that, but would
-- find the sessions that lay idle only months later.
--
-- No foreign key to users: they may be in a table of the application's own.
CREATE TABLE sessions (
    id              bytea   NOT NULL PRIMARY KEY,
    user_id         bigint  NOT NULL,
    carrier         text    NOT NULL,
    remembered      boolean NOT NULL,
    generation      bigint  NOT NULL,
    seen_generation bigint  NOT NULL,
    created_at      bigint  NOT NULL,
    auth_time       bigint  NOT NULL,
    methods         text[]  NOT NULL,
    renewed_at      bigint  NOT NULL,
    handed_out_at   bigint  NOT NULL,
    expires_at      bigint  NOT NULL,
    ends_at         bigint  NOT NULL,
    last_seen_at    bigint  NOT NULL,
    address         text    NOT NULL,
    agent           text    NOT NULL,
    device          text,
    end_at          bigint,
    end_reason      text,
    CHECK ((end_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 50);

CREATE INDEX sessions_user ON sessions (user_id);

-- What became of presented refresh tokens, added up. A history goes with its session.
CREATE TABLE renewals (
    session_id bytea  NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    presented  bigint NOT NULL,
    outcome    text   COLLATE "C" NOT NULL,
    count      bigint NOT NULL,
    first_at   bigint NOT NULL,
    last_at    bigint NOT NULL,
    address    text   NOT NULL,
    agent      text   NOT NULL,
    PRIMARY KEY (session_id, presented, outcome)
) WITH (fillfactor = 90);

-- The ring is replaced whole, so a key's place in it is its number.
CREATE TABLE keys (
    place      bigint PRIMARY KEY,
    kid        text   COLLATE "C" NOT NULL UNIQUE,
    algorithm  text   NOT NULL,
    state      text   NOT NULL,
    sealed     bytea  NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL
);

CREATE TABLE ring (
    one      boolean PRIMARY KEY CHECK (one),
    revision bigint  NOT NULL
);

INSERT INTO ring (one, revision) VALUES (true, 0);

-- The feed and its counter. Whoever appends holds the counter's row until the end of the transaction: so the
-- order of the numbers is the order in which they become visible, and a transaction that is taken back gives
-- its numbers back. A sequence of the database does neither.
-- A kind of change has a session, a user and a version, or neither.
CREATE TABLE changes (
    sequence   bigint PRIMARY KEY,
    at         bigint NOT NULL,
    kind       text   NOT NULL,
    session_id bytea,
    user_id    bigint,
    version    bigint
);

CREATE INDEX changes_at ON changes (at);

CREATE TABLE feed (
    one      boolean PRIMARY KEY CHECK (one),
    sequence bigint  NOT NULL
) WITH (fillfactor = 10);

INSERT INTO feed (one, sequence) VALUES (true, 0);

-- Who does a certain piece of work, and until when nobody else does.
CREATE TABLE leases (
    name    text   COLLATE "C" NOT NULL PRIMARY KEY,
    holder  text   COLLATE "C" NOT NULL,
    "until" bigint NOT NULL
) WITH (fillfactor = 10);
