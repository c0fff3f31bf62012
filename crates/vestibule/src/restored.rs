//! After a store was put back from a backup.

use vestibule_core::{
    feed::Epoch,
    id::{EpochId, SessionId},
    random::Entropy,
    ring::{self, KeyRing},
    session::EndReason,
    store::{SessionSelection, Store},
    time::Timestamp,
};

use crate::{
    config::{Config, Signing},
    keys::{KeyRingError, policy},
};

/// Lets nothing from before be good in a store that was put back from a backup: ends all sessions, replaces all
/// signing keys, and begins another epoch of the feed, by which every node reads everything again. Gives the
/// sessions that it ended. To do so twice does no harm.
///
/// An older store has sessions that were ended since, and keys that were retired because they had leaked. With
/// [`Signing::Shared`] the key is the configuration's and stays: nodes have tokens from before renewed.
///
/// # Errors
/// [`KeyRingError`]; whatever was done by then stays done.
pub async fn after_restore(
    store: &dyn Store,
    config: &Config,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Vec<SessionId>, KeyRingError> {
    let everybody = SessionSelection::All;
    let ended = store.end_sessions(everybody, EndReason::EndedByAdmin, now).await?;
    if let Signing::Ring(algorithm) = &config.signing {
        let policy = policy(*algorithm, &config.lifetimes);
        let sealing = config.secret.sealing_key();
        loop {
            let (revision, keys) = store.key_ring().await?;
            let replaced = ring::replace_all(&keys, &policy, &sealing, entropy, now)?;
            // With a secret that does not fit nothing is written.
            KeyRing::open(&replaced, &policy, &sealing)?;
            if store.replace_key_ring(revision, &replaced, now).await? {
                break;
            }
        }
    }
    // Last: a node that notices it reads all of that.
    store.begin_epoch(Epoch { id: EpochId::draw(entropy), began_at: now }).await?;
    Ok(ended)
}
