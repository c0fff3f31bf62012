//! Users.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::Serialize;

use crate::{
    id::UserId,
    name::{EmailAddress, RoleName, UserName},
    password::PasswordHash,
    session::UnknownName,
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
    /// Never again. The row stays, so that the name is not given out again.
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
    /// How often what tokens say of them has changed. A token with a lower one is stale.
    pub version: u64,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
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
    /// Another password.
    pub password_hash: Option<PasswordHash>,
    /// Another status.
    pub status: Option<UserStatus>,
    /// Whether they run the site.
    pub is_super_user: Option<bool>,
    /// All their roles from now on.
    pub roles: Option<BTreeSet<RoleName>>,
}

impl UserChange {
    /// Whether tokens already out would say something untrue after this change.
    #[must_use]
    pub const fn raises_version(&self) -> bool {
        self.username.is_some()
            || self.status.is_some()
            || self.is_super_user.is_some()
            || self.roles.is_some()
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
