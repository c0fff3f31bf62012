-- Shares that wait to be accepted, by the name that was typed: whether somebody has that name is not told. With the time
-- of the file, as of a share.
CREATE TABLE offers (
    file_id    bytea  NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    name_key   text COLLATE "C" NOT NULL,
    name       text   NOT NULL,
    access     text   NOT NULL,
    created_at bigint NOT NULL,
    made_at    bigint NOT NULL,
    PRIMARY KEY (file_id, name_key)
);

CREATE INDEX offers_name ON offers (name_key, created_at, file_id);
