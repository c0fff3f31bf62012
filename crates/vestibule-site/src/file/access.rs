//! Who may do what with a file.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use vestibule_core::id::UserId;

/// What somebody may do with a file. What is further down includes what is above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// See and read it.
    Read,
    /// Replace its content as well.
    Write,
    /// Share and delete it as well.
    Own,
}

impl Access {
    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Own => "owner",
        }
    }
}

/// For what a file is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShareAccess {
    /// For reading.
    Read,
    /// For reading and writing.
    Write,
}

impl ShareAccess {
    /// Its name in answers and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl fmt::Display for ShareAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ShareAccess {
    type Err = UnknownAccess;

    fn from_str(name: &str) -> Result<Self, UnknownAccess> {
        [Self::Read, Self::Write]
            .into_iter()
            .find(|access| access.name() == name)
            .ok_or(UnknownAccess)
    }
}

/// The word stands for no way to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a file can be shared for `read` or `write`")]
pub struct UnknownAccess;

/// What `caller` may do with a file of `owner` that is shared with them for `share`, if it is. `None`:
/// they may not even know that it is there.
#[must_use]
pub fn access(owner: UserId, caller: UserId, share: Option<ShareAccess>) -> Option<Access> {
    if owner == caller {
        return Some(Access::Own);
    }
    share.map(|share| match share {
        ShareAccess::Read => Access::Read,
        ShareAccess::Write => Access::Write,
    })
}

impl Access {
    /// Whether somebody with `access` may do what needs `self`.
    ///
    /// # Errors
    /// [`AccessRefused`], which tells those who may know of the file from all others.
    pub fn check(self, access: Option<Self>) -> Result<Self, AccessRefused> {
        match access {
            None => Err(AccessRefused::Unknown),
            Some(access) if access < self => Err(AccessRefused::TooLittle),
            Some(access) => Ok(access),
        }
    }
}

/// Somebody may not do this with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessRefused {
    /// It is not for them to know whether there is such a file.
    #[error("there is no such file")]
    Unknown,
    /// They may do less than this.
    #[error("your access to this shared file does not allow this; ask its owner")]
    TooLittle,
}
