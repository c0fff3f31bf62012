//! The shared key ring.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use vestibule_core::{
    ring::StoredKey,
    store::{Changed, KeyStore, StoreResult},
    time::Timestamp,
};

use crate::{
    SqliteStore, feed,
    rows::{self, signed},
};

const REVISION: &str = "SELECT revision FROM ring WHERE one = 1";

const KEYS: &str =
    "SELECT kid, algorithm, state, sealed, created_at, changed_at FROM keys ORDER BY place";

const RAISE: &str = "UPDATE ring SET revision = revision + 1 WHERE one = 1 AND revision = ?1";

const CLEAR: &str = "DELETE FROM keys";

const ADD: &str = "INSERT INTO keys (kid, algorithm, state, sealed, created_at, changed_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

#[async_trait]
impl KeyStore for SqliteStore {
    async fn key_ring(&self) -> StoreResult<(u64, Vec<StoredKey>)> {
        self.read(|connection| {
            // Both statements have to see the same ring.
            let snapshot = connection.unchecked_transaction()?;
            let revision =
                snapshot.prepare_cached(REVISION)?.query_row([], |row| rows::unsigned(row, 0))?;
            let keys = snapshot
                .prepare_cached(KEYS)?
                .query_map([], rows::key)?
                .collect::<Result<_, _>>()?;
            Ok((revision, keys))
        })
        .await
    }

    async fn replace_key_ring(
        &self,
        revision: u64,
        keys: &[StoredKey],
        now: Timestamp,
    ) -> StoreResult<bool> {
        let keys = keys.to_vec();
        self.write(move |connection| replace(connection, revision, &keys, now)).await
    }
}

pub(crate) fn replace(
    connection: &Connection,
    revision: u64,
    keys: &[StoredKey],
    now: Timestamp,
) -> rusqlite::Result<bool> {
    if connection.prepare_cached(RAISE)?.execute([signed(revision)])? == 0 {
        return Ok(false);
    }
    connection.prepare_cached(CLEAR)?.execute([])?;
    let mut add = connection.prepare_cached(ADD)?;
    for key in keys {
        add.execute(params![
            key.kid,
            key.algorithm.name(),
            key.state.name(),
            key.sealed,
            key.created_at.millis(),
            key.changed_at.millis(),
        ])?;
    }
    feed::append(connection, &Changed::Keys, now)?;
    Ok(true)
}
