//! Many accounts at once.

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith};
use crate::{
    id::UserId,
    name::{EmailAddress, UserName},
    store::{Owners, StoreResult, UserBatches, UserStore as _},
    time::Timestamp,
    user::{NewUser, Taken},
};

#[async_trait]
impl<X: MemoryExtension> UserBatches for MemoryStoreWith<X> {
    async fn create_users(
        &self,
        new: &[NewUser],
        now: Timestamp,
    ) -> StoreResult<Vec<Result<UserId, Taken>>> {
        let mut outcomes = Vec::with_capacity(new.len());
        for new in new {
            outcomes.push(self.create_user(new, now).await?.map(|user| user.id));
        }
        Ok(outcomes)
    }

    async fn owners(&self, names: &[(UserName, EmailAddress)]) -> StoreResult<Vec<Owners>> {
        let tables = self.tables();
        let mut owners = Vec::with_capacity(names.len());
        for (username, email) in names {
            let by_name = tables.named(username);
            let by_email = tables.users.values().find(|row| row.email_key == email.key());
            owners.push(Owners {
                username: by_name.map(|row| row.user.id),
                email: by_email.map(|row| row.user.id),
            });
        }
        Ok(owners)
    }
}
