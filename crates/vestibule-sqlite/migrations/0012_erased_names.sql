-- The key of the hashes that stand for the names of erased accounts.
CREATE TABLE name_secret (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    secret BLOB    NOT NULL
) STRICT;

INSERT INTO name_secret (one, secret) VALUES (1, randomblob(32));
