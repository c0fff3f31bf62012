-- What a site keeps once: a check of its secret, the identity of its files.
CREATE TABLE site_values (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Blobs that were found where contents lie and that no row names, since when.
CREATE TABLE strays (
    key       BLOB    NOT NULL PRIMARY KEY,
    marked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
