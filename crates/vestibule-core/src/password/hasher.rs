//! Hashing and verifying with reused memory.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::Block;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    BcryptInput, HashError, HashScheme, Password, PasswordHash, PasswordParameters,
    digest::{self, computation},
    parts::HashParts,
};

#[cfg(test)]
mod tests;

const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;
/// What a hasher keeps of its memory for hashes of another making, in KiB: what the systems ask for by default.
const MAX_KEPT_KIB: u64 = 64 * 1024;

/// Hashes and verifies passwords, one at a time, in memory of its own.
///
/// The memory (19 MiB with the default parameters) is taken at the first use and kept: with a fresh allocation
/// for every hash, a flood of sign-ins leaves the allocator with many times the memory in use. Share a few
/// hashers between all requests. A hash takes tens of milliseconds and blocks: keep it off async threads.
///
/// A failed comparison costs the same whomever it is about. That is one hash with the configured parameters
/// and, once stored hashes of other makings were met, one by each function among them as well, also where
/// there is no such account. Of one function it is the most costly one, so of accounts with a cheaper one it
/// can be told that they exist, until their hashes are upgraded.
pub struct PasswordHasher {
    parameters: PasswordParameters,
    blocks: Vec<Block>,
    /// The most costly other making of each function that was met.
    met: Arc<Mutex<Vec<HashScheme>>>,
    /// What was computed, in order.
    #[cfg(test)]
    spent: Vec<HashScheme>,
}

impl PasswordHasher {
    /// A hasher that makes hashes with these parameters. Takes no memory yet.
    #[must_use]
    pub fn new(parameters: PasswordParameters) -> Self {
        Self {
            parameters,
            blocks: Vec::new(),
            met: Arc::default(),
            #[cfg(test)]
            spent: Vec::new(),
        }
    }

