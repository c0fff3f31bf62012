-- A change of the password replaces the tokens of the session that made it.
ALTER TABLE sessions ADD COLUMN oldest_generation bigint NOT NULL DEFAULT 0;
