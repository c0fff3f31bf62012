-- Shares that wait to be accepted, by the name that was typed: whether somebody has that name is not told. With the time
-- of the file, as of a share.
CREATE TABLE offers (
    file_id    BLOB    NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    name_key   TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    access     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    made_at    INTEGER NOT NULL,
    PRIMARY KEY (file_id, name_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX offers_name ON offers (name_key, created_at, file_id);
