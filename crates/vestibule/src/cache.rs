//! Access tokens that were verified a moment ago.
//!
//! A signature is checked once for each token and node, not once for each request. What can change
//! after that is looked at every time: the clock, the revocations, and whether the key ring is still
//! the one that verified it.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use aws_lc_rs::constant_time;
use vestibule_core::{secret::SecretText, time::Timestamp, token::AccessClaims};

/// Tokens remembered at most; each takes about two kilobytes. A power of two.
const SLOTS: usize = 4096;

/// An access token whose signature was good.
#[derive(Debug)]
pub(crate) struct Verified {
    token: SecretText,
    ring_revision: u64,
    pub(crate) claims: AccessClaims,
    noted_at: AtomicI64,
}

impl Verified {
    pub(crate) fn new(token: &str, ring_revision: u64, claims: AccessClaims) -> Self {
        Self { token: token.into(), ring_revision, claims, noted_at: AtomicI64::new(i64::MIN) }
    }

    /// Whether this token's use is to be noted: the first time, and then once in `every` milliseconds.
    pub(crate) fn notes_use(&self, now: Timestamp, every: i64) -> bool {
        let before = self.noted_at.load(Ordering::Relaxed);
        if now.millis().saturating_sub(before) < every && now.millis() >= before {
            return false;
        }
        self.noted_at.store(now.millis(), Ordering::Relaxed);
        true
    }
}

/// A direct-mapped cache: a token has one slot, chosen by a keyed hash, and the last one there stays.
pub(crate) struct TokenCache {
    slots: Box<[Mutex<Option<Arc<Verified>>>]>,
    hasher: RandomState,
}

impl TokenCache {
    pub(crate) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::new(None)).collect(), hasher: RandomState::new() }
    }

    pub(crate) fn find(&self, token: &str, ring_revision: u64) -> Option<Arc<Verified>> {
        let slot = self.slot(token)?.lock().unwrap_or_else(PoisonError::into_inner);
        let found = slot.as_ref()?;
        let same = found.ring_revision == ring_revision
            && constant_time::verify_slices_are_equal(
                found.token.expose().as_bytes(),
                token.as_bytes(),
            )
            .is_ok();
        same.then(|| Arc::clone(found))
    }

    pub(crate) fn keep(&self, verified: &Arc<Verified>) {
        if let Some(slot) = self.slot(verified.token.expose()) {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(verified));
        }
    }

    fn slot(&self, token: &str) -> Option<&Mutex<Option<Arc<Verified>>>> {
        let hash = self.hasher.hash_one(token);
        self.slots.get(usize::try_from(hash).unwrap_or_default() & (SLOTS - 1))
    }
}
