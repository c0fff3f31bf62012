//! Passwords: how they are prepared, which ones are refused, and how they are hashed.
//!
//! - A password is an OpaqueString (RFC 8265 section 4.2): composed, other spaces made plain ones, and beyond
//!   that every character counts. Nothing is trimmed or cut, so two passwords that differ in the last of 1000
//!   characters are two passwords.
//! - The policy is that of NIST SP 800-63B-4 section 3.1.1.2: a minimum length, a block list of what is
//!   guessed first, no words that stand beside the field anyway, and no rules of composition.
//! - Hashes are Argon2id (RFC 9106) in PHC strings. A [`PasswordHasher`] owns its memory and reuses it for
//!   every hash, so memory under a flood of sign-ins is the number of hashers times their block.
//!
//! ```
//! use vestibule_core::password::{
//!     Password, PasswordHasher, PasswordParameters, PasswordPolicy, Verified,
//! };
//!
//! let password = Password::prepare("correct mongoose lamp orbit")?;
//! PasswordPolicy::default().check(&password, &["anna", "Vestibule"])?;
//!
//! // Real sites use `PasswordParameters::default()`, and a random salt for every hash.
//! let mut hasher = PasswordHasher::new("m=64,t=1,p=1".parse::<PasswordParameters>()?);
//! let hash = hasher.hash(&password, [7; 16])?;
//!
//! let attempt = Password::for_comparison("correct mongoose lamp orbit");
//! assert_eq!(hasher.verify(&attempt, &hash)?, Verified::Match { outdated: false });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod hash;
mod hasher;
mod parameters;
mod policy;

#[cfg(test)]
mod tests;

use std::fmt;

use precis_profiles::{OpaqueString, precis_core::profile::PrecisFastInvocation as _};
use zeroize::Zeroizing;

pub use hash::{HashError, PasswordHash};
pub use hasher::{PasswordHasher, Verified};
pub use parameters::{ParametersError, PasswordParameters};
pub use policy::PasswordPolicy;

/// A password, prepared for hashing. Wiped from memory when dropped; `Debug` shows nothing of it.
pub struct Password {
    text: Zeroizing<String>,
    /// Whether this could have been set: what could not, matches no hash.
    settable: bool,
}

impl Password {
    /// The most characters (code points, after composition) of a password.
    pub const MAX_CHARS: usize = 1024;

    /// [`Password::MAX_CHARS`] characters have fewer bytes than this in any normalisation form. It bounds the
    /// work on what is too long anyway.
    const MAX_TYPED_BYTES: usize = 16 * Password::MAX_CHARS;

    /// Prepares a password that is about to be set.
    ///
    /// # Errors
    ///
    /// [`PasswordProblem::Empty`], [`PasswordProblem::TooLong`] or [`PasswordProblem::NotText`]. The rest of the
    /// policy is [`PasswordPolicy::check`].
    pub fn prepare(typed: &str) -> Result<Self, PasswordProblem> {
        const TOO_LONG: PasswordProblem = PasswordProblem::TooLong { max: Password::MAX_CHARS };
        if typed.is_empty() {
            return Err(PasswordProblem::Empty);
        }
        if typed.len() > Self::MAX_TYPED_BYTES {
            return Err(TOO_LONG);
        }
        let text = OpaqueString::enforce(typed).map_err(|_| PasswordProblem::NotText)?;
        let password = Self { text: Zeroizing::new(text.into_owned()), settable: true };
        if password.char_count() > Self::MAX_CHARS {
            return Err(TOO_LONG);
        }
        Ok(password)
    }

    /// Prepares what was typed to prove a password. Never fails: what could not have been set becomes a
    /// password that matches no hash and costs as much to find that out.
    #[must_use]
    pub fn for_comparison(typed: &str) -> Self {
        Self::prepare(typed).unwrap_or_else(|_| Self {
            text: Zeroizing::new("a password that nobody has".to_owned()),
            settable: false,
        })
    }

    /// The number of characters (code points), as the policy counts them.
    #[must_use]
    pub fn char_count(&self) -> usize {
        self.text.chars().count()
    }

    fn as_str(&self) -> &str {
        &self.text
    }

    fn is_settable(&self) -> bool {
        self.settable
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Why a password cannot be set. Each message is made to be shown beside the form field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordProblem {
    /// Nothing was typed.
    #[error("Enter a password.")]
    Empty,
    /// Fewer characters than the policy wants.
    #[error(
        "The password is too short: use at least {min} characters. Several words make a good one."
    )]
    TooShort {
        /// The fewest characters.
        min: usize,
    },
    /// More characters than are accepted.
    #[error("The password is too long: use at most {max} characters.")]
    TooLong {
        /// The most characters.
        max: usize,
    },
    /// RFC 8265 does not allow one of the characters.
    #[error(
        "The password has a character that not every keyboard and device types the same way, such as a tab, \
         an invisible character or a composed emoji: leave it out."
    )]
    NotText,
    /// Among what is guessed first.
    #[error(
        "This password is easy to guess, like common words, repetitions and rows of keys: use several words \
         that have nothing to do with each other."
    )]
    Common,
    /// Contains a word that others know to belong to this account or site.
    #[error("The password contains “{word}”, which is easy to guess here: leave it out.")]
    HoldsContext {
        /// The word, as it was given.
        word: String,
    },
}
