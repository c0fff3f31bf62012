//! Tables that are kept beside those of this crate.

use std::collections::{BTreeMap, HashMap};

use super::{MemoryStoreWith, users::Row};
use crate::{
    event::Event,
    id::{SessionId, UserId},
    session::Session,
    store::{Extension, Obstacle, StoreError, StoreResult, UnknownExtension},
    time::Timestamp,
    user::User,
};

/// Tables beside those of this crate, which change in one transaction with them.
///
/// `()` are none: a commit with a change, an event or a row for them is refused.
pub trait MemoryExtension: Clone + Default + Send + 'static {
    /// Carries out [`Commit::extension`](crate::store::Commit::extension), and says what was done. After an
    /// obstacle or an error it is as it was.
    ///
    /// # Errors
    /// [`UnknownExtension`] for a type that it does not know.
    fn change(
        &mut self,
        change: &Extension,
        now: Timestamp,
    ) -> StoreResult<Result<Option<Extension>, Obstacle>>;

    /// Keeps what follows from a commit, all of it or nothing.
    ///
    /// # Errors
    /// [`UnknownExtension`] for a type that it does not know.
    fn keep(&mut self, events: &[Event], rows: &[Extension]) -> StoreResult<()>;

    /// Forgets a user whose account is erased, and who had this name, as it is compared.
    fn erase(&mut self, user: UserId, name: &str, now: Timestamp);
}

impl MemoryExtension for () {
    fn change(
        &mut self,
        _: &Extension,
        _: Timestamp,
    ) -> StoreResult<Result<Option<Extension>, Obstacle>> {
        Err(StoreError::unreadable(UnknownExtension))
    }

    fn keep(&mut self, events: &[Event], rows: &[Extension]) -> StoreResult<()> {
        if events.is_empty() && rows.is_empty() {
            Ok(())
        } else {
            Err(StoreError::unreadable(UnknownExtension))
        }
    }

    fn erase(&mut self, _: UserId, _: &str, _: Timestamp) {}
}

impl<X: MemoryExtension> MemoryStoreWith<X> {
    /// Works on the tables of the extension, beside the accounts and sessions as they are at that moment. Nobody
    /// else works on the store meanwhile.
    pub fn with_extension<T>(&self, work: impl FnOnce(&mut X, &Accounts<'_>) -> T) -> T {
        let mut tables = self.tables();
        let tables = &mut *tables;
        work(&mut tables.extension, &Accounts { users: &tables.users, sessions: &tables.sessions })
    }
}

/// The accounts and sessions of a store.
#[derive(Clone, Copy)]
pub struct Accounts<'a> {
    users: &'a BTreeMap<UserId, Row>,
    sessions: &'a HashMap<SessionId, Session>,
}

impl<'a> Accounts<'a> {
    /// The user, also if they are suspended or deleted.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&'a User> {
        self.users.get(&id).map(|row| &row.user)
    }

    /// The name of a user, as it is compared.
    #[must_use]
    pub fn name_key(&self, id: UserId) -> Option<&'a str> {
        self.users.get(&id).map(|row| row.username_key.as_str())
    }

    /// The user with this name, as it is compared.
    #[must_use]
    pub fn named(&self, name_key: &str) -> Option<UserId> {
        self.users.values().find(|row| row.username_key == name_key).map(|row| row.user.id)
    }

    /// All users.
    pub fn users(&self) -> impl Iterator<Item = &'a User> + use<'a> {
        self.users.values().map(|row| &row.user)
    }

    /// All sessions.
    pub fn sessions(&self) -> impl Iterator<Item = &'a Session> + use<'a> {
        self.sessions.values()
    }
}

impl std::fmt::Debug for Accounts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}
