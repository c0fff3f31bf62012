//! One-time tokens.

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith, Tables};
use crate::{
    id::UserId,
    one_time::{OneTime, Purpose, TokenKey, TokenState},
    store::{OneTimeTokens, StoreResult},
    time::Timestamp,
};

#[async_trait]
impl<X: MemoryExtension> OneTimeTokens for MemoryStoreWith<X> {
    async fn put_one_time(&self, token: &OneTime) -> StoreResult<()> {
        self.tables().one_time.insert((token.user, token.purpose), token.clone());
        Ok(())
    }

    async fn one_time(&self, key: &TokenKey) -> StoreResult<Option<OneTime>> {
        Ok(self.tables().one_time.values().find(|token| token.key() == *key).cloned())
    }

    async fn one_time_of(&self, user: UserId, purpose: Purpose) -> StoreResult<Option<OneTime>> {
        Ok(self.tables().one_time.get(&(user, purpose)).cloned())
    }

    async fn use_one_time(&self, key: &TokenKey, now: Timestamp) -> StoreResult<Option<OneTime>> {
        let mut tables = self.tables();
        Ok(tables.open_token(key, now).map(|token| {
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

impl<X> Tables<X> {
    /// The token of this key, while it can be used.
    pub(super) fn open_token(&mut self, key: &TokenKey, now: Timestamp) -> Option<&mut OneTime> {
        let Self { one_time, sessions, .. } = self;
        one_time.values_mut().find(|token| {
            let session = token.session.and_then(|session| sessions.get(&session));
            token.key() == *key && token.standing(session, now) == TokenState::Open
        })
    }
}
