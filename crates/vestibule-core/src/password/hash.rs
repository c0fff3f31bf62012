//! Password hashes as they are stored.

use std::fmt;

use phc::{Ident, Output, ParamsString, Salt};

use super::{Argon2Variant, HashScheme, PasswordParameters, foreign};

const ARGON2ID: &str = "argon2id";
const ARGON2I: &str = "argon2i";
/// Argon2 version 1.3 (RFC 9106 section 3.1), the only one ever used here.
const VERSION: u32 = 0x13;

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
            argon2(&self.text)
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

/// What a hash says.
pub(super) struct HashParts {
    pub(super) scheme: HashScheme,
    pub(super) salt: Vec<u8>,
    pub(super) digest: Vec<u8>,
}

/// Reads a PHC string of Argon2.
pub(super) fn argon2(text: &str) -> Option<HashParts> {
    let hash = phc::PasswordHash::new(text).ok()?;
    let variant = match hash.algorithm.as_str() {
        ARGON2ID => Argon2Variant::Id,
        ARGON2I => Argon2Variant::I,
        _ => return None,
    };
    // Parsed by its own strict form: key ids and associated data would change what the digest means.
    let parameters = hash.params.as_str().parse().ok()?;
    if hash.version != Some(VERSION) {
        return None;
    }
    Some(HashParts {
        scheme: HashScheme::Argon2 { variant, parameters },
        salt: hash.salt?.to_vec(),
        digest: hash.hash?.as_bytes().to_vec(),
    })
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

/// Why a password could not be hashed or compared. None of these says anything about the password itself:
/// answer them as trouble of the site, not as a failed sign-in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The stored text is no hash that can be verified here.
    #[error(
        "the password hash is of the kind “{kind}”, which cannot be checked here, or not written as that kind is"
    )]
    Unreadable {
        /// The word in front, or `unknown`.
        kind: &'static str,
    },
    /// The stored hash costs more than a sign-in may cost.
    #[error("the password hash asks for {value} {what}, over the bound of {bound}")]
    TooCostly {
        /// What of.
        what: &'static str,
        /// How much it asks for.
        value: u64,
        /// How much it may ask for.
        bound: u64,
    },
    /// The memory for one hash could not be had.
    #[error(
        "no memory for a password hash of {memory_kib} KiB: lower the parameters or give the process more"
    )]
    OutOfMemory {
        /// How much was wanted, in KiB.
        memory_kib: u64,
    },
    /// A password of [`Password::for_comparison`](super::Password::for_comparison) that could not be set was
    /// to be hashed for storage.
    #[error("this password can only be compared: prepare it for setting first")]
    NotSettable,
    /// A scheme or the PHC form refused its input, which the bounds of our own types should have excluded.
    #[error("the password hash could not be computed: {reason}")]
    Computation {
        /// What it said.
        reason: String,
    },
}
