//! Password hashes as they are stored.

use std::fmt;

use phc::{Ident, Output, ParamsString, Salt};

use super::{
    foreign,
    parameters::PasswordParameters,
    parts::{self, ARGON2ID, HashParts, VERSION},
    scheme::{HashError, HashScheme},
};

/// A password hash as text: of our own making a PHC string of Argon2id,
/// `$argon2id$v=19$m=…,t=…,p=…$salt$digest`; of another system's making what that system wrote.
///
/// Anybody who has it can try passwords against it, so `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
}

impl PasswordHash {
    /// Longer than any hash that can be read here.
    pub const MAX_BYTES: usize = 512;

    /// Reads a hash that is to be stored. What it may cost is
    /// [`PasswordHasher::accepts`](super::PasswordHasher::accepts).
    ///
    /// # Errors
    ///
    /// [`HashError::Unreadable`] if it is none of the forms in [the module's table](super#other-systems).
    pub fn parse(text: &str) -> Result<Self, HashError> {
        let hash = Self::from_store(text);
        hash.parts()?;
        Ok(hash)
    }

    /// A hash as a store has it, whatever it is. One that cannot be read is [`Verified::Unusable`] later on,
    /// at the cost of one that can.
    ///
    /// [`Verified::Unusable`]: super::Verified::Unusable
    #[must_use]
    pub fn from_store(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// The string to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it was made.
    ///
    /// # Errors
    ///
    /// [`HashError::Unreadable`].
    pub fn scheme(&self) -> Result<HashScheme, HashError> {
        Ok(self.parts()?.scheme)
    }

    pub(super) fn from_parts(
        parameters: PasswordParameters,
        salt: &[u8],
        digest: &[u8],
    ) -> Result<Self, phc::Error> {
        let mut params = ParamsString::new();
        params.add_decimal("m", parameters.memory_kib())?;
        params.add_decimal("t", parameters.iterations())?;
        params.add_decimal("p", parameters.lanes())?;
        let hash = phc::PasswordHash {
            algorithm: Ident::new(ARGON2ID)?,
            version: Some(VERSION),
            params,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(digest)?),
        };
        Ok(Self { text: hash.to_string() })
    }

    pub(super) fn parts(&self) -> Result<HashParts, HashError> {
        let parts = if self.text.len() > Self::MAX_BYTES {
            None
        } else if self.text.starts_with("$argon2") {
            parts::argon2(&self.text)
        } else {
            foreign::read(&self.text)
        };
        parts.ok_or_else(|| HashError::Unreadable { kind: kind(&self.text) })
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// What stands in front, where that is the name of a scheme. Anything else may be the password itself, or a
/// digest that it can be tried against.
fn kind(text: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "1",
        "2",
        "2a",
        "2b",
        "2x",
        "2y",
        "5",
        "6",
        "7",
        "H",
        "P",
        "S",
        "apr1",
        "argon2",
        "argon2d",
        "argon2i",
        "argon2id",
        "bcrypt",
        "bcrypt-sha256",
        "bcrypt_sha256",
        "crypt",
        "md5",
        "pbkdf2",
        "pbkdf2-sha256",
        "pbkdf2-sha512",
        "pbkdf2_sha1",
        "pbkdf2_sha256",
        "scrypt",
        "sha1",
        "sha256",
        "sha512",
        "y",
    ];
    let text = text.strip_prefix('$').unwrap_or(text);
    let word = text.split_once(['$', ':']).map_or("", |(word, _)| word);
    KNOWN.iter().find(|known| **known == word).copied().unwrap_or("unknown")
}
