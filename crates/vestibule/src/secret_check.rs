//! Whether a secret is that of a store, and sealing anew what was sealed under the one before.

use vestibule_core::{
    random::Entropy,
    ring::{self, KeyState, StoredKey},
    secret::{MadeUnder, SealError, SiteSecret},
    store::{Store, StoreError},
    time::Timestamp,
};

/// The name of the check among the values of a store.
pub const CHECK: &str = "secret check";

/// Makes sure that what lies in the store was sealed under this secret, or under its previous one. Where the
/// store holds nothing to tell it by, it does from now on: a node with another secret would start and then
/// refuse everybody.
///
/// # Errors
/// [`SecretError`]; its text says what to do.
pub async fn check_secret(
    store: &dyn Store,
    secret: &SiteSecret,
    entropy: &dyn Entropy,
) -> Result<MadeUnder, SecretError> {
    if let Some(check) = store.site_value(CHECK).await? {
        return Ok(secret.check(&check)?);
    }
    // A database from before there was a check.
    let (_, keys) = store.key_ring().await?;
    let sealing = secret.sealing_key();
    for key in keys.iter().filter(|key| key.state != KeyState::Retired) {
        sealing.open(&key.kid, &key.sealed)?;
    }
    let check = secret.seal_check(entropy)?;
    if store.replace_site_value(CHECK, None, &check).await? {
        return Ok(MadeUnder::Present);
    }
    // Another node was faster.
    match store.site_value(CHECK).await? {
        Some(check) => Ok(secret.check(&check)?),
        None => Ok(MadeUnder::Present),
    }
}

/// Seals the key ring and the check under the present secret, and says how many keys that were. After it the
/// store no longer needs the previous one.
///
/// # Errors
/// [`SecretError`] where something was sealed under neither secret.
pub async fn reseal(
    store: &dyn Store,
    secret: &SiteSecret,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<usize, SecretError> {
    let sealing = secret.sealing_key();
    let count = loop {
        let (revision, keys) = store.key_ring().await?;
        let resealed = ring::reseal(&keys, &sealing, entropy)?;
        let is_other = |(old, new): &(&StoredKey, &StoredKey)| old != new;
        let count = keys.iter().zip(&resealed).filter(is_other).count();
        if count == 0 || store.replace_key_ring(revision, &resealed, now).await? {
            break count;
        }
    };
    // Last: until here the previous secret is still needed.
    loop {
        let kept = store.site_value(CHECK).await?;
        if let Some(check) = &kept
            && secret.check(check)? == MadeUnder::Present
        {
            return Ok(count);
        }
        let check = secret.seal_check(entropy)?;
        if store.replace_site_value(CHECK, kept.as_deref(), &check).await? {
            return Ok(count);
        }
    }
}

/// The secret is not that of the store, or the store cannot say.
#[derive(thiserror::Error)]
pub enum SecretError {
    /// It is another one.
    #[error(transparent)]
    Wrong(#[from] SealError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

vestibule_core::readable_debug!(SecretError);
