-- Which stretch of history the feed is in. Whoever puts the database back to an earlier state begins another.
CREATE TABLE epoch (
    one      boolean PRIMARY KEY CHECK (one),
    id       bytea   NOT NULL,
    began_at bigint  NOT NULL
);

INSERT INTO epoch (one, id, began_at) VALUES (true, uuid_send(gen_random_uuid()), 0);