    /// One more for the same accounts: what either learns about stored hashes, both know.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut another = Self::new(self.parameters);
        another.met = Arc::clone(&self.met);
        another
    }

    /// What new hashes cost.
    #[must_use]
    pub fn parameters(&self) -> PasswordParameters {
        self.parameters
    }

    /// Whether a sign-in would compare with this hash: what costs more than the bounds of [`HashScheme`] and
    /// more than the configured parameters never verifies.
    ///
    /// # Errors
    ///
    /// [`HashError::Unreadable`] or [`HashError::TooCostly`].
    pub fn accepts(&self, hash: &PasswordHash) -> Result<(), HashError> {
        self.read(hash).map(|_| ())
    }

    /// Whether new hashes are made by this scheme.
    #[must_use]
    pub fn makes(&self, scheme: HashScheme) -> bool {
        scheme == self.own()
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
        let text = password.settable().ok_or(HashError::NotSettable)?.as_bytes();
        let digest = self.digest(self.own(), text, &salt, DIGEST_BYTES)?;
        PasswordHash::from_parts(self.parameters, &salt, &digest).map_err(computation)
    }

    /// Compares a password with a stored hash, in time that does not depend on where they differ.
    ///
    /// Systems differ in what they hash of a text. So what was typed is tried as it would be set here, and
    /// where that is different, as it was typed.
    ///
    /// # Errors
    ///
    /// [`HashError::OutOfMemory`].
    pub fn verify(
        &mut self,
        password: &Password,
        stored: &PasswordHash,
    ) -> Result<Verified, HashError> {
        let stored = match self.read(stored) {
            Ok(stored) => stored,
            Err(reason) => {
                let _ = self.verify_nobody(password)?;
                return Ok(Verified::Unusable { reason });
            }
        };
        let is_own = stored.scheme == self.own();
        if !is_own {
            self.meet(stored.scheme);
        }
        for form in password.forms() {
            let digest =
                self.digest(stored.scheme, form.bytes, &stored.salt, stored.digest.len())?;
            let is_equal = verify_slices_are_equal(&digest, &stored.digest).is_ok();
            // Some systems cut such a password there, others refuse it, and nobody has one.
            let is_cut = form.bytes.contains(&0)
                && matches!(
                    stored.scheme,
                    HashScheme::Bcrypt { prepared: BcryptInput::Password, .. }
                );
            if is_equal && form.can_match && !is_cut {
                let outdated = !is_own
                    || form.is_as_typed
                    || stored.salt.len() < SALT_BYTES
                    || stored.digest.len() < DIGEST_BYTES;
                // What cannot be set here stays with the hash that it has.
                return Ok(Verified::Match { outdated: outdated && password.settable().is_some() });
            }
        }
        if !is_own {
            self.spend(self.own(), password)?;
        }
        for other in self.met() {
            if is_own || !other.is_like(stored.scheme) {
                self.spend(other, password)?;
            }
        }
        Ok(Verified::Mismatch)
    }

    /// Does the work of [`PasswordHasher::verify`] where there is no hash, because there is no such account:
    /// same cost, same answer as for a wrong password.
    ///
    /// # Errors
    ///
    /// [`HashError::OutOfMemory`].
    pub fn verify_nobody(&mut self, password: &Password) -> Result<Verified, HashError> {
        self.spend(self.own(), password)?;
        for other in self.met() {
            self.spend(other, password)?;
        }
        Ok(Verified::Mismatch)
    }

    fn own(&self) -> HashScheme {
        HashScheme::own(self.parameters)
    }

    fn read(&self, stored: &PasswordHash) -> Result<HashParts, HashError> {
        let parts = stored.parts()?;
        parts.scheme.check(self.parameters)?;
        Ok(parts)
    }

    fn met(&self) -> Vec<HashScheme> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn meet(&self, scheme: HashScheme) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        match met.iter_mut().find(|met| met.is_like(scheme)) {
            Some(met) if met.work() < scheme.work() => *met = scheme,
            Some(_) => {}
            None => met.push(scheme),
        }
    }

    /// Hashes for nothing.
    fn spend(&mut self, scheme: HashScheme, password: &Password) -> Result<(), HashError> {
        for form in password.forms() {
            let digest =
                self.digest(scheme, form.bytes, &[0; SALT_BYTES], scheme.digest_bytes())?;
            // Compared and forgotten: should it ever be equal, nobody still has no password.
            let _ = verify_slices_are_equal(&digest, &[0; DIGEST_BYTES]);
        }
        Ok(())
    }

    fn digest(
        &mut self,
        scheme: HashScheme,
        password: &[u8],
        salt: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, HashError> {
        #[cfg(test)]
        self.spent.push(scheme);
        self.reserve(scheme)?;
        let digest = digest::digest(scheme, password, salt, length, &mut self.blocks);
        self.release_excess();
        digest
    }

    /// Makes room for a hash of this scheme. The first time it takes what the configured one needs; only a
    /// hash that asks for more makes it grow.
    fn reserve(&mut self, scheme: HashScheme) -> Result<(), HashError> {
        let memory_kib = scheme.hasher_memory_kib().max(self.parameters.memory_kib().into());
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

    /// What one costly hash needed is not kept for the rest of the process's life, unless hashes like that are
    /// common here.
    fn release_excess(&mut self) {
        let met = self.met().into_iter().map(HashScheme::hasher_memory_kib).max();
        let met = met.unwrap_or(0).min(MAX_KEPT_KIB);
        if self.blocks.len() > block_count(met.max(self.parameters.memory_kib().into())) {
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verified {
    /// It is the password.
    Match {
        /// The hash was made otherwise than new ones are: hash the password again and store that.
        outdated: bool,
    },
    /// It is not.
    Mismatch,
    /// There is no telling, and nobody gets in: what is stored is no hash, or one that costs too much. An
    /// operator should hear of it; whoever is asking must not.
    Unusable {
        /// Why.
        reason: HashError,
    },
}

/// One block is one KiB.
fn block_count(memory_kib: u64) -> usize {
    usize::try_from(memory_kib).unwrap_or(usize::MAX)
}
