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
    /// the password, the roles, the sessions, one-time tokens and mails, the files, uploads and shares. What they
    /// wrote as feedback stays without who wrote it, and what happened to the account or by it
    /// ([`AuditTrail`](super::AuditTrail)) without the addresses and programs it was done from. An account is done
    /// once.
    async fn erase_deleted(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Vec<UserId>>;
}
