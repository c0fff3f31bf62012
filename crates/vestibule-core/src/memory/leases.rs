//! Leases.

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith};
use crate::{
    store::{Leases, StoreResult},
    time::Timestamp,
};

#[derive(Clone)]
pub(super) struct Lease {
    holder: String,
    until: Timestamp,
}

#[async_trait]
impl<X: MemoryExtension> Leases for MemoryStoreWith<X> {
    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<bool> {
        let mut tables = self.tables();
        let is_held = |lease: &Lease| lease.holder != holder && now < lease.until;
        if tables.leases.get(name).is_some_and(is_held) {
            return Ok(false);
        }
        tables.leases.insert(name.to_owned(), Lease { holder: holder.to_owned(), until });
        Ok(true)
    }

    async fn release_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        let mut tables = self.tables();
        if tables.leases.get(name).is_some_and(|lease| lease.holder == holder) {
            tables.leases.remove(name);
        }
        Ok(())
    }
}
