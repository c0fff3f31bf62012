//! The feed between nodes.
//!
//! Whoever appends raises the counter, and holds its row until the end of the transaction. So numbers have no
//! gaps, and none becomes visible before a lower one: a node that has read up to a number has read
//! everything. It also means that of all *endings* of a site one commits at a time, which is why the
//! counter is raised by the last statement before the commit. Renewals and sightings append nothing and
//! wait for nobody.
//!
//! Kept out:
//! - a sequence of the database: its numbers are given out before the commit, so they become visible out of
//!   order, and those of a transaction that is taken back are gaps that look the same;
//! - NOTIFY in these transactions: a transaction that has notified takes a lock of the whole server to commit,
//!   which would hold the counter's row for as long as everybody else's notifications take;
//! - advisory locks: the row is locked by the same statement that needs it, and released with it.

use async_trait::async_trait;
use sqlx::PgConnection;
use vestibule_core::{
    feed::Epoch,
    id::{EpochId, SessionId},
    store::{Change, Changed, Feed, StoreResult},
    time::Timestamp,
};

use crate::{
    PostgresStore,
    error::DbError,
    rows::{self, kind, signed},
};

pub(crate) const LAST: &str = "SELECT sequence FROM feed WHERE one";

pub(crate) const AFTER: &str = "SELECT sequence, at, kind, session_id, user_id, version FROM changes \
     WHERE sequence > $1 ORDER BY sequence LIMIT $2";

pub(crate) const SINCE: &str = "SELECT sequence, at, kind, session_id, user_id, version FROM changes \
     WHERE at >= $1 ORDER BY sequence";

const EPOCH: &str = "SELECT id, began_at FROM epoch WHERE one";

const BEGIN_EPOCH: &str = "UPDATE epoch SET id = $1, began_at = $2 WHERE one";

/// One entry for each of the sessions, of which there is one that is none where it is about something else.
pub(crate) const APPEND: &str = "WITH place AS \
     (UPDATE feed SET sequence = sequence + cardinality($5::bytea[]) WHERE one RETURNING sequence) \
     INSERT INTO changes (sequence, at, kind, user_id, version, session_id) \
     SELECT place.sequence - cardinality($5::bytea[]) + entry.number, $1, $2, $3, $4, entry.session_id \
     FROM place, unnest($5::bytea[]) WITH ORDINALITY AS entry (session_id, number)";

/// Everything before the first change that stays: one behind it stays as well, because a clock that was set
/// back must not tear a gap into the feed.
const PURGE: &str = "DELETE FROM changes WHERE sequence < COALESCE( \
     (SELECT sequence FROM changes WHERE at >= $1 ORDER BY sequence LIMIT 1), \
     (SELECT MAX(sequence) FROM changes))";

/// Appends a change inside the transaction that made it, as its last statement.
pub(crate) async fn append(
    connection: &mut PgConnection,
    what: &Changed,
    now: Timestamp,
) -> Result<(), DbError> {
    match what {
        Changed::SessionEnded(id) => {
            let session = Some(&id.as_bytes()[..]);
            append_entries(connection, now, kind::SESSION_ENDED, None, &[session]).await
        }
        Changed::User { id, version } => {
            let user = Some((id.0, signed(*version)));
            append_entries(connection, now, kind::USER, user, &[None]).await
        }
        Changed::Keys => append_entries(connection, now, kind::KEYS, None, &[None]).await,
    }
}

/// The same for many sessions at once.
pub(crate) async fn append_ended(
    connection: &mut PgConnection,
    sessions: &[SessionId],
    now: Timestamp,
) -> Result<(), DbError> {
    let sessions: Vec<_> = sessions.iter().map(|id| Some(&id.as_bytes()[..])).collect();
    append_entries(connection, now, kind::SESSION_ENDED, None, &sessions).await
}

async fn append_entries(
    connection: &mut PgConnection,
    now: Timestamp,
    kind: &str,
    user: Option<(i64, i64)>,
    sessions: &[Option<&[u8]>],
) -> Result<(), DbError> {
    sqlx::query(APPEND)
        .bind(now.millis())
        .bind(kind)
        .bind(user.map(|(id, _)| id))
        .bind(user.map(|(_, version)| version))
        .bind(sessions)
        .execute(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl Feed for PostgresStore {
    async fn last_sequence(&self) -> StoreResult<u64> {
        self.read((), |(), connection| {
            Box::pin(
                async move { rows::unsigned(&sqlx::query(LAST).fetch_one(connection).await?, 0) },
            )
        })
        .await
    }

    async fn changes_after(&self, sequence: u64, limit: u32) -> StoreResult<Vec<Change>> {
        self.read((sequence, limit), |(sequence, limit), connection| {
            Box::pin(async move {
                let after = sqlx::query(AFTER).bind(signed(*sequence)).bind(i64::from(*limit));
                rows::all(&after.fetch_all(connection).await?, rows::change)
            })
        })
        .await
    }

    async fn changes_since(&self, since: Timestamp) -> StoreResult<Vec<Change>> {
        self.read(since, |since, connection| {
            Box::pin(async move {
                let since = sqlx::query(SINCE).bind(since.millis());
                rows::all(&since.fetch_all(connection).await?, rows::change)
            })
        })
        .await
    }

    async fn epoch(&self) -> StoreResult<Epoch> {
        self.read((), |(), connection| {
            Box::pin(async move {
                let row = sqlx::query(EPOCH).fetch_one(connection).await?;
                let id = rows::bytes(&row, 0).map(EpochId::from_bytes)?;
                Ok(Epoch { id, began_at: rows::time(&row, 1)? })
            })
        })
        .await
    }

    async fn begin_epoch(&self, epoch: Epoch) -> StoreResult<()> {
        self.write(epoch, |epoch, connection| {
            Box::pin(async move {
                let begin = sqlx::query(BEGIN_EPOCH).bind(&epoch.id.as_bytes()[..]);
                begin.bind(epoch.began_at.millis()).execute(connection).await?;
                Ok(())
            })
        })
        .await
    }

    async fn announce(&self, what: &Changed, now: Timestamp) -> StoreResult<()> {
        // One statement, which is a transaction by itself.
        self.write((*what, now), |(what, now), connection| Box::pin(append(connection, what, *now)))
            .await
    }

    async fn purge_changes(&self, before: Timestamp) -> StoreResult<u64> {
        self.write(before, |before, connection| {
            Box::pin(async move {
                let purge = sqlx::query(PURGE).bind(before.millis());
                Ok(purge.execute(connection).await?.rows_affected())
            })
        })
        .await
    }
}
