-- Which stretch of history the feed is in. Whoever puts the database back to an earlier state begins another.
CREATE TABLE epoch (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    id       BLOB    NOT NULL,
    began_at INTEGER NOT NULL
) STRICT;

INSERT INTO epoch (one, id, began_at) VALUES (1, randomblob(16), 0);
