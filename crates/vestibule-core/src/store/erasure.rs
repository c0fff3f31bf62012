//! Deleted accounts, some time later.

use async_trait::async_trait;

use super::StoreResult;
use crate::{id::UserId, time::Timestamp};

/// Removes what is known of people whose accounts were deleted.
#[async_trait]
pub trait Erasure: Send + Sync + 'static {
    /// Removes the data of accounts that were deleted before `before` and have not come back, at most so many, the
    /// longest deleted first, and says of which.
    ///
    /// What stays is the row with its number and, for comparing alone, a keyed hash of the user name
    /// ([`crate::name::erased_key`]), so that it is not given out again. What goes are the name as it is shown, the address, which may then be used for another account,
    /// the password, the roles, the sessions and one-time tokens, and, in the same transaction, what tables beside
    /// those of this crate hold about them. Events that happened to the account or by it stay without the addresses
    /// and programs they were done from ([`Event::forget_origin`](crate::event::Event::forget_origin)). An account is
    /// done once.
    async fn erase_deleted(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Vec<UserId>>;
}
