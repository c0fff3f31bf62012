-- One-time tokens, by the SHA-256 of what stands in a link: of each purpose one for each user.
CREATE TABLE one_time (
    user_id    INTEGER NOT NULL,
    purpose    TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE,
    email      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    PRIMARY KEY (user_id, purpose)
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_expiry ON one_time (expires_at);

-- Mails. `at` is when one that waits is tried next, and else when it was sent or given up. Who sends one
-- holds it until a moment. What was sent has no content any more.
CREATE TABLE mails (
    id           BLOB    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    user_id      INTEGER,
    recipient    TEXT    NOT NULL,
    sealed       BLOB    NOT NULL,
    state        TEXT    NOT NULL,
    tries        INTEGER NOT NULL,
    last_error   TEXT,
    created_at   INTEGER NOT NULL,
    gives_up_at  INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    holder       TEXT,
    held_until   INTEGER NOT NULL
) STRICT;

CREATE INDEX mails_waiting ON mails (at, id) WHERE state = 'waiting';
CREATE INDEX mails_done ON mails (at) WHERE state <> 'waiting';
CREATE INDEX mails_created ON mails (created_at, id);
CREATE INDEX mails_user ON mails (user_id, created_at, id);

-- Accounts that were deleted and whose data is still there.
CREATE INDEX users_to_erase ON users (updated_at) WHERE status = 'deleted' AND email <> '';
CREATE INDEX feedback_user ON feedback (user_id) WHERE user_id IS NOT NULL;
