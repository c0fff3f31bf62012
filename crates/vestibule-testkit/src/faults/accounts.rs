//! One-time tokens, imports and erasure of a store that can be taken away.

use async_trait::async_trait;
use vestibule_core::{
    id::UserId,
    name::{EmailAddress, UserName},
    one_time::{OneTime, Purpose, TokenKey},
    store::{Erasure, OneTimeTokens, Owners, StoreResult, UserBatches},
    time::Timestamp,
    user::{NewUser, Taken},
};

use super::FailingStore;

delegate! {
    OneTimeTokens through up:
    fn put_one_time(token: &OneTime) -> ();
    fn one_time(key: &TokenKey) -> Option<OneTime>;
    fn one_time_of(user: UserId, purpose: Purpose) -> Option<OneTime>;
    fn use_one_time(key: &TokenKey, now: Timestamp) -> Option<OneTime>;
    fn drop_one_time(user: UserId) -> ();
    fn drop_all_one_time() -> u64;
    fn purge_one_time(before: Timestamp) -> u64;
}

delegate! {
    Erasure through up:
    fn erase_deleted(before: Timestamp, limit: u32, now: Timestamp) -> Vec<UserId>;
}

delegate! {
    UserBatches through up:
    fn create_users(new: &[NewUser], now: Timestamp) -> Vec<Result<UserId, Taken>>;
    fn owners(names: &[(UserName, EmailAddress)]) -> Vec<Owners>;
}
