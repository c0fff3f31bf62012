//! A place for blobs.

use std::{fmt, future::ready, ops::Range, path::Path as FilePath, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::BoxStream};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, path::Path};
use url::Url;
use vestibule_core::time::Timestamp;
use vestibule_site::file::{Blob, BlobKey, PlaceNote};

use crate::{bucket, folder, read};

/// After this time each operation is answered: done, or unavailable.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// Below what blobs lie, so that whatever else is in the folder or bucket is left alone.
const TOP: &str = "blobs";
/// Beside them: whose this place is.
const NOTE: &str = "vestibule-place";

/// A place for blobs. Cloning is cheap; all clones are the same one.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    top: Path,
    note: Path,
    folder: Option<Arc<FilePath>>,
}

impl Blobs {
    /// A folder, which is made where it is not there yet, for its owner only (mode 0700). Blocks for as long
    /// as the disk takes.
    ///
    /// # Errors
    /// [`OpenError`] where it cannot be made.
    pub fn in_folder(folder: &FilePath) -> Result<Self, OpenError> {
        let store = folder::open(folder)?;
        Ok(Self {
            store: Arc::new(store),
            top: Path::from(TOP),
            note: Path::from(NOTE),
            folder: Some(folder.join(TOP).into()),
        })
    }

    /// A bucket: `s3://bucket?region=…&endpoint=…`, with a path where only what is below it is ours.
    ///
    /// Key and secret stand in front of the bucket's name (`s3://key:secret@bucket`), else in the usual
    /// variables (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`), else the machine's own
    /// role is asked. `AWS_REGION` and `AWS_ENDPOINT_URL` count where the URL does not say otherwise. Nothing
    /// is asked of the bucket yet: a site starts also while it cannot be reached.
    ///
    /// # Errors
    /// [`OpenError`] where the URL says something that is not known here.
    pub fn in_bucket(url: &Url) -> Result<Self, OpenError> {
        let (store, below) = bucket::open(url)?;
        Ok(Self {
            store: Arc::new(store),
            note: below.clone().join(NOTE),
            top: below.join(TOP),
            folder: None,
        })
    }

