//! Many accounts at once, of a store that can be taken away.

use async_trait::async_trait;
use vestibule_core::{
    id::UserId,
    name::{EmailAddress, UserName},
    store::{Owners, StoreResult, UserBatches},
    time::Timestamp,
    user::{NewUser, Taken},
};

use super::FailingStore;

#[async_trait]
impl<S: UserBatches> UserBatches for FailingStore<S> {
    async fn create_users(
        &self,
        new: &[NewUser],
        now: Timestamp,
    ) -> StoreResult<Vec<Result<UserId, Taken>>> {
        self.up()?.create_users(new, now).await
    }

    async fn owners(&self, names: &[(UserName, EmailAddress)]) -> StoreResult<Vec<Owners>> {
        self.up()?.owners(names).await
    }
}
