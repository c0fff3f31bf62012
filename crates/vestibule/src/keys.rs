//! The key ring of this node: opened from the store, tended on a schedule, followed when it changes.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use vestibule_core::{
    random::Entropy,
    ring::{self, KeyRing, RingError, RotationPolicy},
    secret::SealingKey,
    session::Lifetimes,
    store::{Store, StoreError},
    time::Clock,
};

use crate::config::{Config, Signing};

/// How long a key is published before it signs: every node has it by then, or knows that it has lost the feed.
const PUBLISHED_FOR: Duration = Duration::from_secs(10);
/// How long a key signs before the next one takes over.
const ACTIVE_FOR: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long a retired key is still listed.
const LISTED_FOR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The ring as this node uses it now.
pub(crate) struct LiveRing {
    current: ArcSwap<Opened>,
    shared: Option<Shared>,
}

pub(crate) struct Opened {
    pub(crate) ring: KeyRing,
    pub(crate) revision: u64,
}

struct Shared {
    policy: RotationPolicy,
    sealing: SealingKey,
}

impl LiveRing {
    /// Opens the ring of the store, making it where there is none, or the symmetric one of the
    /// configuration.
    pub(crate) async fn open(
        config: &Config,
        store: &dyn Store,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyRingError> {
        let algorithm = match &config.signing {
            Signing::Shared(key) => {
                let opened = Opened { ring: KeyRing::symmetric(key), revision: 0 };
                return Ok(Self { current: ArcSwap::from_pointee(opened), shared: None });
            }
            Signing::Ring(algorithm) => *algorithm,
        };
        let shared = Shared {
            policy: policy(algorithm, &config.lifetimes),
            sealing: config.secret.sealing_key(),
        };
        let opened = shared.tend(store, clock, entropy).await?;
        let of_ring = opened.ring.active().algorithm();
        if of_ring != algorithm {
            tracing::warn!(
                "the configuration sets {} for signing, but this site's keys are {}: the keys count; run \
                 `vestibule key rotate --algorithm {}` to change them, and then set it in every node's \
                 configuration",
                algorithm.name(),
                of_ring.name(),
                algorithm.name()
            );
        }
        Ok(Self { current: ArcSwap::from_pointee(opened), shared: Some(shared) })
    }

    pub(crate) fn current(&self) -> arc_swap::Guard<Arc<Opened>> {
        self.current.load()
    }

    /// Brings the stored ring up to date and follows it.
    pub(crate) async fn tend(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<(), KeyRingError> {
        if let Some(shared) = &self.shared {
            self.current.store(Arc::new(shared.tend(store, clock, entropy).await?));
        }
        Ok(())
    }
}

/// The policy by which a site's ring moves.
#[must_use]
pub fn policy(algorithm: vestibule_core::jws::Algorithm, lifetimes: &Lifetimes) -> RotationPolicy {
    RotationPolicy {
        algorithm,
        published_for: PUBLISHED_FOR,
        active_for: ACTIVE_FOR,
        retiring_for: lifetimes.access_memory(),
        listed_for: LISTED_FOR,
    }
}

impl Shared {
    async fn tend(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Opened, KeyRingError> {
        loop {
            let (revision, keys) = store.key_ring().await?;
            let now = clock.now();
            let Some(tended) = ring::tend(&keys, &self.policy, &self.sealing, entropy, now)? else {
                let ring = KeyRing::open(&keys, &self.policy, &self.sealing)?;
                return Ok(Opened { ring, revision });
            };
            // Where another node was faster its ring is read in the next round.
            store.replace_key_ring(revision, &tended, now).await?;
        }
    }
}

/// The key ring cannot be used.
#[derive(thiserror::Error)]
pub enum KeyRingError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys cannot be used.
    #[error(transparent)]
    Ring(#[from] RingError),
}

vestibule_core::readable_debug!(KeyRingError);
