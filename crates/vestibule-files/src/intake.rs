//! Taking in a content as it arrives.

use bytes::{Bytes, BytesMut};
use vestibule_core::random::Entropy;
use vestibule_site::file::{Blob, BlobKey, Content, FileName, HEAD_BYTES, MAX_BLOB, sha256, sniff};

use crate::{BlobError, Blobs};

/// A content on its way in: what has arrived is written blob by blob.
///
/// Dropped before it is finished, because the client has gone away for example, it removes what it has
/// written.
pub struct Intake<'e> {
    blobs: Blobs,
    entropy: &'e dyn Entropy,
    /// How many bytes may still come.
    room: u64,
    limit: u64,
    head: Vec<u8>,
    waiting: BytesMut,
    written: Vec<Blob>,
}

impl<'e> Intake<'e> {
    /// Begins to take in at most `limit` bytes.
    #[must_use]
    pub fn new(blobs: &Blobs, entropy: &'e dyn Entropy, limit: u64) -> Self {
        Self {
            blobs: blobs.clone(),
            entropy,
            room: limit,
            limit,
            head: Vec::new(),
            waiting: BytesMut::new(),
            written: Vec::new(),
        }
    }

    /// Takes in what comes next, and gives the blobs that were written whole with it.
    ///
    /// # Errors
    /// [`IntakeError`]; nothing more is taken in then.
    pub async fn take(&mut self, mut bytes: Bytes) -> Result<Vec<Blob>, IntakeError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let Some(room) = self.room.checked_sub(length) else {
            self.room = 0;
            return Err(IntakeError::TooLarge { limit: self.limit });
        };
        self.room = room;
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(bytes.get(..missing).unwrap_or_default());
        let whole = usize::try_from(MAX_BLOB).unwrap_or(usize::MAX);
        let first = self.written.len();
        while !bytes.is_empty() {
            let fits = whole.saturating_sub(self.waiting.len()).min(bytes.len());
            self.waiting.extend_from_slice(&bytes.split_to(fits));
            if self.waiting.len() == whole {
                self.write().await?;
            }
        }
        Ok(self.written.get(first..).unwrap_or_default().to_vec())
    }

    /// How many bytes have arrived that are not written yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        u64::try_from(self.waiting.len()).unwrap_or(u64::MAX)
    }

    /// Writes what waits, and gives the blob. `None` where nothing does.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]
    pub async fn flush(&mut self) -> Result<Option<Blob>, BlobError> {
        let had = self.written.len();
        self.write().await?;
        Ok(self.written.get(had).copied())
    }

    /// These blobs have an owner now: they are not removed, whatever comes.
    pub fn release(&mut self) {
        self.written.clear();
    }

    /// Writes what waits, and gives the whole. Whoever gets it has to name its blobs in the catalogue, or
    /// remove them with [`Blobs::discard`].
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]
    pub async fn finish(mut self, name: &FileName) -> Result<Content, BlobError> {
        self.write().await?;
        let kind = sniff(&self.head, name).to_owned();
        Ok(Content { kind, blobs: std::mem::take(&mut self.written) })
    }

    async fn write(&mut self) -> Result<(), BlobError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let bytes = self.waiting.split().freeze();
        let blob = Blob {
            key: BlobKey::draw(self.entropy),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            digest: sha256(&bytes),
        };
        // Noted before it is written: a write that was given up may still be carried out.
        self.written.push(blob);
        self.blobs.put(blob.key, bytes).await
    }
}

impl Drop for Intake<'_> {
    fn drop(&mut self) {
        self.blobs.discard(&std::mem::take(&mut self.written));
    }
}

impl Blobs {
    /// Removes blobs that nobody will ask for, without waiting for it. What cannot be removed now is left to
    /// the next clean-up.
    pub fn discard(&self, blobs: &[Blob]) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if blobs.is_empty() {
            return;
        }
        let (place, blobs) = (self.clone(), blobs.to_vec());
        runtime.spawn(async move {
            for blob in blobs {
                if let Err(error) = place.remove(blob.key).await {
                    tracing::warn!(%error, "could not remove the received part of an upload; retrying");
                    return;
                }
            }
        });
    }
}

/// A content cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It is larger than may be.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// Allowed.
        limit: u64,
    },
    /// It cannot be written.
    #[error(transparent)]
    Blob(#[from] BlobError),
}
