//! Files that people keep on a site: what may be done with them, and by whom.
//!
//! A file is a row of the catalogue ([`crate::store::FileCatalogue`]) and a content. The content lies
//! somewhere else, on a disk or in a bucket, cut into blobs of at most [`MAX_BLOB`] bytes. Each has a
//! key that is drawn for it and never used again, and is written before any row names it: whoever
//! crashes in between leaves a blob that nobody ever sees, and that the next clean-up removes.

mod access;
mod fault;
mod home;
mod kind;
mod name;
mod quota;
mod tag;
mod upload;

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;

pub use access::{Access, AccessRefused, ShareAccess, UnknownAccess, access};
pub use home::{Belongs, Contents, KnownPlace, NotOurs, PlaceNote, belongs};
pub use kind::{HEAD_BYTES, is_harmless, is_image, served_as, sniff};
pub use name::{FileName, FileNameError};
pub use quota::{OverQuota, Quota, Usage};
pub use tag::{ETag, NotATag, Stale, Tags, check_overwrite};
pub use upload::{AppendError, MIN_SLICE, UPLOAD_KEPT, Upload};

use vestibule_core::{
    id::{InvalidId, UserId},
    random::{self, Entropy},
    time::Timestamp,
};

use crate::id::FileId;

/// The most bytes of one blob: what is held in memory of an upload at any time.
pub const MAX_BLOB: u64 = 4 * 1024 * 1024;

/// With how many people one file can be shared.
pub const MAX_SHARES: u32 = 100;

/// A file as the catalogue keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in addresses.
    pub id: FileId,
    /// Whose it is, and on whose quota it counts.
    pub owner: UserId,
    /// Its name as typed.
    pub name: FileName,
    /// Its media type, as its content says (RFC 6838), without parameters.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// What [`digest_of`] gives for its content.
    pub digest: Digest,
    /// How many contents it has had, the present one included.
    pub version: u64,
    /// Who wrote the present content.
    pub changed_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the present content was written.
    pub changed_at: Timestamp,
}

impl File {
    /// The validator of its present content.
    #[must_use]
    pub fn tag(&self) -> ETag {
        ETag::of(&self.digest, self.version)
    }
}

/// A content that lies where contents lie, and is nobody's yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its media type.
    pub kind: String,
    /// Its blobs, in their order.
    pub blobs: Vec<Blob>,
}

impl Content {
    /// Bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.blobs.iter().fold(0, |sum, blob| sum.saturating_add(blob.size))
    }

    /// What [`digest_of`] gives for it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest_of(&self.blobs)
    }
}

/// A file that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// A name that was drawn for it.
    pub id: FileId,
    /// Whose it will be.
    pub owner: UserId,
    /// Its name as typed.
    pub name: FileName,
    /// What it holds.
    pub content: Content,
}

/// A piece of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Where it lies.
    pub key: BlobKey,
    /// Bytes; never 0.
    pub size: u64,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
}

/// A SHA-256.
pub type Digest = [u8; 32];

/// One digest of a content, from those of its blobs: SHA-256 over the size (eight bytes, the highest first)
/// and the SHA-256 of each. So it is known without reading again what arrived in earlier requests. The same
/// bytes in other pieces have another one.
#[must_use]
pub fn digest_of(blobs: &[Blob]) -> Digest {
    let mut whole = digest::Context::new(&digest::SHA256);
    for blob in blobs {
        whole.update(&blob.size.to_be_bytes());
        whole.update(&blob.digest);
    }
    bytes_of(&whole.finish())
}

/// The SHA-256 of these bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    bytes_of(&digest::digest(&digest::SHA256, bytes))
}

fn bytes_of(digest: &digest::Digest) -> Digest {
    let mut bytes = [0; 32];
    // Both have 32 bytes.
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, digest)| *byte = *digest);
    bytes
}

/// Where a blob lies: 128 random bits, written as 32 hexadecimal digits, since some file systems take upper
/// and lower case for the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey([u8; 16]);

impl BlobKey {
    /// Draws a new one.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(random::draw(entropy))
    }

    /// The one with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobKey({self})")
    }
}

impl FromStr for BlobKey {
    type Err = InvalidId;

    /// Reads the one spelling that [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() != 32 || text.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(InvalidId);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| InvalidId)?;
        Ok(Self(number.to_be_bytes()))
    }
}
