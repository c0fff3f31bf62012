-- One-time tokens, by the SHA-256 of what stands in a link: of each purpose one for each user.
CREATE TABLE one_time (
    user_id    bigint NOT NULL,
    purpose    text   COLLATE "C" NOT NULL,
    hash       bytea  NOT NULL UNIQUE,
    email      text   NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint,
    PRIMARY KEY (user_id, purpose)
);

CREATE INDEX one_time_expiry ON one_time (expires_at);

-- Mails. `at` is when one that waits is tried next, and else when it was sent or given up. Who sends one
-- holds it until a moment. What was sent has no content any more.
CREATE TABLE mails (
    id           bytea   NOT NULL PRIMARY KEY,
    kind         text    NOT NULL,
    user_id      bigint,
    recipient    text    NOT NULL,
    sealed       bytea   NOT NULL,
    state        text    COLLATE "C" NOT NULL,
    tries        integer NOT NULL,
    last_error   text,
    created_at   bigint  NOT NULL,
    gives_up_at  bigint  NOT NULL,
    at           bigint  NOT NULL,
    holder       text    COLLATE "C",
    held_until   bigint  NOT NULL
);

CREATE INDEX mails_waiting ON mails (at, id) WHERE state = 'waiting';
CREATE INDEX mails_done ON mails (at) WHERE state <> 'waiting';
CREATE INDEX mails_created ON mails (created_at, id);
CREATE INDEX mails_user ON mails (user_id, created_at, id);

-- Accounts that were deleted and whose data is still there.
CREATE INDEX users_to_erase ON users (updated_at) WHERE status = 'deleted' AND email <> '';
CREATE INDEX feedback_user ON feedback (user_id) WHERE user_id IS NOT NULL;
