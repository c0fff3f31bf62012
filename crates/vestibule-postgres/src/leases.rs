//! Leases.

use async_trait::async_trait;
use vestibule_core::{
    store::{Leases, StoreResult},
    time::Timestamp,
};

use crate::PostgresStore;

pub(crate) const TAKE: &str = "INSERT INTO leases (name, holder, \"until\") VALUES ($1, $2, $4) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, \"until\" = excluded.\"until\" \
     WHERE leases.holder = excluded.holder OR leases.\"until\" <= $3";

pub(crate) const RELEASE: &str = "DELETE FROM leases WHERE name = $1 AND holder = $2";

#[async_trait]
impl Leases for PostgresStore {
    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<bool> {
        let given = (name.to_owned(), holder.to_owned(), now, until);
        self.write(given, |(name, holder, now, until), connection| {
            Box::pin(async move {
                let take = sqlx::query(TAKE).bind(name).bind(holder);
                let take = take.bind(now.millis()).bind(until.millis());
                Ok(take.execute(connection).await?.rows_affected() == 1)
            })
        })
        .await
    }

    async fn release_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        self.write((name.to_owned(), holder.to_owned()), |(name, holder), connection| {
            Box::pin(async move {
                sqlx::query(RELEASE).bind(name).bind(holder).execute(connection).await?;
                Ok(())
            })
        })
        .await
    }
}
