//! Role names.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::NameError;

/// A role: 1 to [`RoleName::MAX_CHARS`] characters out of `a-z`, `0-9`, `_` and `-`.
///
/// There is one spelling of each, so a role needs no key beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

impl RoleName {
    /// The most characters of a role name.
    pub const MAX_CHARS: usize = 32;

    /// Reads a role name; white space around it is dropped.
    ///
    /// # Errors
    ///
    /// [`NameError::Empty`] or [`NameError::Role`].
    pub fn parse(typed: &str) -> Result<Self, NameError> {
        let name = typed.trim();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        let is_role = name.len() <= Self::MAX_CHARS
            && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if is_role { Ok(Self(name.to_owned())) } else { Err(NameError::Role) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoleName {
    type Err = NameError;

    fn from_str(typed: &str) -> Result<Self, NameError> {
        Self::parse(typed)
    }
}

impl TryFrom<String> for RoleName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        Self::parse(&name)
    }
}

impl From<RoleName> for String {
    fn from(role: RoleName) -> Self {
        role.0
    }
}
