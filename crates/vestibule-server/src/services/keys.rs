//! Changing the site's key ring, from the command line and from the administrator's page.

use std::time::Duration;

use vestibule::{
    Config, Signing,
    core::{
        event::Event,
        jws::Algorithm,
        random::Entropy,
        ring::{self, KeyRing, KeyState, RingError, RotationPolicy, StoredKey},
        secret::SealingKey,
        store::{Commit, Consequences, RingChange, StoreError},
        time::{Clock, Timestamp},
    },
    log_event, rotation_policy,
};
use vestibule_site::store::SiteStore;

use crate::error::CommandError;

/// What is said of a change of the ring, in the audit trail and in the log.
type Detail<'a> = (&'a Event, &'a str);

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
        "tokens are signed with HS256 and the one key of the configuration, which cannot be rotated here; \
         set another `jwt_secret_key` and restart, or set `tokens.algorithm` to ES256 or EdDSA"
    )]
    NoRing,
    #[error(transparent)]
    Refused(#[from] RingError),
    #[error("the key ring was modified concurrently; list the keys and try again")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RingChangeError> for CommandError {
    fn from(error: RingChangeError) -> Self {
        Self::Failed(error.to_string())
    }
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
    pub(crate) async fn rotate(
        &self,
        now: Timestamp,
        said: Detail<'_>,
    ) -> Result<Vec<StoredKey>, RingChangeError> {
        let change =
            |keys: &[StoredKey]| ring::rotate(keys, &self.policy, &self.sealing, self.entropy, now);
        self.replace(now, change, Some(said)).await
    }

    /// Has keys of this algorithm sign from now on, once every node knows the first of them, and gives the ring
    /// as it is then. `waiting` is told which key that is and how long it takes.
    ///
    /// # Errors
    /// [`RingChangeError`].
    pub(crate) async fn change_algorithm(
        &self,
        algorithm: Algorithm,
        clock: &dyn Clock,
        said: Detail<'_>,
        waiting: impl FnOnce(&str, Duration),
    ) -> Result<Vec<StoredKey>, CommandError> {
        let now = clock.now();
        let stage = |keys: &[StoredKey]| {
            ring::change_algorithm(keys, algorithm, &self.policy, &self.sealing, self.entropy, now)
        };
        let staged = self.replace(now, stage, None).await?;
        let is_signing = |keys: &[StoredKey]| {
            keys.iter().any(|key| key.state == KeyState::Active && key.algorithm == algorithm)
        };
        let Some(next) = staged.iter().find(|key| key.state == KeyState::Next) else {
            let stays = |keys: &[StoredKey]| Ok(keys.to_vec());
            return Ok(self.replace(now, stays, Some(said)).await?);
        };
        if is_signing(&staged) {
            return Ok(self.rotate(now, said).await?);
        }
        let wait = self.policy.published_for.saturating_sub(now.since(next.changed_at));
        waiting(&next.kid, wait);
        tokio::time::sleep(wait).await;
        let now = clock.now();
        // A server may have been faster, and whoever changed the ring meanwhile is not overruled.
        let turn = |keys: &[StoredKey]| {
            let is_waiting =
                keys.iter().any(|key| key.state == KeyState::Next && key.kid == next.kid);
            if is_signing(keys) || !is_waiting {
                return Ok(keys.to_vec());
            }
            ring::rotate(keys, &self.policy, &self.sealing, self.entropy, now)
        };
        Ok(self.replace(now, turn, Some(said)).await?)
    }

    /// Has nothing that this key signed be good any more, and gives the ring as it is then.
    ///
    /// # Errors
    /// [`RingChangeError`].
    pub(crate) async fn retire(
        &self,
        kid: &str,
        now: Timestamp,
        said: Detail<'_>,
    ) -> Result<Vec<StoredKey>, RingChangeError> {
        let change = |keys: &[StoredKey]| {
            ring::retire(keys, kid, &self.policy, &self.sealing, self.entropy, now)
        };
        self.replace(now, change, Some(said)).await
    }

    /// Changes the ring from whatever it is by then, and writes what is said of it in the same transaction.
    async fn replace(
        &self,
        now: Timestamp,
        change: impl Fn(&[StoredKey]) -> Result<Vec<StoredKey>, RingError>,
        said: Option<Detail<'_>>,
    ) -> Result<Vec<StoredKey>, RingChangeError> {
        for _ in 0..MAX_TRIES {
            let (revision, keys) = self.store.key_ring().await?;
            let changed = change(&keys)?;
            let is_same = changed == keys;
            if is_same && said.is_none() {
                return Ok(keys);
            }
            // A ring with keys under two secrets opens for nobody: with the wrong secret nothing is written.
            KeyRing::open(&changed, &self.policy, &self.sealing)?;
            let key_ring = (!is_same).then(|| RingChange { revision, keys: changed.clone() });
            let events = said.iter().map(|(event, _)| Event::clone(event)).collect();
            let follows = Consequences { events, ..Consequences::default() };
            let commit =
                Commit { key_ring, ..Commit::default() }.followed_by(move |_| follows.clone());
            if self.store.commit(&commit, now).await?.is_ok() {
                if let Some((event, in_words)) = said {
                    log_event(event, in_words);
                }
                if !is_same {
                    tracing::info!(revision = revision + 1, "the key ring was changed");
                }
                return Ok(changed);
            }
        }
        Err(RingChangeError::Busy)
    }
}
