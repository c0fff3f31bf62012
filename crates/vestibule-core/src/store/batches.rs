//! Many accounts at once.

use async_trait::async_trait;

use super::{StoreResult, UserStore};
use crate::{
    id::UserId,
    name::{EmailAddress, UserName},
    time::Timestamp,
    user::{NewUser, Taken},
};

/// Users by the hundred, as an import makes them. A call is one transaction: it is for 1000 of them at most.
#[async_trait]
pub trait UserBatches: UserStore {
    /// Makes each of the accounts as [`UserStore::create_user`] does, and says in their order what became of
    /// them. One that cannot be made is no obstacle to the others; of two with the same name, the first one
    /// is made.
    async fn create_users(
        &self,
        new: &[NewUser],
        now: Timestamp,
    ) -> StoreResult<Vec<Result<UserId, Taken>>>;

    /// Whose the names are, in their order.
    async fn owners(&self, names: &[(UserName, EmailAddress)]) -> StoreResult<Vec<Owners>>;
}

/// Whose a user name and an e-mail address are, also where the account was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// Whose the user name is.
    pub username: Option<UserId>,
    /// Whose the e-mail address is.
    pub email: Option<UserId>,
}
