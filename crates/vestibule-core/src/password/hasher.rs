//! Hashing and verifying with reused memory.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::{Zeroize as _, Zeroizing};

use super::{HashError, Password, PasswordHash, PasswordParameters};

#[cfg(test)]
mod tests;

const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;

/// Hashes and verifies passwords, one at a time, in memory of its own.
///
/// The memory (19 MiB with the default parameters) is taken at the first use and kept: with a fresh allocation
/// for every hash, a flood of sign-ins leaves the allocator with many times the memory in use. Share a few
/// hashers between all requests. A hash takes tens of milliseconds and blocks: keep it off async threads.
pub struct PasswordHasher {
    parameters: PasswordParameters,
    blocks: Vec<Block>,
}

impl PasswordHasher {
    /// The most memory, in KiB, that a stored hash may ask for whose parameters are not the configured ones:
    /// 256 MiB, or the configured memory where that is more.
    pub const MAX_FOREIGN_MEMORY_KIB: u32 = 256 * 1024;

    /// A hasher that makes hashes with these parameters. Takes no memory yet.
    #[must_use]
    pub fn new(parameters: PasswordParameters) -> Self {
        Self { parameters, blocks: Vec::new() }
    }

    /// What new hashes cost.
    #[must_use]
    pub fn parameters(&self) -> PasswordParameters {
        self.parameters
    }

    /// Hashes a password to be stored. `salt` must be random and new for every hash.
    ///
    /// # Errors
    ///
    /// [`HashError::OutOfMemory`]; [`HashError::NotSettable`] for a password that can only be compared.
    pub fn hash(
        &mut self,
        password: &Password,
        salt: [u8; SALT_BYTES],
    ) -> Result<PasswordHash, HashError> {
        if !password.is_settable() {
            return Err(HashError::NotSettable);
        }
        let digest = self.digest(password, self.parameters, &salt, DIGEST_BYTES)?;
        PasswordHash::from_parts(self.parameters, &salt, &digest).map_err(computation)
    }

    /// Compares a password with a stored hash, in time that does not depend on where they differ.
    ///
    /// # Errors
    ///
    /// [`HashError::TooCostly`] or [`HashError::OutOfMemory`].
    pub fn verify(
        &mut self,
        password: &Password,
        stored: &PasswordHash,
    ) -> Result<Verified, HashError> {
        let stored = stored.parts()?;
        let bound = Self::MAX_FOREIGN_MEMORY_KIB.max(self.parameters.memory_kib());
        if stored.parameters.memory_kib() > bound {
            return Err(HashError::TooCostly { parameters: stored.parameters });
        }
        let expected = stored.digest.as_bytes();
        let digest = self.digest(password, stored.parameters, &stored.salt, expected.len())?;
        let is_equal = verify_slices_are_equal(&digest, expected).is_ok();
        if !is_equal || !password.is_settable() {
            return Ok(Verified::Mismatch);
        }
        let outdated = stored.parameters != self.parameters
            || stored.salt.len() < SALT_BYTES
            || expected.len() < DIGEST_BYTES;
        Ok(Verified::Match { outdated })
    }

    /// Does the work of [`PasswordHasher::verify`] where there is no hash, because there is no such account:
    /// same cost, same answer as for a wrong password.
    ///
    /// # Errors
    ///
    /// [`HashError::OutOfMemory`].
    pub fn verify_nobody(&mut self, password: &Password) -> Result<Verified, HashError> {
        let digest = self.digest(password, self.parameters, &[0; SALT_BYTES], DIGEST_BYTES)?;
        // Compared and forgotten: should it ever be equal, nobody still has no password.
        let _ = verify_slices_are_equal(&digest, &[0; DIGEST_BYTES]);
        Ok(Verified::Mismatch)
    }

    fn digest(
        &mut self,
        password: &Password,
        parameters: PasswordParameters,
        salt: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, HashError> {
        let params = Params::new(
            parameters.memory_kib(),
            parameters.iterations(),
            parameters.lanes(),
            Some(length),
        )
        .map_err(computation)?;
        self.reserve(parameters)?;
        let mut digest = Zeroizing::new(vec![0; length]);
        let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                password.as_str().as_bytes(),
                salt,
                &mut digest,
                &mut self.blocks,
            );
        self.release_excess();
        hashed.map_err(computation)?;
        Ok(digest)
    }

    /// Makes room for a hash of these parameters. The first time it takes what the configured ones need;
    /// only a stored hash that asks for more makes it grow.
    fn reserve(&mut self, parameters: PasswordParameters) -> Result<(), HashError> {
        let memory_kib = parameters.memory_kib().max(self.parameters.memory_kib());
        let count = block_count(memory_kib);
        if self.blocks.len() < count {
            // Given back first, so that the old and the new memory are never held together.
            self.release();
            self.blocks
                .try_reserve_exact(count)
                .map_err(|_| HashError::OutOfMemory { memory_kib })?;
            self.blocks.resize(count, Block::new());
        }
        Ok(())
    }

    /// What one costly old hash needed is not kept for the rest of the process's life.
    fn release_excess(&mut self) {
        if self.blocks.len() > block_count(self.parameters.memory_kib()) {
            self.release();
        }
    }

    fn release(&mut self) {
        self.blocks.zeroize();
        self.blocks = Vec::new();
    }
}

impl Drop for PasswordHasher {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher")
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// The outcome of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verified {
    /// It is the password.
    Match {
        /// The hash was made with other parameters than the configured ones: hash the password again and
        /// store that.
        outdated: bool,
    },
    /// It is not.
    Mismatch,
}

/// One block is one KiB.
fn block_count(memory_kib: u32) -> usize {
    usize::try_from(memory_kib).unwrap_or(usize::MAX)
}

fn computation(error: impl fmt::Display) -> HashError {
    HashError::Computation { reason: error.to_string() }
}
