//! By which scheme a stored hash was made, and what a sign-in may spend on it.

use std::fmt;

use super::parameters::PasswordParameters;

/// How a password hash was made, and what it costs. New ones are always Argon2id; the others come from the
/// systems that people moved from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashScheme {
    /// Argon2 1.3 (RFC 9106).
    Argon2 {
        /// Which of its variants.
        variant: Argon2Variant,
        /// Memory, passes and lanes.
        parameters: PasswordParameters,
    },
    /// scrypt (RFC 7914).
    Scrypt {
        /// N, a power of two.
        n: u32,
        /// The block size r.
        r: u32,
        /// The parallelisation p.
        p: u32,
    },
    /// PBKDF2 with HMAC (RFC 8018 section 5.2).
    Pbkdf2 {
        /// The hash function under HMAC.
        function: Pbkdf2Function,
        /// The iterations.
        iterations: u32,
    },
    /// bcrypt.
    Bcrypt {
        /// The binary logarithm of its rounds.
        cost: u32,
        /// What is done with the password before.
        prepared: BcryptInput,
    },
}

/// A variant of Argon2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argon2Variant {
    /// Argon2id, as new hashes are made.
    Id,
    /// Argon2i, which passlib and argon2-cffi made formerly.
    I,
}

/// A hash function under PBKDF2's HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pbkdf2Function {
    /// SHA-1. Its collisions do not help against PBKDF2, and werkzeug's default was long this one.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// What bcrypt is given, which takes 72 bytes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BcryptInput {
    /// The password itself: what is behind 72 bytes does not count, and one with a NUL matches nothing.
    Password,
    /// The hexadecimal SHA-256 of it: Django's `bcrypt_sha256`.
    Sha256Hex,
    /// The base64 SHA-256 of it: passlib's `bcrypt-sha256` of version 1.
    Sha256Base64,
    /// The base64 HMAC-SHA-256 of it, keyed by the salt: passlib's `bcrypt-sha256` of version 2.
    HmacSha256Base64,
}

impl HashScheme {
    /// The most memory, in KiB, that a hash may ask for whose cost is not the configured one: 256 MiB, or the
    /// configured memory where that is more.
    pub const MAX_MEMORY_KIB: u32 = 256 * 1024;
    /// The most of Argon2's memory times passes, in KiB: 1 GiB.
    pub const MAX_ARGON2_WORK_KIB: u64 = 1024 * 1024;
    /// The most of scrypt's memory times p, in KiB: 512 MiB.
    pub const MAX_SCRYPT_WORK_KIB: u64 = 512 * 1024;
    /// The most iterations of PBKDF2.
    pub const MAX_PBKDF2_ITERATIONS: u32 = 3_000_000;
    /// The highest cost of bcrypt.
    pub const MAX_BCRYPT_COST: u32 = 14;

    /// How new hashes are made.
    pub(super) const fn own(parameters: PasswordParameters) -> Self {
        Self::Argon2 { variant: Argon2Variant::Id, parameters }
    }

    /// The memory that one hash fills, in KiB.
    #[must_use]
    pub fn memory_kib(self) -> u64 {
        match self {
            Self::Argon2 { parameters, .. } => parameters.memory_kib().into(),
            // N entries of 128 bytes times r.
            Self::Scrypt { n, r, .. } => (u64::from(n) * u64::from(r)).div_ceil(8),
            Self::Pbkdf2 { .. } => 0,
            Self::Bcrypt { .. } => 4,
        }
    }

    /// What of that is the hasher's own memory, in KiB. scrypt takes its own for each hash, and gives it back.
    pub(super) fn hasher_memory_kib(self) -> u64 {
        match self {
            Self::Argon2 { .. } => self.memory_kib(),
            Self::Scrypt { .. } | Self::Pbkdf2 { .. } | Self::Bcrypt { .. } => 0,
        }
    }

