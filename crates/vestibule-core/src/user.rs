//! Users.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::Serialize;

use crate::{
    deletion::{Actor, Deletion, may_restore},
    id::UserId,
    locale::Locale,
    name::{EmailAddress, RoleName, UserName},
    one_time::Purpose,
    password::PasswordHash,
    session::{EndReason, UnknownName},
    time::Timestamp,
};

/// The most roles one user can have: with names of 32 characters they still fit into a cookie.
pub const MAX_ROLES: usize = 32;

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UserStatus {
    /// It may.
    Active,
    /// Not for now: an administrator may lift it.
    Suspended,
    /// No more. For a while that can be undone ([`crate::deletion`]); the row stays for good, so that the name is
    /// not given out again.
    Deleted,
}

impl UserStatus {
    /// Its name in answers, logs and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for UserStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for UserStatus {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        [Self::Active, Self::Suspended, Self::Deleted]
            .into_iter()
            .find(|status| status.name() == name)
            .ok_or(UnknownName)
    }
}

/// A user as the store keeps them, without the password's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The number in a token's `sub`.
    pub id: UserId,
    /// The user name as typed.
    pub username: String,
    /// The e-mail address as typed.
    pub email: String,
    /// When the address was shown to be theirs.
    pub email_verified_at: Option<Timestamp>,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// Whether they run the site.
    pub is_super_user: bool,
    /// What they may do, in the words of the application.
    pub roles: BTreeSet<RoleName>,
    /// The language that they chose; `None` leaves it to each browser.
    pub locale: Option<Locale>,
    /// How often what tokens say of them has changed. A token with a lower one is stale.
    pub version: u64,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When and by whom it was deleted, where its status says that it is.
    pub deletion: Option<Deletion>,
}

impl User {
    /// Whether what was known of them is gone ([`Erasure`](crate::store::Erasure)).
    #[must_use]
    pub const fn is_erased(&self) -> bool {
        self.email.is_empty()
    }

    /// What comes to mind at once of them, and so must not be in their password: the user name, and the part
    /// of the address in front of the `@`.
    #[must_use]
    pub fn guessable_words(&self) -> [&str; 2] {
        [&self.username, self.email.split('@').next().unwrap_or_default()]
    }
}

/// A user and what their password is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// `None` for an account without a password.
    pub password_hash: Option<PasswordHash>,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The user name.
    pub username: UserName,
    /// The e-mail address.
    pub email: EmailAddress,
    /// When the address was shown to be theirs.
    pub email_verified_at: Option<Timestamp>,
    /// The password's hash.
    pub password_hash: Option<PasswordHash>,
    /// Whether they run the site.
    pub is_super_user: bool,
    /// Their roles.
    pub roles: BTreeSet<RoleName>,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// When the account was made, where that is not now: elsewhere, before it came here.
    pub created_at: Option<Timestamp>,
    /// Their language, where it is known.
    pub locale: Option<Locale>,
}

impl NewUser {
    /// What is kept of the deletion of an account that is made as deleted: it is as if those who run the site
    /// deleted it at `now`.
    #[must_use]
    pub fn deletion(&self, now: Timestamp) -> Option<Deletion> {
        let is_deleted = self.status == UserStatus::Deleted;
        is_deleted.then_some(Deletion { at: now, by: Actor::Site })
    }
}

/// What is to change of an account; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Another user name.
    pub username: Option<UserName>,
    /// Another e-mail address, which is then not verified.
    pub email: Option<EmailAddress>,
    /// The address was shown to be theirs at this time.
    pub email_verified_at: Option<Timestamp>,
    /// Whether they keep the address that they have: another one that was asked for does not wait any more.
    pub keeps_email: bool,
    /// Whether their sessions end, whatever else changes.
    pub signs_out: bool,
    /// Another password.
    pub password_hash: Option<PasswordHash>,
    /// Whether that hash is a better one of the password that they have.
    pub keeps_password: bool,
    /// Only where this is the hash that it has: otherwise nothing changes, as if there were no such account.
    pub instead_of: Option<PasswordHash>,
    /// Another status.
    pub status: Option<UserStatus>,
    /// Whether they run the site.
    pub is_super_user: Option<bool>,
    /// All their roles from now on.
    pub roles: Option<BTreeSet<RoleName>>,
    /// Another language, or none.
    pub locale: Option<Option<Locale>>,
    /// Who wants it. An owner changes an account that is active, and takes back a deletion of their own.
    pub by: Actor,
    /// Whether [`NotChanged::LastSuperUser`] is refused, and [`NotChanged::Deleted`] for what those who run the
    /// site want: what somebody decides who looked at the account a while ago.
    pub guarded: bool,
}

impl UserChange {
    /// Whether tokens already out count as expired after this change: they would say something untrue, or somebody
    /// may have copied them while the password was another one.
    #[must_use]
    pub const fn raises_version(&self) -> bool {
        self.username.is_some()
            || self.status.is_some()
            || self.is_super_user.is_some()
            || self.roles.is_some()
            || self.is_other_password()
    }

    /// Whether the account has another password after it, and not only a better hash of the one that it has.
    #[must_use]
    pub const fn is_other_password(&self) -> bool {
        self.password_hash.is_some() && !self.keeps_password
    }

