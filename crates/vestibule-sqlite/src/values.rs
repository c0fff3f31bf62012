//! What a site keeps once.

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};
use vestibule_core::store::{SiteValues, StoreResult};

use crate::SqliteStore;

pub(crate) const SELECT: &str = "SELECT value FROM site_values WHERE name = ?1";

const ADD: &str = "INSERT INTO site_values (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

const REPLACE: &str = "UPDATE site_values SET value = ?2 WHERE name = ?1 AND value = ?3";

#[async_trait]
impl SiteValues for SqliteStore {
    async fn site_value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        let name = name.to_owned();
        self.read(move |connection| {
            connection.prepare_cached(SELECT)?.query_row([name], |row| row.get(0)).optional()
        })
        .await
    }

    async fn replace_site_value(
        &self,
        name: &str,
        from: Option<&[u8]>,
        to: &[u8],
    ) -> StoreResult<bool> {
        let (name, from, to) = (name.to_owned(), from.map(<[u8]>::to_vec), to.to_vec());
        self.write(move |connection| {
            let changed = match &from {
                None => connection.prepare_cached(ADD)?.execute(params![name, to])?,
                Some(from) => {
                    connection.prepare_cached(REPLACE)?.execute(params![name, to, from])?
                }
            };
            Ok(changed == 1)
        })
        .await
    }
}
