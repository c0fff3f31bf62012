//! One-time tokens of a site.

use async_trait::async_trait;

use super::StoreResult;
use crate::{
    id::UserId,
    one_time::{OneTime, Purpose, TokenKey},
    time::Timestamp,
};

/// Keeps one-time tokens (see [`crate::one_time`]): of each purpose at most one for each user.
///
/// [`UserStore::change_user`](super::UserStore::change_user) of the same store removes those of a user in
/// its own transaction of which [`UserChange::voids_tokens`](crate::user::UserChange::voids_tokens) says so.
#[async_trait]
pub trait OneTimeTokens: Send + Sync + 'static {
    /// Keeps a token, in place of the one that its user had for the same purpose.
    async fn put_one_time(&self, token: &OneTime) -> StoreResult<()>;

    /// The token with this hash and purpose, whether it still works or not.
    async fn one_time(&self, key: &TokenKey) -> StoreResult<Option<OneTime>>;

    /// The token that a user has for a purpose, whether it still works or not.
    async fn one_time_of(&self, user: UserId, purpose: Purpose) -> StoreResult<Option<OneTime>>;

    /// Uses a token up: of all who try, one gets it, and only while it is [`TokenState::Open`] at `now`. The
    /// session that it may be bound to is read in the same transaction.
    ///
    /// [`TokenState::Open`]: crate::one_time::TokenState::Open
    async fn use_one_time(&self, key: &TokenKey, now: Timestamp) -> StoreResult<Option<OneTime>>;

    /// Removes all of a user's.
    async fn drop_one_time(&self, user: UserId) -> StoreResult<()>;

    /// Removes everybody's, and says how many.
    async fn drop_all_one_time(&self) -> StoreResult<u64>;

    /// Removes those that expired before `before`, and says how many.
    async fn purge_one_time(&self, before: Timestamp) -> StoreResult<u64>;
}
