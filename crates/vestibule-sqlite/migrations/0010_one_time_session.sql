-- The session that asked for a one-time token, where it works only for as long as that goes on. Of another address
-- that was asked for before, nobody knows by which: people ask again.
ALTER TABLE one_time ADD COLUMN session_id BLOB;

DELETE FROM one_time WHERE purpose = 'change_address';