    /// Whether this makes a super user one no longer, or keeps them from signing in.
    #[must_use]
    pub const fn ends_super_user(&self) -> bool {
        matches!(self.is_super_user, Some(false))
            || matches!(self.status, Some(UserStatus::Suspended | UserStatus::Deleted))
    }

    /// Whether this is refused for an account as it is at `now`, where `others` says whether another active
    /// super user is there. A store asks inside the transaction that carries the change out. What was erased
    /// never comes back, and an owner keeps to what is theirs to do, guarded or not.
    ///
    /// # Errors
    /// `E` where `others` fails.
    pub fn refusal<E>(
        &self,
        user: &User,
        now: Timestamp,
        others: impl FnOnce() -> Result<bool, E>,
    ) -> Result<Option<NotChanged>, E> {
        if self.by == Actor::Owner
            && let Some(refusal) = self.refusal_of_owner(user, now)
        {
            return Ok(Some(refusal));
        }
        let is_watched = self.guarded || user.is_erased();
        if is_watched
            && user.status == UserStatus::Deleted
            && self.revives()
            && !self.restores(user, now)
        {
            return Ok(Some(NotChanged::Deleted));
        }
        if !self.guarded {
            return Ok(None);
        }
        let is_super_user = user.is_super_user && user.status == UserStatus::Active;
        if is_super_user && self.ends_super_user() && !others()? {
            return Ok(Some(NotChanged::LastSuperUser));
        }
        Ok(None)
    }

    /// Whether an account has to be looked at before it is changed like this.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.guarded || self.status.is_some() || self.revives() || self.by == Actor::Owner
    }

    /// Why sessions of the account end with this change: it may not be used any more, or has another password.
    #[must_use]
    pub fn ends_sessions(&self) -> Option<EndReason> {
        match self.status {
            Some(UserStatus::Suspended) => Some(EndReason::Suspended),
            Some(UserStatus::Deleted) => Some(EndReason::Deleted),
            Some(UserStatus::Active) | None => {
                let reason = self.is_other_password().then_some(EndReason::PasswordChanged);
                reason.or(self.signs_out.then_some(EndReason::EndedByUser))
            }
        }
    }

    /// What is kept of the deletion of an account after this change at `now`.
    #[must_use]
    pub fn deletion(&self, user: &User, now: Timestamp) -> Option<Deletion> {
        match self.status {
            None => user.deletion,
            Some(UserStatus::Active | UserStatus::Suspended) => None,
            Some(UserStatus::Deleted) => Some(Deletion::repeated(user.deletion, self.by, now)),
        }
    }

    /// Why this is not for the owner of an account to do.
    fn refusal_of_owner(&self, user: &User, now: Timestamp) -> Option<NotChanged> {
        match (user.status, self.status) {
            // Lifting what was decided about them, or nothing at all, by taking a deletion back.
            (UserStatus::Suspended, _) => Some(NotChanged::Suspended),
            (UserStatus::Active, Some(UserStatus::Active)) => Some(NotChanged::NotDeleted),
            (UserStatus::Deleted, Some(UserStatus::Active)) if self.restores(user, now) => None,
            (UserStatus::Active, _) | (UserStatus::Deleted, Some(UserStatus::Deleted)) => None,
            (UserStatus::Deleted, _) => Some(NotChanged::Deleted),
        }
    }

    /// Whether this undoes a deletion that can be undone.
    fn restores(&self, user: &User, now: Timestamp) -> bool {
        self.status == Some(UserStatus::Active) && may_restore(user, self.by, now).is_ok()
    }

    /// Whether this gives an account something to do.
    fn revives(&self) -> bool {
        matches!(self.status, Some(UserStatus::Active | UserStatus::Suspended))
            || self.is_super_user == Some(true)
            || self.roles.as_ref().is_some_and(|roles| !roles.is_empty())
            || self.password_hash.is_some()
    }

    /// The purposes of the one-time tokens that must not work any more after this change of an account whose
    /// address was compared as `email_key`. These are all where it has another password or another address, or
    /// comes back.
    #[must_use]
    pub fn voids_tokens(&self, email_key: &str) -> &'static [Purpose] {
        let is_all = self.is_other_password()
            || self.status == Some(UserStatus::Active)
            || self.email.as_ref().is_some_and(|email| email.key() != email_key);
        match (is_all, self.keeps_email) {
            (true, _) => &Purpose::ALL,
            (false, true) => &[Purpose::ChangeAddress],
            (false, false) => &[],
        }
    }
}

/// A unique name belongs to another account already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// The user name; also where its account was deleted.
    #[error("this user name is taken; choose another one")]
    Username,
    /// The e-mail address.
    #[error(
        "this e-mail address belongs to another account; sign in to that one, or use another address"
    )]
    Email,
}

/// Why an account was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// A unique name belongs to another account already.
    #[error(transparent)]
    Taken(#[from] Taken),
    /// Nobody would be left who can run the site.
    #[error("this is the last active super user; create another one first")]
    LastSuperUser,
    /// The account was deleted, and this is not what brings it back, or comes too late.
    #[error("this account is deleted; if it can still be restored, activate it first")]
    Deleted,
    /// Its owner wants it, and the account is suspended.
    #[error("this account is suspended; ask an administrator to activate it")]
    Suspended,
    /// Its owner takes back a deletion, and there is none.
    #[error("this account is not deleted; sign in to it")]
    NotDeleted,
}
