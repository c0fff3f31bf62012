-- The key of the hashes that stand for the names of erased accounts.
CREATE TABLE name_secret (
    one    boolean PRIMARY KEY CHECK (one),
    secret bytea   NOT NULL
);

INSERT INTO name_secret (one, secret)
VALUES (true, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- Accounts that were erased before still have their names.
UPDATE users SET username_key =
    'erased ' || encode(sha256((SELECT secret FROM name_secret) || convert_to(username_key, 'UTF8')), 'hex')
WHERE status = 'deleted' AND email = '';
