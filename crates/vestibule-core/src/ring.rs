//! The key ring: the keys that access tokens are signed and verified with.
//!
//! A key is born `next`: others may already fetch it, nothing is signed with it. It becomes `active`,
//! then `retiring`, when what it signed is still good, and `retired` when nothing it signed can still
//! live. A leaked key is retired at once, and its tokens with it.

use std::{collections::HashMap, fmt, str::FromStr, time::Duration};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::{
    jws::{Algorithm, Jwk, KeyError, Signer, Verifier},
    random::{self, Entropy},
    secret::{SealError, SealingKey},
    session::UnknownName,
    time::Timestamp,
};

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, not yet signing.
    Next,
    /// Signing.
    Active,
    /// No longer signing; what it signed is good until it expires.
    Retiring,
    /// Nothing that it signed is good.
    Retired,
}

impl KeyState {
    /// Its name in listings and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyState {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        [Self::Next, Self::Active, Self::Retiring, Self::Retired]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or(UnknownName)
    }
}

/// A key as the store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name in headers.
    pub kid: String,
    /// What it is for.
    pub algorithm: Algorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// The private key (PKCS #8), encrypted under the site's secret.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it came into its present state.
    pub changed_at: Timestamp,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl StoredKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`RingError`] where the cryptographic library cannot make or encrypt one.
    pub fn generate(
        algorithm: Algorithm,
        state: KeyState,
        sealing: &SealingKey,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<Self, RingError> {
        let kid = URL_SAFE_NO_PAD.encode(random::draw::<9>(entropy));
        let sealed = sealing.seal(&kid, &Signer::generate(algorithm)?, entropy)?;
        Ok(Self { kid, algorithm, state, sealed, created_at: now, changed_at: now })
    }

    fn moved(&self, state: KeyState, now: Timestamp) -> Self {
        Self { state, changed_at: now, ..self.clone() }
    }
}

/// How many keys of a ring may verify at once. Whoever rotates faster than keys retire is refused.
pub const MAX_LIVE_KEYS: usize = 16;
/// How many retired keys are listed at most; the oldest go first.
pub const MAX_RETIRED_KEYS: usize = 32;

/// How long keys live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationPolicy {
    /// The algorithm of the first keys. A ring that is there goes on with its own ([`change_algorithm`]), so
    /// that nodes whose configurations differ do not rotate against each other.
    pub algorithm: Algorithm,
    /// How long a key is published before it may sign by itself.
    pub published_for: Duration,
    /// How long a key signs.
    pub active_for: Duration,
    /// How long what it signed may live after that.
    pub retiring_for: Duration,
    /// How long a retired key is still listed.
    pub listed_for: Duration,
}

