//! Password hashes as they are stored.

use std::fmt;

use phc::{Ident, Output, ParamsString, Salt};

use super::PasswordParameters;

const ARGON2ID: &str = "argon2id";
/// Argon2 version 1.3 (RFC 9106 section 3.1), the only one ever used here.
const VERSION: u32 = 0x13;

/// A password hash: a PHC string of Argon2id, `$argon2id$v=19$m=…,t=…,p=…$salt$digest`.
///
/// Anybody who has it can try passwords against it, so `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
}

impl PasswordHash {
    /// Longer than any hash of ours.
    const MAX_BYTES: usize = 256;

    /// Reads a stored hash.
    ///
    /// # Errors
    ///
    /// [`HashError::Unreadable`] if it is no PHC string of Argon2id 1.3 with salt and digest.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        let hash = Self { text: text.to_owned() };
        hash.parts()?;
        Ok(hash)
    }

    /// The string to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
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
        if self.text.len() > Self::MAX_BYTES {
            return Err(HashError::Unreadable);
        }
        let hash = phc::PasswordHash::new(&self.text).map_err(|_| HashError::Unreadable)?;
        // Parsed by its own strict form: key ids and associated data would change what the digest means.
        let parameters = hash.params.as_str().parse().map_err(|_| HashError::Unreadable)?;
        if hash.algorithm.as_str() != ARGON2ID || hash.version != Some(VERSION) {
            return Err(HashError::Unreadable);
        }
        match (hash.salt, hash.hash) {
            (Some(salt), Some(digest)) => Ok(HashParts { parameters, salt, digest }),
            _ => Err(HashError::Unreadable),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

pub(super) struct HashParts {
    pub(super) parameters: PasswordParameters,
    pub(super) salt: Salt,
    pub(super) digest: Output,
}

/// Why a password could not be hashed or compared. None of these says anything about the password itself:
/// answer them as trouble of the site, not as a failed sign-in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The stored text is no hash that can be verified here.
    #[error(
        "the stored password hash is not an Argon2id hash within m=1048576,t=16,p=16: let the person reset \
         the password"
    )]
    Unreadable,
    /// The stored hash costs more than a sign-in may cost.
    #[error(
        "the stored password hash costs {parameters}, over the bound of {} KiB for hashes made with other \
         than the configured parameters: configure at least that much memory, or let the person reset the \
         password",
        super::PasswordHasher::MAX_FOREIGN_MEMORY_KIB
    )]
    TooCostly {
        /// What it costs.
        parameters: PasswordParameters,
    },
    /// The memory for one hash could not be had.
    #[error(
        "no memory for a password hash of {memory_kib} KiB: lower the parameters or give the process more"
    )]
    OutOfMemory {
        /// How much was wanted, in KiB.
        memory_kib: u32,
    },
    /// A password of [`Password::for_comparison`](super::Password::for_comparison) that could not be set was
    /// to be hashed for storage.
    #[error("this password can only be compared: prepare it for setting first")]
    NotSettable,
    /// Argon2 or the PHC form refused its input, which the bounds of our own types should have excluded.
    #[error("the password hash could not be computed: {reason}")]
    Computation {
        /// What it said.
        reason: String,
    },
}
