//! What a site keeps once.

use async_trait::async_trait;
use vestibule_core::store::{SiteValues, StoreResult};

use crate::{PostgresStore, rows};

const SELECT: &str = "SELECT value FROM site_values WHERE name = $1";

const ADD: &str = "INSERT INTO site_values (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

const REPLACE: &str = "UPDATE site_values SET value = $2 WHERE name = $1 AND value = $3";

#[async_trait]
impl SiteValues for PostgresStore {
    async fn site_value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.read(name.to_owned(), |name, connection| {
            Box::pin(async move {
                let found = sqlx::query(SELECT).bind(&**name).fetch_optional(connection).await?;
                found.map(|row| rows::column(&row, 0)).transpose()
            })
        })
        .await
    }

    async fn replace_site_value(
        &self,
        name: &str,
        from: Option<&[u8]>,
        to: &[u8],
    ) -> StoreResult<bool> {
        let given = (name.to_owned(), from.map(<[u8]>::to_vec), to.to_vec());
        self.write(given, |(name, from, to), connection| {
            Box::pin(async move {
                let statement = if from.is_some() { REPLACE } else { ADD };
                let mut change = sqlx::query(statement).bind(&**name).bind(&to[..]);
                if let Some(from) = from {
                    change = change.bind(&from[..]);
                }
                Ok(change.execute(connection).await?.rows_affected() == 1)
            })
        })
        .await
    }
}
