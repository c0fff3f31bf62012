//! The cost of a password hash.

use std::{fmt, str::FromStr};

/// Argon2id's cost (RFC 9106 section 3.1), written `m=19456,t=2,p=1`.
///
/// The default is the second of the equal choices of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes,
/// one lane. Lanes are filled one after the other, so more than one only helps to keep an older choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PasswordParameters {
    memory_kib: u32,
    iterations: u32,
    lanes: u32,
}

impl PasswordParameters {
    /// The most memory, in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    /// The most passes.
    pub const MAX_ITERATIONS: u32 = 16;
    /// The most lanes.
    pub const MAX_LANES: u32 = 16;

    /// Parameters within the bounds of Argon2 and of this type. Cheap ones are possible, for tests and small
    /// machines: see [`PasswordParameters::is_below_owasp`].
    ///
    /// # Errors
    ///
    /// [`ParametersError::Memory`], [`ParametersError::Iterations`] or [`ParametersError::Lanes`].
    pub fn new(memory_kib: u32, iterations: u32, lanes: u32) -> Result<Self, ParametersError> {
        if !(1..=Self::MAX_ITERATIONS).contains(&iterations) {
            return Err(ParametersError::Iterations);
        }
        if !(1..=Self::MAX_LANES).contains(&lanes) {
            return Err(ParametersError::Lanes);
        }
        if !(8 * lanes..=Self::MAX_MEMORY_KIB).contains(&memory_kib) {
            return Err(ParametersError::Memory);
        }
        Ok(Self { memory_kib, iterations, lanes })
    }

    /// The memory that one hash fills, in KiB.
    #[must_use]
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// The number of passes over that memory.
    #[must_use]
    pub fn iterations(self) -> u32 {
        self.iterations
    }

    /// The number of lanes.
    #[must_use]
    pub fn lanes(self) -> u32 {
        self.lanes
    }

    /// Whether a hash costs less than OWASP's minimum, which trades passes against memory: 46 MiB and one pass,
    /// 19 MiB and two, 12 and three, 9 and four, 7 and five. A site should say so when it starts.
    #[must_use]
    pub fn is_below_owasp(self) -> bool {
        let minimum_kib = match self.iterations {
            0 | 1 => 47_104,
            2 => 19_456,
            3 => 12_288,
            4 => 9_216,
            _ => 7_168,
        };
        self.memory_kib < minimum_kib
    }
}

impl Default for PasswordParameters {
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, lanes: 1 }
    }
}

impl fmt::Display for PasswordParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.iterations, self.lanes)
    }
}

impl FromStr for PasswordParameters {
    type Err = ParametersError;

    fn from_str(text: &str) -> Result<Self, ParametersError> {
        let mut parts = text.split(',').map(str::trim);
        let mut number = |name: &str| {
            parts
                .next()
                .and_then(|part| part.strip_prefix(name)?.strip_prefix('='))
                .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|digits| digits.parse().ok())
                .ok_or(ParametersError::Form)
        };
        let (memory_kib, iterations, lanes) = (number("m")?, number("t")?, number("p")?);
        if parts.next().is_some() {
            return Err(ParametersError::Form);
        }
        Self::new(memory_kib, iterations, lanes)
    }
}

/// Why parameters cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParametersError {
    /// Not of the form `m=19456,t=2,p=1`.
    #[error("not Argon2id parameters: write memory in KiB, passes and lanes like m=19456,t=2,p=1")]
    Form,
    /// Too little for Argon2, or more than 1 GiB.
    #[error(
        "memory m is out of range: use 8 KiB per lane up to {} KiB",
        PasswordParameters::MAX_MEMORY_KIB
    )]
    Memory,
    /// No pass, or too many.
    #[error("passes t are out of range: use 1 to {}", PasswordParameters::MAX_ITERATIONS)]
    Iterations,
    /// No lane, or too many.
    #[error("lanes p are out of range: use 1 to {}", PasswordParameters::MAX_LANES)]
    Lanes,
}
