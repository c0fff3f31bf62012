//! Removing what nobody asks for any more: contents of deleted and replaced files, uploads that were never
//! finished, and what a crash left behind.
//!
//! A blob that no row names is marked, and removed where it is still so a day later; never at a start. What lay
//! there before this database took the place over (`home`), and everything while the database is older than it
//! was once seen, is left alone.
//!
//! Every node looks, and a lease keeps them from doing the same at once. Should two do so after all, no harm
//! is done: removing is the same whoever does it, and once more.

use std::{collections::HashSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::TryStreamExt as _;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use vestibule::{
    Vestibule,
    core::{random, store::StoreError, time::Timestamp},
};
use vestibule_files::BlobError;
use vestibule_site::file::{BlobKey, UPLOAD_KEPT};

use super::{
    Files,
    home::{self, HomeError},
};

/// Between two looks at what the catalogue has dropped.
const PERIOD: Duration = Duration::from_secs(60);
/// Between two looks through everything that lies where contents lie.
const LOOK_THROUGH: Duration = Duration::from_secs(24 * 3600);
/// For so long a content that was dropped is still there, for those who are reading it.
const DROPPED_KEPT: Duration = Duration::from_secs(5 * 60);
/// A blob without a row that is younger may belong to an upload that is under way.
const STRAY_KEPT: Duration = Duration::from_secs(24 * 3600);
/// After a start nothing is looked through before so long.
const FIRST_LOOK_THROUGH: Duration = Duration::from_secs(3600);
/// How often it is noted how far the store's history has come.
const NOTE: Duration = Duration::from_secs(3600);
/// What is looked at in one go.
const BATCH: usize = 500;

/// The lease of the frequent look, and of the long one.
const DROPPED_LEASE: &str = "files dropped";
const STRAY_LEASE: &str = "files stray";
/// The long look is taken at most so often, however many nodes there are.
const STRAY_LEASE_KEPT: Duration = Duration::from_secs(3600);

/// The one of a node who cleans up.
pub(crate) struct Cleanup {
    files: Files,
    auth: Vestibule,
    /// What this node is called in leases.
    holder: String,
    started: Timestamp,
    noted: Timestamp,
    looked_through: Option<Timestamp>,
}

/// What a look has found and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) uploads: u64,
    pub(crate) dropped: u64,
    pub(crate) stray: u64,
}

/// Why a look was broken off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Interrupted {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl Cleanup {
    pub(crate) fn new(files: &Files, auth: &Vestibule) -> Self {
        let name: [u8; 12] = random::draw(auth.entropy());
        let holder = URL_SAFE_NO_PAD.encode(name);
        let started = auth.now();
        Self {
            files: files.clone(),
            auth: auth.clone(),
            holder,
            started,
            noted: started,
            looked_through: None,
        }
    }

    /// Cleans up, beginning now, until `stop`.
    pub(crate) fn start(mut self, stop: CancellationToken) {
        tokio::spawn(async move {
            let mut tick = interval(PERIOD);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = tick.tick() => {}
                    () = stop.cancelled() => return,
                }
                // A look that takes long ends with the site.
                tokio::select! {
                    () = self.round() => {}
                    () = stop.cancelled() => return,
                }
            }
        });
    }

    async fn round(&mut self) {
        match self.look().await {
            Ok(removed) if removed == Removed::default() => {}
            Ok(Removed { uploads, dropped, stray }) => {
                tracing::info!(uploads, dropped, stray, "removed unused files");
            }
            Err(error) => {
                tracing::warn!(%error, "could not remove unused files; retrying");
            }
        }
    }

    /// One look, as far as no other node is at it.
    pub(crate) async fn look(&mut self) -> Result<Removed, Interrupted> {
        let now = self.auth.now();
        let mut removed = Removed::default();
        if self.take(DROPPED_LEASE, now, PERIOD).await? {
            let catalogue = &self.files.catalogue;
            removed.uploads = catalogue.expire_uploads(now - UPLOAD_KEPT, now).await?;
            removed.dropped = self.remove_dropped(now - DROPPED_KEPT).await?;
        }
        if now >= self.noted + NOTE {
            self.files.note_history().await?;
            self.noted = now;
        }
        let is_due = now >= self.started + FIRST_LOOK_THROUGH
            && self.looked_through.is_none_or(|last| now >= last + LOOK_THROUGH);
        if is_due && self.take(STRAY_LEASE, now, STRAY_LEASE_KEPT).await? {
            removed.stray = self.remove_stray(now).await?;
            self.looked_through = Some(now);
        }
        Ok(removed)
    }

    async fn take(&self, lease: &str, now: Timestamp, kept: Duration) -> Result<bool, StoreError> {
        self.files.catalogue.take_lease(lease, &self.holder, now, now + kept).await
    }

    async fn remove_dropped(&self, before: Timestamp) -> Result<u64, Interrupted> {
        let mut count = 0;
        loop {
            let limit = u32::try_from(BATCH).unwrap_or(u32::MAX);
            let keys = self.files.catalogue.dropped_blobs(before, limit).await?;
            for key in &keys {
                self.files.blobs.remove(*key).await?;
            }
            self.files.catalogue.forget_blobs(&keys).await?;
            count += keys.len() as u64;
            if keys.len() < BATCH {
                return Ok(count);
            }
        }
    }

    async fn remove_stray(&self, now: Timestamp) -> Result<u64, Interrupted> {
        let before = now - STRAY_KEPT;
        let (blobs, catalogue) = (&self.files.blobs, &*self.files.catalogue);
        let home = home::settle(blobs, catalogue, self.auth.entropy()).await?;
        if home::note_history(&home, blobs, catalogue).await?.is_err() {
            // It was said a moment ago.
            return Ok(0);
        }
        let mut count = blobs.remove_drafts(before).await?;
        let mut found = blobs.list();
        let mut old = Vec::new();
        while let Some(found) = found.try_next().await? {
            if found.written_at < before && found.written_at >= home.known.since {
                old.push(found.key);
            }
            if old.len() == BATCH {
                count += self.remove_unknown(&std::mem::take(&mut old), now).await?;
            }
        }
        Ok(count + self.remove_unknown(&old, now).await?)
    }

    /// Marks those of the blobs that nobody knows, and removes those that were marked a day ago.
    async fn remove_unknown(&self, keys: &[BlobKey], now: Timestamp) -> Result<u64, Interrupted> {
        let catalogue = &self.files.catalogue;
        let known: HashSet<_> = catalogue.known_blobs(keys).await?.into_iter().collect();
        let unknown: Vec<_> = keys.iter().copied().filter(|key| !known.contains(key)).collect();
        if unknown.is_empty() {
            return Ok(0);
        }
        let marked = catalogue.mark_strays(&unknown, now).await?;
        let is_due = |(_, since): &(BlobKey, Timestamp)| now >= *since + STRAY_KEPT;
        let due: Vec<_> = marked.into_iter().filter(is_due).map(|(key, _)| key).collect();
        for key in &due {
            self.files.blobs.remove(*key).await?;
        }
        catalogue.forget_strays(&due).await?;
        Ok(due.len() as u64)
    }
}

impl std::fmt::Debug for Cleanup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cleanup").field("holder", &self.holder).finish_non_exhaustive()
    }
}
