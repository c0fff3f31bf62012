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
//! # Other systems
//!
//! Hashes that other systems made verify as well, within the bounds of [`HashScheme`], and are then
//! [`outdated`](Verified::Match::outdated): the caller stores a new one. What is tried is the password as it
//! would be set here and, where that is different, as it was typed, because those systems hash what they get.
//!
//! | of | form |
//! |---|---|
//! | werkzeug | `scrypt:N:r:p$salt$hex`, `pbkdf2:sha256:iterations$salt$hex` (also `sha1`, `sha384`, `sha512`) |
//! | Django | `pbkdf2_sha256$…`, `pbkdf2_sha1$…`, `scrypt$…`, `bcrypt_sha256$$2b$…`, `bcrypt$$2b$…`, `argon2$argon2id$…` |
//! | passlib | `$pbkdf2-sha256$…`, `$pbkdf2-sha512$…`, `$pbkdf2$…`, `$scrypt$…`, `$bcrypt-sha256$…` of both versions |
//! | bcrypt | `$2a$…`, `$2b$…`, `$2y$…` |
//! | Argon2 1.3 | `$argon2id$v=19$…`, `$argon2i$v=19$…` |
//!
//! bcrypt takes 72 bytes and no more. Where the password itself is given to it, what is behind them did not
//! count in the other system and does not at that first sign-in, whose whole password is what is then stored.
//! Nobody has a password with a NUL there: some systems cut it, others refuse it, and here it matches nothing.
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

mod digest;
mod foreign;
mod hash;
mod hasher;
mod opaque;
mod parameters;
mod parts;
mod policy;
mod scheme;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::secret::SecretText;

pub use hash::PasswordHash;
pub use hasher::{PasswordHasher, Verified};
pub use parameters::{ParametersError, PasswordParameters};
pub use policy::PasswordPolicy;
pub use scheme::{Argon2Variant, BcryptInput, HashError, HashScheme, Pbkdf2Function};

/// A password as somebody typed it, not looked at yet. Wiped from memory when dropped; `Debug` shows nothing of
/// it, and no serialisation gives it away.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct TypedPassword(SecretText);

impl TypedPassword {
    /// What was typed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl<T: Into<SecretText>> From<T> for TypedPassword {
    fn from(typed: T) -> Self {
        Self(typed.into())
    }
}

impl fmt::Debug for TypedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedPassword(…)")
    }
}

/// A password, prepared for hashing. Wiped from memory when dropped; `Debug` shows nothing of it.
pub struct Password {
    /// As it is set; `None` where it could not be.
    text: Option<Zeroizing<String>>,
    /// As it was typed, where that is something else, to be compared with what other systems hashed.
    typed: Option<Zeroizing<String>>,
}

/// A password as bytes, in one of the ways in which it may have been hashed.
struct Form<'p> {
    bytes: &'p [u8],
    can_match: bool,
    is_as_typed: bool,
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
        let text = opaque::enforce(typed).ok_or(PasswordProblem::NotText)?;
        let password = Self { text: Some(text), typed: None };
        if password.char_count() > Self::MAX_CHARS {
            return Err(TOO_LONG);
        }
        Ok(password)
    }

    /// Prepares what was typed to prove a password. Never fails: what could not have been set becomes a
    /// password that matches no hash of ours and costs as much to find that out. It may match one of another
    /// system, which had other rules.
    #[must_use]
    pub fn for_comparison(typed: &str) -> Self {
        let text = Self::prepare(typed).ok().and_then(|password| password.text);
        let is_other = text.as_ref().is_none_or(|text| text.as_str() != typed);
        let is_possible = !typed.is_empty()
            && typed.len() <= Self::MAX_TYPED_BYTES
            && typed.chars().count() <= Self::MAX_CHARS;
        let typed = (is_other && is_possible).then(|| Zeroizing::new(typed.to_owned()));
        Self { text, typed }
    }

    /// The number of characters (code points), as the policy counts them; none, where it cannot be set.
    #[must_use]
    pub fn char_count(&self) -> usize {
        self.as_str().chars().count()
    }

    fn as_str(&self) -> &str {
        self.settable().unwrap_or_default()
    }

    /// The text to hash, unless it could not be set.
    fn settable(&self) -> Option<&str> {
        self.text.as_ref().map(|text| text.as_str())
    }

    /// What to compare: how many there are depends on nothing but what was typed.
    fn forms(&self) -> impl Iterator<Item = Form<'_>> {
        const NOBODYS: &[u8] = b"a password that nobody has";
        let text = self.settable().map(|text| Form {
            bytes: text.as_bytes(),
            can_match: true,
            is_as_typed: false,
        });
        let typed = self.typed.as_ref().map(|typed| Form {
            bytes: typed.as_bytes(),
            can_match: true,
            is_as_typed: true,
        });
        let is_nothing = text.is_none() && typed.is_none();
        let nobodys =
            is_nothing.then_some(Form { bytes: NOBODYS, can_match: false, is_as_typed: false });
        text.into_iter().chain(typed).chain(nobodys)
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
        "The password contains a character that keyboards and devices type differently, such as a tab, an \
         invisible character or a composed emoji: leave it out."
    )]
    NotText,
    /// Among what is guessed first.
    #[error(
        "This password is easy to guess, like common words, repetitions and keyboard rows: use several \
         unrelated words."
    )]
    Common,
    /// Contains a word that others know to belong to this account or site.
    #[error("The password contains “{word}”, which is easy to guess here: leave it out.")]
    HoldsContext {
        /// The word, as it was given.
        word: String,
    },
}
