//! The feed and the key ring.

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith, Tables};
use crate::{
    feed::Epoch,
    ring::StoredKey,
    store::{Change, Changed, Feed, KeyStore, StoreResult},
    time::Timestamp,
};

#[async_trait]
impl<X: MemoryExtension> KeyStore for MemoryStoreWith<X> {
    async fn key_ring(&self) -> StoreResult<(u64, Vec<StoredKey>)> {
        let tables = self.tables();
        Ok((tables.revision, tables.keys.clone()))
    }

    async fn replace_key_ring(
        &self,
        revision: u64,
        keys: &[StoredKey],
        now: Timestamp,
    ) -> StoreResult<bool> {
        let mut tables = self.tables();
        if tables.revision != revision {
            return Ok(false);
        }
        tables.replace_keys(keys.to_vec(), now);
        Ok(true)
    }
}

#[async_trait]
impl<X: MemoryExtension> Feed for MemoryStoreWith<X> {
    async fn last_sequence(&self) -> StoreResult<u64> {
        Ok(self.tables().last_sequence)
    }

    async fn changes_after(&self, sequence: u64, limit: u32) -> StoreResult<Vec<Change>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let tables = self.tables();
        let after = tables.changes.partition_point(|change| change.sequence <= sequence);
        Ok(tables.changes.iter().skip(after).take(limit).cloned().collect())
    }

    async fn changes_since(&self, since: Timestamp) -> StoreResult<Vec<Change>> {
        Ok(self.tables().changes.iter().filter(|change| change.at >= since).cloned().collect())
    }

    async fn epoch(&self) -> StoreResult<Epoch> {
        Ok(self.tables().epoch.0)
    }

    async fn begin_epoch(&self, epoch: Epoch) -> StoreResult<()> {
        self.tables().epoch.0 = epoch;
        Ok(())
    }

    async fn announce(&self, what: &Changed, now: Timestamp) -> StoreResult<()> {
        self.tables().append(*what, now);
        Ok(())
    }

    /// A change that lies behind one that stays, stays as well: a clock that was set back must not
    /// tear a gap into the feed.
    async fn purge_changes(&self, before: Timestamp) -> StoreResult<u64> {
        let mut tables = self.tables();
        let mut removed = 0;
        while tables.changes.len() > 1
            && tables.changes.front().is_some_and(|first| first.at < before)
        {
            tables.changes.pop_front();
            removed += 1;
        }
        Ok(removed)
    }
}

impl<X> Tables<X> {
    pub(super) fn replace_keys(&mut self, keys: Vec<StoredKey>, now: Timestamp) {
        self.revision += 1;
        self.keys = keys;
        self.append(Changed::Keys, now);
    }
}
