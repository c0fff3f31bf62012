//! One-time tokens.

use async_trait::async_trait;

use super::{MemoryStore, Tables};
use crate::{
    id::UserId,
    one_time::{OneTime, Purpose, Standing, TokenHash},
    store::{OneTimeTokens, StoreResult},
    time::Timestamp,
};

#[async_trait]
impl OneTimeTokens for MemoryStore {
    async fn put_one_time(&self, token: &OneTime) -> StoreResult<()> {
        self.tables().one_time.insert((token.user, token.purpose), token.clone());
        Ok(())
    }

    async fn one_time(&self, hash: &TokenHash) -> StoreResult<Option<OneTime>> {
        Ok(self.tables().one_time.values().find(|token| token.hash == *hash).cloned())
    }

    async fn one_time_of(&self, user: UserId, purpose: Purpose) -> StoreResult<Option<OneTime>> {
        Ok(self.tables().one_time.get(&(user, purpose)).cloned())
    }

    async fn use_one_time(
        &self,
        hash: &TokenHash,
        purpose: Purpose,
        now: Timestamp,
    ) -> StoreResult<Option<OneTime>> {
        let mut tables = self.tables();
        Ok(tables.open_token(hash, purpose, now).map(|token| {
            token.used_at = Some(now);
            token.clone()
        }))
    }

    async fn drop_one_time(&self, user: UserId) -> StoreResult<()> {
        self.tables().one_time.retain(|(owner, _), _| *owner != user);
        Ok(())
    }

    async fn drop_all_one_time(&self) -> StoreResult<u64> {
        let mut tables = self.tables();
        let count = tables.one_time.len();
        tables.one_time.clear();
        Ok(count as u64)
    }

    async fn purge_one_time(&self, before: Timestamp) -> StoreResult<u64> {
        let mut tables = self.tables();
        let count = tables.one_time.len();
        tables.one_time.retain(|_, token| token.expires_at >= before);
        Ok((count - tables.one_time.len()) as u64)
    }
}

impl Tables {
    /// The token with this hash, while it can be used.
    pub(super) fn open_token(
        &mut self,
        hash: &TokenHash,
        purpose: Purpose,
        now: Timestamp,
    ) -> Option<&mut OneTime> {
        let is_open = |token: &&mut OneTime| {
            token.hash == *hash && token.purpose == purpose && token.standing(now) == Standing::Open
        };
        self.one_time.values_mut().find(is_open)
    }
}