/// The ring as it has to be at `now`, or `None` where it is right as it is.
///
/// A new ring gets an active and a next key. The next key takes over once it was published for long enough
/// and the active one has signed for its time, or is of another algorithm.
///
/// # Errors
/// [`RingError`] where a key cannot be made.
pub fn tend(
    keys: &[StoredKey],
    policy: &RotationPolicy,
    sealing: &SealingKey,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Option<Vec<StoredKey>>, RingError> {
    let mut ring = keys.to_vec();
    for key in &mut ring {
        if key.state == KeyState::Retiring && now.since(key.changed_at) >= policy.retiring_for {
            *key = key.moved(KeyState::Retired, now);
        }
    }
    if is_due(&ring, policy, now) {
        ring = succeed(&ring, policy, sealing, entropy, now)?;
    }
    complete(&mut ring, policy, sealing, entropy, now)?;
    ring.retain(|key| {
        key.state != KeyState::Retired || now.since(key.changed_at) < policy.listed_for
    });
    forget_oldest(&mut ring);
    Ok((ring != keys).then_some(ring))
}

/// Whether the next key takes over by itself.
fn is_due(ring: &[StoredKey], policy: &RotationPolicy, now: Timestamp) -> bool {
    let (Some(active), Some(next)) =
        (in_state(ring, KeyState::Active), in_state(ring, KeyState::Next))
    else {
        return false;
    };
    now.since(next.changed_at) >= policy.published_for
        && (now.since(active.changed_at) >= policy.active_for || active.algorithm != next.algorithm)
}

/// Makes what is missing: a key that signs, and one that is published and waits.
fn complete(
    ring: &mut Vec<StoredKey>,
    policy: &RotationPolicy,
    sealing: &SealingKey,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(), RingError> {
    let of_ring = |ring: &[StoredKey], state| in_state(ring, state).map(|key| key.algorithm);
    for (state, other) in [(KeyState::Active, KeyState::Next), (KeyState::Next, KeyState::Active)] {
        if in_state(ring, state).is_none() {
            let algorithm = of_ring(ring, other).unwrap_or(policy.algorithm);
            ring.push(StoredKey::generate(algorithm, state, sealing, entropy, now)?);
        }
    }
    Ok(())
}

fn in_state(ring: &[StoredKey], state: KeyState) -> Option<&StoredKey> {
    ring.iter().find(|key| key.state == state)
}

fn forget_oldest(ring: &mut Vec<StoredKey>) {
    let mut retired: Vec<_> = ring
        .iter()
        .filter(|key| key.state == KeyState::Retired)
        .map(|key| key.changed_at)
        .collect();
    retired.sort_unstable();
    for oldest in retired.iter().take(retired.len().saturating_sub(MAX_RETIRED_KEYS)) {
        let place =
            ring.iter().position(|key| key.state == KeyState::Retired && key.changed_at == *oldest);
        if let Some(place) = place {
            ring.remove(place);
        }
    }
}

/// The ring after the next key has taken over from the active one.
///
/// # Errors
/// [`RingError::TooManyKeys`], or where a key cannot be made.
pub fn rotate(
    keys: &[StoredKey],
    policy: &RotationPolicy,
    sealing: &SealingKey,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Vec<StoredKey>, RingError> {
    if keys.iter().filter(|key| key.state != KeyState::Retired).count() >= MAX_LIVE_KEYS {
        return Err(RingError::TooManyKeys);
    }
    succeed(keys, policy, sealing, entropy, now)
}

fn succeed(
    keys: &[StoredKey],
    policy: &RotationPolicy,
    sealing: &SealingKey,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Vec<StoredKey>, RingError> {
    let mut ring: Vec<_> = keys
        .iter()
        .map(|key| match key.state {
            KeyState::Active => key.moved(KeyState::Retiring, now),
            KeyState::Next => key.moved(KeyState::Active, now),
            KeyState::Retiring | KeyState::Retired => key.clone(),
        })
        .collect();
    complete(&mut ring, policy, sealing, entropy, now)?;
    forget_oldest(&mut ring);
    Ok(ring)
}

/// The ring whose next key is of this algorithm. It is published from now on, and takes over from the active
/// one after [`RotationPolicy::published_for`] ([`tend`]), or where somebody rotates.
///
/// # Errors
/// [`RingError`] where a key cannot be made.
pub fn change_algorithm(
    keys: &[StoredKey],
    algorithm: Algorithm,
    policy: &RotationPolicy,
    sealing: &SealingKey,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Vec<StoredKey>, RingError> {
    let mut ring = keys.to_vec();
    for key in &mut ring {
        if key.state == KeyState::Next && key.algorithm != algorithm {
            *key = key.moved(KeyState::Retired, now);
        }
    }
    if in_state(&ring, KeyState::Next).is_none() {
        ring.push(StoredKey::generate(algorithm, KeyState::Next, sealing, entropy, now)?);
    }
    complete(&mut ring, policy, sealing, entropy, now)?;
    forget_oldest(&mut ring);
    Ok(ring)
}

/// The ring after all of its keys were retired at once and others made: nothing that was ever signed is good.
///
/// # Errors
/// [`RingError`] where a key cannot be made.
pub fn replace_all(
    keys: &[StoredKey],
    policy: &RotationPolicy,
    sealing: &SealingKey,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Vec<StoredKey>, RingError> {
    let algorithm = in_state(keys, KeyState::Active).map_or(policy.algorithm, |key| key.algorithm);
    let retired = |key: &StoredKey| match key.state {
        KeyState::Retired => key.clone(),
        KeyState::Next | KeyState::Active | KeyState::Retiring => key.moved(KeyState::Retired, now),
    };
    let mut ring: Vec<_> = keys.iter().map(retired).collect();
    complete(&mut ring, &RotationPolicy { algorithm, ..*policy }, sealing, entropy, now)?;
    forget_oldest(&mut ring);
    Ok(ring)
}

/// The ring after one key was retired at once: everything that it signed is refused from now on.
///
/// # Errors
/// [`RingError::NoSuchKey`], or where a key to take its place cannot be made.
pub fn retire(
    keys: &[StoredKey],
    kid: &str,
    policy: &RotationPolicy,
    sealing: &SealingKey,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Vec<StoredKey>, RingError> {
    let state = keys.iter().find(|key| key.kid == kid).ok_or(RingError::NoSuchKey)?.state;
    let ring = match state {
        // However many there are: a leaked key has to go.
        KeyState::Active => succeed(keys, policy, sealing, entropy, now)?,
        KeyState::Next | KeyState::Retiring | KeyState::Retired => keys.to_vec(),
    };
    let ring: Vec<_> = ring
        .into_iter()
        .map(|key| {
            if key.kid == kid && key.state != KeyState::Retired {
                key.moved(KeyState::Retired, now)
            } else {
                key
            }
        })
        .collect();
    Ok(tend(&ring, policy, sealing, entropy, now)?.unwrap_or(ring))
}

/// The ring with all keys sealed under the present secret. Retired ones that open under neither stay as they
/// are: nobody opens them any more.
///
/// # Errors
/// [`SealError`] where another key opens under neither.
pub fn reseal(
    keys: &[StoredKey],
    sealing: &SealingKey,
    entropy: &dyn Entropy,
) -> Result<Vec<StoredKey>, SealError> {
    let reseal = |key: &StoredKey| match sealing.reseal(&key.kid, &key.sealed, entropy) {
        Ok(Some(sealed)) => Ok(StoredKey { sealed, ..key.clone() }),
        Ok(None) => Ok(key.clone()),
        Err(_) if key.state == KeyState::Retired => Ok(key.clone()),
        Err(error) => Err(error),
    };
    keys.iter().map(reseal).collect()
}

/// The ring in memory, ready to sign and verify.
#[derive(Debug)]
pub struct KeyRing {
    active: Signer,
    verifiers: HashMap<String, (Verifier, Option<Timestamp>)>,
    published: Vec<Jwk>,
}

impl KeyRing {
    /// Opens a stored ring.
    ///
    /// # Errors
    /// [`RingError`] where a key was made under another secret, or no key is active.
    pub fn open(
        keys: &[StoredKey],
        policy: &RotationPolicy,
        sealing: &SealingKey,
    ) -> Result<Self, RingError> {
        let mut active = None;
        let mut verifiers = HashMap::new();
        let mut published = Vec::new();
        for key in keys.iter().filter(|key| key.state != KeyState::Retired) {
            let signer =
                Signer::from_pkcs8(key.algorithm, &key.kid, &sealing.open(&key.kid, &key.sealed)?)?;
            let verifier = signer.verifier();
            published.extend(verifier.jwk());
            let until =
                (key.state == KeyState::Retiring).then(|| key.changed_at + policy.retiring_for);
            // A next key verifies already: another node may have rotated a moment before this one
            // hears of it.
            verifiers.insert(key.kid.clone(), (verifier, until));
            if key.state == KeyState::Active {
                active = Some(signer);
            }
        }
        Ok(Self { active: active.ok_or(RingError::NoActiveKey)?, verifiers, published })
    }

    /// A ring of one symmetric key that is given by the configuration and never rotates by itself.
    #[must_use]
    pub fn symmetric(key: &[u8]) -> Self {
        let kid = digest::digest(&digest::SHA256, &[b"vestibule kid v1 ", key].concat());
        let kid = URL_SAFE_NO_PAD.encode(kid.as_ref().get(..9).unwrap_or_default());
        let signer = Signer::from_mac_key(
            &kid,
            aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key),
        );
        let verifiers = HashMap::from([(kid, (signer.verifier(), None))]);
        Self { active: signer, verifiers, published: Vec::new() }
    }

    /// The key that signs.
    #[must_use]
    pub const fn active(&self) -> &Signer {
        &self.active
    }

    /// The key of this name, if what it signed is still good at `now`.
    #[must_use]
    pub fn verifier(&self, kid: &str, now: Timestamp) -> Option<&Verifier> {
        let (verifier, until) = self.verifiers.get(kid)?;
        until.is_none_or(|until| now < until).then_some(verifier)
    }

    /// The public keys, as `/.well-known/jwks.json` shows them (RFC 7517 section 5).
    #[must_use]
    pub fn published(&self) -> &[Jwk] {
        &self.published
    }
}

/// The key ring cannot be used or changed.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// A key is damaged or was made under another secret.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// The cryptographic library refused.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is nothing to sign with.
    #[error("no key of the ring is active; run `vestibule key rotate`")]
    NoActiveKey,
    /// So many keys still verify that no further one is made.
    #[error(
        "{MAX_LIVE_KEYS} keys are in use, and their signatures are still valid; wait until some have \
         retired, or retire one with `vestibule key retire`"
    )]
    TooManyKeys,
    /// The name is in no listing.
    #[error("there is no such key; run `vestibule key list` to see the ring")]
    NoSuchKey,
}

crate::readable_debug!(RingError);

#[cfg(test)]
mod tests;
