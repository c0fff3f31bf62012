//! What a site keeps once.

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith};
use crate::store::{SiteValues, StoreResult};

#[async_trait]
impl<X: MemoryExtension> SiteValues for MemoryStoreWith<X> {
    async fn site_value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        Ok(self.tables().values.get(name).cloned())
    }

    async fn replace_site_value(
        &self,
        name: &str,
        from: Option<&[u8]>,
        to: &[u8],
    ) -> StoreResult<bool> {
        let mut tables = self.tables();
        if tables.values.get(name).map(Vec::as_slice) != from {
            return Ok(false);
        }
        tables.values.insert(name.to_owned(), to.to_vec());
        Ok(true)
    }
}
