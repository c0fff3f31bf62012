-- When an account was deleted, and whether by its owner or by those who run the site. Of those deleted before
-- it is not known who did it; their owners were told that it is final.
ALTER TABLE users ADD COLUMN deleted_at bigint;
ALTER TABLE users ADD COLUMN deleted_by text;

UPDATE users SET deleted_at = updated_at, deleted_by = 'site' WHERE status = 'deleted';

DROP INDEX users_to_erase;
CREATE INDEX users_to_erase ON users (deleted_at) WHERE status = 'deleted' AND email <> '';

-- What one person sent is listed page by page.
DROP INDEX feedback_user;
CREATE INDEX feedback_user ON feedback (user_id, id) WHERE user_id IS NOT NULL;
