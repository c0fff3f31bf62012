//! Leases.

use async_trait::async_trait;
use rusqlite::params;
use vestibule_core::{
    store::{Leases, StoreResult},
    time::Timestamp,
};

use crate::SqliteStore;

pub(crate) const TAKE: &str = "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?4) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
     WHERE leases.holder = excluded.holder OR leases.until <= ?3";

pub(crate) const RELEASE: &str = "DELETE FROM leases WHERE name = ?1 AND holder = ?2";

#[async_trait]
impl Leases for SqliteStore {
    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |connection| {
            let lease = params![name, holder, now.millis(), until.millis()];
            Ok(connection.prepare_cached(TAKE)?.execute(lease)? == 1)
        })
        .await
    }

    async fn release_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |connection| {
            connection.prepare_cached(RELEASE)?.execute(params![name, holder]).map(|_| ())
        })
        .await
    }
}