    /// What this place says of itself; `None` where it says nothing yet.
    ///
    /// # Errors
    /// [`BlobError`]
    pub async fn note(&self) -> Result<Option<PlaceNote>, BlobError> {
        let read = async { self.store.get(&self.note).await?.bytes().await };
        let bytes = match in_time(read).await? {
            Ok(bytes) => bytes,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        let note = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
        note.map(Some).ok_or(BlobError::DamagedNote)
    }

    /// Says of this place what it did not say yet: `false` where it says something already.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]
    pub async fn write_first_note(&self, note: &PlaceNote) -> Result<bool, BlobError> {
        let text = note.to_string().into();
        let write = self.store.put_opts(&self.note, text, PutMode::Create.into());
        match in_time(write).await? {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            // A store that cannot do that: whoever reads it afterwards knows who came last.
            Err(object_store::Error::NotImplemented { .. }) => {
                self.write_note(note).await.map(|()| true)
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Says of this place something else than it said before.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]
    pub async fn write_note(&self, note: &PlaceNote) -> Result<(), BlobError> {
        let written = in_time(self.store.put(&self.note, note.to_string().into())).await?;
        written.map(|_| ()).map_err(unavailable)
    }

    /// Writes a blob. Once it has returned, the blob is durable.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]; the blob may then be there or not, but not by half.
    pub async fn put(&self, key: BlobKey, bytes: Bytes) -> Result<(), BlobError> {
        let path = self.path(key);
        in_time(self.store.put(&path, bytes.into())).await?.map(|_| ()).map_err(unavailable)
    }

    /// The bytes of `range` of the content that consists of `blobs`. They are read piece by piece as they
    /// are asked for: whoever reads slowly holds neither memory nor a connection to the store.
    pub fn read(
        &self,
        blobs: Vec<Blob>,
        range: Range<u64>,
    ) -> BoxStream<'static, Result<Bytes, BlobError>> {
        read::pieces(self.clone(), blobs, range)
    }

    /// Some bytes of one blob.
    pub(crate) async fn read_piece(
        &self,
        key: BlobKey,
        range: Range<u64>,
    ) -> Result<Bytes, BlobError> {
        let path = self.path(key);
        let length = range.end.saturating_sub(range.start);
        let bytes = match in_time(self.store.get_range(&path, range)).await? {
            Ok(bytes) => bytes,
            Err(object_store::Error::NotFound { .. }) => return Err(BlobError::Missing(key)),
            Err(error) => return Err(unavailable(error)),
        };
        if u64::try_from(bytes.len()).is_ok_and(|read| read == length) {
            Ok(bytes)
        } else {
            Err(BlobError::Missing(key))
        }
    }

    /// Removes a blob. One that is not there is removed already.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]
    pub async fn remove(&self, key: BlobKey) -> Result<(), BlobError> {
        let path = self.path(key);
        match in_time(self.store.delete(&path)).await? {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// All blobs, in no order. What is not named like one is passed over.
    pub fn list(&self) -> BoxStream<'static, Result<Found, BlobError>> {
        let blobs = self.store.list(Some(&self.top)).filter_map(|object| {
            ready(match object {
                Ok(object) => found(&object).map(Ok),
                Err(error) => Some(Err(unavailable(error))),
            })
        });
        blobs.boxed()
    }

    /// Removes what was being written before `before` when somebody crashed, and says how much that was. A
    /// bucket holds nothing of the kind.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]
    pub async fn remove_drafts(&self, before: Timestamp) -> Result<u64, BlobError> {
        let Some(folder) = self.folder.clone() else {
            return Ok(0);
        };
        let removed = tokio::task::spawn_blocking(move || folder::remove_drafts(&folder, before));
        removed.await.map_err(BlobError::unavailable)?.map_err(BlobError::unavailable)
    }

    /// In one of 256 folders, since some file systems become slow where one holds too many.
    fn path(&self, key: BlobKey) -> Path {
        let name = key.to_string();
        let start = name.get(..2).unwrap_or_default();
        self.top.clone().join(start).join(name.as_str())
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blobs").finish_non_exhaustive()
    }
}

/// A blob that was found by looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its key.
    pub key: BlobKey,
    /// Bytes.
    pub size: u64,
    /// When it was written, by the clock of where it lies.
    pub written_at: Timestamp,
}

/// A place for blobs cannot be opened.
#[derive(thiserror::Error)]
pub enum OpenError {
    /// The folder.
    #[error(
        "cannot create or open the directory {path} ({cause}); name one that this user can write to"
    )]
    Folder {
        /// Which.
        path: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A part of the bucket's URL that is not known.
    #[error("{0} is not an option of a bucket; write s3://bucket?region=…&endpoint=…")]
    Option(String),
    /// The bucket's URL.
    #[error("cannot use the bucket ({0}); write s3://bucket?region=…&endpoint=…")]
    Bucket(#[source] Box<dyn std::error::Error + Send + Sync>),
}

vestibule_core::readable_debug!(OpenError);

/// A blob cannot be written, read or removed.
#[derive(thiserror::Error)]
pub enum BlobError {
    /// Where it lies cannot be reached, is too slow or is full: later it may work.
    #[error("the file storage is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the place says of itself cannot be read.
    #[error(
        "cannot read {NOTE} beside the files; restore it from a backup, or remove it and run `vestibule \
         restored --adopt-files`"
    )]
    DamagedNote,
    /// The catalogue names it, and it is not there, or is shorter than it was.
    #[error("the blob {0} is missing or damaged; restore it from a backup")]
    Missing(BlobKey),
}

vestibule_core::readable_debug!(BlobError);

impl BlobError {
    pub(crate) fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }
}

fn unavailable(error: object_store::Error) -> BlobError {
    BlobError::unavailable(error)
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, BlobError> {
    tokio::time::timeout(DEADLINE, work).await.map_err(BlobError::unavailable)
}

fn found(object: &ObjectMeta) -> Option<Found> {
    let key = object.location.filename()?.parse().ok()?;
    let written_at = Timestamp::from_millis(object.last_modified.timestamp_millis());
    Some(Found { key, size: object.size, written_at })
}
