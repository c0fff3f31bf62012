//! The feed between nodes and processes.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use vestibule_core::{
    feed::Epoch,
    id::EpochId,
    store::{Change, Changed, Feed, StoreResult},
    time::Timestamp,
};

use crate::{
    SqliteStore,
    rows::{self, kind, signed},
};

const LAST: &str = "SELECT COALESCE(MAX(sequence), 0) FROM changes";

pub(crate) const AFTER: &str = "SELECT sequence, at, kind, session_id, user_id, version FROM changes \
     WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";

const SINCE: &str = "SELECT sequence, at, kind, session_id, user_id, version FROM changes \
     WHERE at >= ?1 ORDER BY sequence";

const EPOCH: &str = "SELECT id, began_at FROM epoch WHERE one = 1";

const BEGIN_EPOCH: &str = "UPDATE epoch SET id = ?1, began_at = ?2 WHERE one = 1";

const APPEND: &str =
    "INSERT INTO changes (at, kind, session_id, user_id, version) VALUES (?1, ?2, ?3, ?4, ?5)";

/// Everything before the first change that stays: one behind it stays as well, because a clock that was set
/// back must not tear a gap into the feed.
const PURGE: &str = "DELETE FROM changes WHERE sequence < COALESCE( \
     (SELECT sequence FROM changes NOT INDEXED WHERE at >= ?1 ORDER BY sequence LIMIT 1), \
     (SELECT MAX(sequence) FROM changes))";

/// Appends a change inside the transaction that made it.
pub(crate) fn append(
    connection: &Connection,
    what: &Changed,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut append = connection.prepare_cached(APPEND)?;
    let at = now.millis();
    match what {
        Changed::SessionEnded(id) => append.execute(params![
            at,
            kind::SESSION_ENDED,
            id.as_bytes(),
            None::<i64>,
            None::<i64>
        ]),
        Changed::User { id, version } => {
            append.execute(params![at, kind::USER, None::<&[u8]>, id.0, signed(*version)])
        }
        Changed::Keys => {
            append.execute(params![at, kind::KEYS, None::<&[u8]>, None::<i64>, None::<i64>])
        }
    }
    .map(|_| ())
}

#[async_trait]
impl Feed for SqliteStore {
    async fn last_sequence(&self) -> StoreResult<u64> {
        self.read(|connection| {
            connection.prepare_cached(LAST)?.query_row([], |row| rows::unsigned(row, 0))
        })
        .await
    }

    async fn changes_after(&self, sequence: u64, limit: u32) -> StoreResult<Vec<Change>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(AFTER)?;
            statement.query_map(params![signed(sequence), limit], rows::change)?.collect()
        })
        .await
    }

    async fn changes_since(&self, since: Timestamp) -> StoreResult<Vec<Change>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(SINCE)?;
            statement.query_map([since.millis()], rows::change)?.collect()
        })
        .await
    }

    async fn epoch(&self) -> StoreResult<Epoch> {
        self.read(|connection| {
            connection.prepare_cached(EPOCH)?.query_row([], |row| {
                let id = EpochId::from_bytes(row.get(0)?);
                Ok(Epoch { id, began_at: Timestamp::from_millis(row.get(1)?) })
            })
        })
        .await
    }

    async fn begin_epoch(&self, epoch: Epoch) -> StoreResult<()> {
        self.write(move |connection| {
            let given = params![epoch.id.as_bytes(), epoch.began_at.millis()];
            connection.prepare_cached(BEGIN_EPOCH)?.execute(given).map(|_| ())
        })
        .await
    }

    async fn announce(&self, what: &Changed, now: Timestamp) -> StoreResult<()> {
        let what = *what;
        self.write(move |connection| append(connection, &what, now)).await
    }

    async fn purge_changes(&self, before: Timestamp) -> StoreResult<u64> {
        self.write(move |connection| {
            let removed = connection.prepare_cached(PURGE)?.execute([before.millis()])?;
            Ok(u64::try_from(removed).unwrap_or(u64::MAX))
        })
        .await
    }
}
