-- Files. What they hold lies elsewhere, in blobs.
CREATE TABLE files (
    id         bytea  NOT NULL PRIMARY KEY,
    owner      bigint NOT NULL REFERENCES users (id),
    name       text   NOT NULL,
    kind       text   NOT NULL,
    size       bigint NOT NULL,
    digest     bytea  NOT NULL,
    version    bigint NOT NULL,
    changed_by bigint NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL
);

CREATE INDEX files_owner ON files (owner, created_at, id);

-- With the time of the file, which never changes, so that a list of shared files is a walk along an index.
CREATE TABLE shares (
    file_id    bytea  NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users (id),
    access     text   NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (file_id, user_id)
);

CREATE INDEX shares_user ON shares (user_id, created_at, file_id);

-- Files that come in several requests.
CREATE TABLE uploads (
    id         bytea  NOT NULL PRIMARY KEY,
    owner      bigint NOT NULL REFERENCES users (id),
    name       text   NOT NULL,
    size       bigint NOT NULL,
    received   bigint NOT NULL,
    created_at bigint NOT NULL,
    touched_at bigint NOT NULL
);

CREATE INDEX uploads_owner ON uploads (owner);
CREATE INDEX uploads_touched ON uploads (touched_at);

-- Of a file or an upload, and beginning at this byte of it; or dropped: to be removed from where it lies.
CREATE TABLE blobs (
    key        bytea  NOT NULL PRIMARY KEY,
    holder     bytea,
    first_byte bigint NOT NULL,
    size       bigint NOT NULL,
    digest     bytea  NOT NULL,
    dropped_at bigint,
    CHECK ((holder IS NULL) = (dropped_at IS NOT NULL))
);

CREATE UNIQUE INDEX blobs_holder ON blobs (holder, first_byte) WHERE holder IS NOT NULL;
CREATE INDEX blobs_dropped ON blobs (dropped_at) WHERE dropped_at IS NOT NULL;

-- What one person's files and uploads take together. Whoever adds to it holds its row, so that a quota is
-- checked against what others have added before.
CREATE TABLE usages (
    owner bigint PRIMARY KEY REFERENCES users (id),
    bytes bigint NOT NULL,
    files bigint NOT NULL
) WITH (fillfactor = 50);
