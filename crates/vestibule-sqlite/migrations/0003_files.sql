-- Files. What they hold lies elsewhere, in blobs.
CREATE TABLE files (
    id         BLOB    NOT NULL PRIMARY KEY,
    owner      INTEGER NOT NULL REFERENCES users (id),
    name       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    digest     BLOB    NOT NULL,
    version    INTEGER NOT NULL,
    changed_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX files_owner ON files (owner, created_at, id);

-- With the time of the file, which never changes, so that a list of shared files is a walk along an index.
CREATE TABLE shares (
    file_id    BLOB    NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    access     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (file_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX shares_user ON shares (user_id, created_at, file_id);

-- Files that come in several requests.
CREATE TABLE uploads (
    id         BLOB    NOT NULL PRIMARY KEY,
    owner      INTEGER NOT NULL REFERENCES users (id),
    name       TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    received   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
) STRICT;

CREATE INDEX uploads_owner ON uploads (owner);
CREATE INDEX uploads_touched ON uploads (touched_at);

-- Of a file or an upload, and beginning at this byte of it; or dropped: to be removed from where it lies.
CREATE TABLE blobs (
    key        BLOB    NOT NULL PRIMARY KEY,
    holder     BLOB,
    first_byte INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    digest     BLOB    NOT NULL,
    dropped_at INTEGER,
    CHECK ((holder IS NULL) = (dropped_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX blobs_holder ON blobs (holder, first_byte) WHERE holder IS NOT NULL;
CREATE INDEX blobs_dropped ON blobs (dropped_at) WHERE dropped_at IS NOT NULL;

-- What one person's files and uploads take together, so that a quota is one row.
CREATE TABLE usages (
    owner INTEGER PRIMARY KEY REFERENCES users (id),
    bytes INTEGER NOT NULL,
    files INTEGER NOT NULL
) STRICT;
