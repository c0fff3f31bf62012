//! An upload that comes in several requests.

use std::time::Duration;

use vestibule_core::{id::UserId, time::Timestamp};

use super::{Blob, FileName};
use crate::id::UploadId;

/// How long an upload waits for its next piece.
pub const UPLOAD_KEPT: Duration = Duration::from_secs(24 * 3600);

/// The fewest bytes that one request adds, but for the last one, so that no file falls into crumbs.
pub const MIN_SLICE: u64 = 256 * 1024;

/// An upload on its way. Its whole size counts on its owner's quota from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name in addresses.
    pub id: UploadId,
    /// Whose file it will be.
    pub owner: UserId,
    /// What the file will be called.
    pub name: FileName,
    /// Of the whole file, in bytes.
    pub size: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When something last arrived.
    pub touched_at: Timestamp,
    /// What has arrived, in its order.
    pub blobs: Vec<Blob>,
}

impl Upload {
    /// How many bytes have arrived.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.blobs.iter().fold(0, |sum, blob| sum.saturating_add(blob.size))
    }

    /// Whether everything has arrived.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.received() == self.size
    }

    /// Whether it has waited for too long.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.touched_at + UPLOAD_KEPT
    }

    /// Whether a piece that begins at `offset` may follow, and how many bytes of it at most. `length` is
    /// what was announced of it, if anything was.
    ///
    /// # Errors
    /// [`AppendError`]
    pub fn check_append(&self, offset: u64, length: Option<u64>) -> Result<u64, AppendError> {
        let received = self.received();
        if offset != received {
            return Err(AppendError::Offset { received });
        }
        let missing = self.size.saturating_sub(received);
        match length {
            Some(length) if length > missing => Err(AppendError::TooMuch { missing }),
            Some(length) if length < missing && length < MIN_SLICE => Err(AppendError::TooLittle),
            Some(_) | None => Ok(missing),
        }
    }
}

/// A piece does not fit to an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It does not begin where the last one ended.
    #[error("the next piece starts at byte {received}; send it with `Upload-Offset: {received}`")]
    Offset {
        /// What has arrived.
        received: u64,
    },
    /// It is longer than the rest of the file.
    #[error("{missing} bytes of the file are missing, but this piece has more")]
    TooMuch {
        /// What has not.
        missing: u64,
    },
    /// It is a crumb.
    #[error("a piece needs at least {MIN_SLICE} bytes, except for the last one")]
    TooLittle,
}
