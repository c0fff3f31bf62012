//! The shared key ring.

use async_trait::async_trait;
use sqlx::PgConnection;
use vestibule_core::{
    ring::StoredKey,
    store::{Changed, KeyStore, StoreResult},
    time::Timestamp,
};

use crate::{
    PostgresStore,
    error::DbError,
    feed,
    rows::{self, signed},
};

/// One statement, so that the revision and the keys are those of one moment. An empty ring is one row
/// without a key.
const RING: &str = "SELECT ring.revision, keys.kid, keys.algorithm, keys.state, keys.sealed, \
     keys.created_at, keys.changed_at FROM ring LEFT JOIN keys ON true WHERE ring.one \
     ORDER BY keys.place";

pub(crate) const RAISE: &str =
    "UPDATE ring SET revision = revision + 1 WHERE one AND revision = $1";

const CLEAR: &str = "DELETE FROM keys";

const ADD: &str = "INSERT INTO keys (place, kid, algorithm, state, sealed, created_at, changed_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

#[async_trait]
impl KeyStore for PostgresStore {
    async fn key_ring(&self) -> StoreResult<(u64, Vec<StoredKey>)> {
        self.read((), |(), connection| {
            Box::pin(async move {
                let found = sqlx::query(RING).fetch_all(connection).await?;
                let Some(first) = found.first() else {
                    return Err(sqlx::Error::RowNotFound.into());
                };
                let revision = rows::unsigned(first, 0)?;
                if rows::column::<Option<&str>>(first, 1)?.is_none() {
                    return Ok((revision, Vec::new()));
                }
                Ok((revision, rows::all(&found, rows::key)?))
            })
        })
        .await
    }

    async fn replace_key_ring(
        &self,
        revision: u64,
        keys: &[StoredKey],
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.transact((revision, keys.to_vec(), now), |(revision, keys, now), connection| {
            Box::pin(async move {
                let is_replaced = replace(connection, *revision, keys).await?;
                if is_replaced {
                    feed::append(connection, &Changed::Keys, *now).await?;
                }
                Ok(is_replaced)
            })
        })
        .await
    }
}

/// Replaces the ring; the feed is for the caller to append to, at the end of the transaction.
pub(crate) async fn replace(
    connection: &mut PgConnection,
    revision: u64,
    keys: &[StoredKey],
) -> Result<bool, DbError> {
    let raise = sqlx::query(RAISE).bind(signed(revision));
    if raise.execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(CLEAR).execute(&mut *connection).await?;
    for (place, key) in (1_i64..).zip(keys) {
        sqlx::query(ADD)
            .bind(place)
            .bind(&key.kid)
            .bind(key.algorithm.name())
            .bind(key.state.name())
            .bind(&key.sealed)
            .bind(key.created_at.millis())
            .bind(key.changed_at.millis())
            .execute(&mut *connection)
            .await?;
    }
    Ok(true)
}
