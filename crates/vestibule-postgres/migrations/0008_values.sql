-- What a site keeps once: a check of its secret, the identity of its files.
CREATE TABLE site_values (
    name  text  COLLATE "C" NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

-- Blobs that were found where contents lie and that no row names, since when.
CREATE TABLE strays (
    key       bytea  NOT NULL PRIMARY KEY,
    marked_at bigint NOT NULL
);
