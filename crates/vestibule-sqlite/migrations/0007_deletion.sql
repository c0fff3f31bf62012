-- When an account was deleted, and whether by its owner or by those who run the site. Of those deleted before
-- it is not known who did it; their owners were told that it is final.
ALTER TABLE users ADD COLUMN deleted_at INTEGER;
ALTER TABLE users ADD COLUMN deleted_by TEXT;

UPDATE users SET deleted_at = updated_at, deleted_by = 'site' WHERE status = 'deleted';

DROP INDEX users_to_erase;
CREATE INDEX users_to_erase ON users (deleted_at) WHERE status = 'deleted' AND email <> '';
