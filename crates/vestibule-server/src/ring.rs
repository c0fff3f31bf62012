//! Changing the site's key ring, from the command line and from the administrator's page.

use vestibule::{
    Config, Signing,
    core::{
        random::Entropy,
        ring::{self, KeyRing, RingError, RotationPolicy, StoredKey},
        secret::SealingKey,
        store::{SiteStore, StoreError},
        time::Timestamp,
    },
    rotation_policy,
};

/// How often somebody else may change the ring meanwhile.
const MAX_TRIES: u32 = 16;

/// The ring of a site, and how it moves.
pub(crate) struct Ring<'a> {
    store: &'a dyn SiteStore,
    entropy: &'a dyn Entropy,
    policy: RotationPolicy,
    sealing: SealingKey,
}

/// The ring was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RingChangeError {
    #[error(
        "tokens are signed with HS256 and the one key of the configuration, which does not rotate here; give \
         another `jwt_secret_key` and restart, or set `tokens.algorithm` to ES256 or EdDSA"
    )]
    NoRing,
    #[error(transparent)]
    Refused(#[from] RingError),
    #[error("the ring was changed by others all the time; look at it and try again")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<'a> Ring<'a> {
    /// # Errors
    /// [`RingChangeError::NoRing`] where tokens are signed with a key of the configuration.
    pub(crate) fn of(
        config: &Config,
        store: &'a dyn SiteStore,
        entropy: &'a dyn Entropy,
    ) -> Result<Self, RingChangeError> {
        let Signing::Ring(algorithm) = &config.signing else {
            return Err(RingChangeError::NoRing);
        };
        Ok(Self {
            store,
            entropy,
            policy: rotation_policy(*algorithm, &config.lifetimes),
            sealing: config.secret.sealing_key(),
        })
    }

    /// Has the next key sign from now on, and gives the ring as it is then.
    ///
    /// # Errors
    /// [`RingChangeError`].
    pub(crate) async fn rotate(&self, now: Timestamp) -> Result<Vec<StoredKey>, RingChangeError> {
        self.replace(now, |keys| ring::rotate(keys, &self.policy, &self.sealing, self.entropy, now))
            .await
    }

    /// Has nothing that this key signed be good any more, and gives the ring as it is then.
    ///
    /// # Errors
    /// [`RingChangeError`].
    pub(crate) async fn retire(
        &self,
        kid: &str,
        now: Timestamp,
    ) -> Result<Vec<StoredKey>, RingChangeError> {
        self.replace(now, |keys| {
            ring::retire(keys, kid, &self.policy, &self.sealing, self.entropy, now)
        })
        .await
    }

    /// Changes the ring from whatever it is by then.
    async fn replace(
        &self,
        now: Timestamp,
        change: impl Fn(&[StoredKey]) -> Result<Vec<StoredKey>, RingError>,
    ) -> Result<Vec<StoredKey>, RingChangeError> {
        for _ in 0..MAX_TRIES {
            let (revision, keys) = self.store.key_ring().await?;
            let changed = change(&keys)?;
            if changed == keys {
                return Ok(keys);
            }
            // A ring with keys under two secrets opens for nobody: with the wrong secret nothing is written.
            KeyRing::open(&changed, &self.policy, &self.sealing)?;
            if self.store.replace_key_ring(revision, &changed, now).await? {
                tracing::info!(revision = revision + 1, "the key ring was changed");
                return Ok(changed);
            }
        }
        Err(RingChangeError::Busy)
    }
}