    /// Whether a sign-in may cost this much on a site that makes its own hashes with `configured`.
    pub(super) fn check(self, configured: PasswordParameters) -> Result<(), HashError> {
        if self == Self::own(configured) {
            return Ok(());
        }
        let within = |what, value: u64, bound: u64| {
            if value > bound { Err(HashError::TooCostly { what, value, bound }) } else { Ok(()) }
        };
        let memory_kib = Self::MAX_MEMORY_KIB.max(configured.memory_kib());
        within("KiB of memory", self.memory_kib(), memory_kib.into())?;
        match self {
            Self::Argon2 { parameters, .. } => {
                let own = u64::from(configured.memory_kib()) * u64::from(configured.iterations());
                let work = u64::from(parameters.memory_kib()) * u64::from(parameters.iterations());
                within("KiB of memory times passes", work, Self::MAX_ARGON2_WORK_KIB.max(own))
            }
            Self::Scrypt { p, .. } => {
                let work = self.memory_kib() * u64::from(p);
                within("KiB of memory times p", work, Self::MAX_SCRYPT_WORK_KIB)
            }
            Self::Pbkdf2 { iterations, .. } => {
                within("iterations", iterations.into(), Self::MAX_PBKDF2_ITERATIONS.into())
            }
            Self::Bcrypt { cost, .. } => {
                within("as bcrypt's cost", cost.into(), Self::MAX_BCRYPT_COST.into())
            }
        }
    }

    /// How long a digest is that is made for nothing, in bytes.
    pub(super) const fn digest_bytes(self) -> usize {
        match self {
            Self::Argon2 { .. } => 32,
            Self::Scrypt { .. } => 64,
            Self::Pbkdf2 { function, .. } => function.digest_bytes(),
            Self::Bcrypt { .. } => 23,
        }
    }

    /// Whether it is the same function as another one, so that only [`HashScheme::work`] differs.
    pub(super) fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Argon2 { variant: one, .. }, Self::Argon2 { variant: other, .. }) => {
                one == other
            }
            (Self::Pbkdf2 { function: one, .. }, Self::Pbkdf2 { function: other, .. }) => {
                one == other
            }
            (Self::Scrypt { .. }, Self::Scrypt { .. })
            | (Self::Bcrypt { .. }, Self::Bcrypt { .. }) => true,
            _ => false,
        }
    }

    /// How much there is to do, in a unit of each function's own: which function is faster is for the machine
    /// to say.
    pub(super) fn work(self) -> u64 {
        match self {
            Self::Argon2 { parameters, .. } => {
                u64::from(parameters.memory_kib()) * u64::from(parameters.iterations())
            }
            Self::Scrypt { p, .. } => self.memory_kib() * u64::from(p),
            Self::Pbkdf2 { iterations, .. } => iterations.into(),
            Self::Bcrypt { cost, .. } => 1 << cost.min(63),
        }
    }
}

impl fmt::Display for HashScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argon2 { variant: Argon2Variant::Id, .. } => f.write_str("Argon2id"),
            Self::Argon2 { variant: Argon2Variant::I, .. } => f.write_str("Argon2i"),
            Self::Scrypt { .. } => f.write_str("scrypt"),
            Self::Pbkdf2 { function, .. } => f.write_str(match function {
                Pbkdf2Function::Sha1 => "PBKDF2-SHA1",
                Pbkdf2Function::Sha256 => "PBKDF2-SHA256",
                Pbkdf2Function::Sha384 => "PBKDF2-SHA384",
                Pbkdf2Function::Sha512 => "PBKDF2-SHA512",
            }),
            Self::Bcrypt { prepared: BcryptInput::Password, .. } => f.write_str("bcrypt"),
            Self::Bcrypt { .. } => f.write_str("bcrypt of SHA-256"),
        }
    }
}

impl Pbkdf2Function {
    /// The length of what it gives, in bytes.
    pub(super) const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Why a password could not be hashed or compared. None of these says anything about the password itself:
/// answer them as trouble of the site, not as a failed sign-in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The stored text is no hash that can be verified here.
    #[error("the password hash is of the kind “{kind}”, which is not supported, or is malformed")]
    Unreadable {
        /// The word in front, or `unknown`.
        kind: &'static str,
    },
    /// The stored hash costs more than a sign-in may cost.
    #[error("the password hash needs {value} {what}, more than the limit of {bound}")]
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
    #[error("this password was prepared for comparison only: prepare it for setting first")]
    NotSettable,
    /// A scheme or the PHC form refused its input, which the bounds of our own types should have excluded.
    #[error("cannot compute the password hash: {reason}")]
    Computation {
        /// What it said.
        reason: String,
    },
}
