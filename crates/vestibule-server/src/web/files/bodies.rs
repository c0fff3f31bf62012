//! What the API takes and gives. Times are seconds since the Unix epoch.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vestibule_site::{
    file::{Access, File, ShareAccess, UPLOAD_KEPT, Upload, Usage},
    store::{Offer, SeenFile, Share},
};

use crate::services::files::Files;

/// A file.
#[derive(Serialize, ToSchema)]
pub(super) struct FileBody {
    pub(super) id: String,
    pub(super) name: String,
    /// Bytes.
    pub(super) size: u64,
    /// Its media type, as its content says.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// As in the `ETag` of its content, quotes included.
    pub(super) etag: String,
    /// The user name of its owner.
    pub(super) owner: String,
    /// What the caller may do: `owner`, `write` or `read`.
    pub(super) access: &'static str,
    pub(super) created_at: i64,
    /// When its content was last written.
    pub(super) changed_at: i64,
    /// With whom it is shared; for its owner, and where one file is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shares: Option<Vec<ShareBody>>,
}

impl FileBody {
    pub(super) fn of(file: &File, owner: &str, access: Access) -> Self {
        Self {
            id: file.id.to_string(),
            name: file.name.to_string(),
            size: file.size,
            kind: file.kind.clone(),
            etag: file.tag().to_string(),
            owner: owner.to_owned(),
            access: access.name(),
            created_at: file.created_at.seconds(),
            changed_at: file.changed_at.seconds(),
            shares: None,
        }
    }

    pub(super) fn seen(seen: &SeenFile, access: Access) -> Self {
        Self::of(&seen.file, &seen.owner_name, access)
    }
}

/// A file on its own.
#[derive(Serialize, ToSchema)]
pub(super) struct FileEnvelope {
    pub(super) file: FileBody,
}

/// `GET /api/files`
#[derive(Serialize, ToSchema)]
pub(super) struct FilesBody {
    /// The latest first.
    pub(super) files: Vec<FileBody>,
    /// Where the list goes on, for `cursor`; null at its end.
    pub(super) next: Option<String>,
    pub(super) usage: UsageBody,
}

/// What the caller's own files take together, uploads that have begun included.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageBody {
    /// Bytes.
    pub(super) used: u64,
    /// Bytes.
    pub(super) quota: u64,
    /// The most bytes of one file.
    pub(super) max_size: u64,
}

impl UsageBody {
    pub(super) fn of(usage: Usage, files: &Files) -> Self {
        Self { used: usage.bytes, quota: files.quota().bytes, max_size: files.max_size() }
    }
}

/// With whom a file is shared.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareBody {
    pub(super) username: String,
    /// `read` or `write`.
    pub(super) access: &'static str,
    /// Whether they have accepted it; in the list of a file's shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepted: Option<bool>,
}

impl From<&Offer> for ShareBody {
    fn from(offer: &Offer) -> Self {
        let access = offer.access.name();
        Self { username: offer.name.clone(), access, accepted: Some(false) }
    }
}

impl From<&Share> for ShareBody {
    fn from(share: &Share) -> Self {
        let access = share.access.name();
        Self { username: share.username.clone(), access, accepted: Some(true) }
    }
}

/// A share on its own.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareEnvelope {
    pub(super) share: ShareBody,
}

/// `PUT /api/files/{id}/shares/{username}`
#[derive(Default, Deserialize, ToSchema)]
pub(super) struct AccessBody {
    #[schema(value_type = Option<String>, example = "read")]
    pub(super) access: Option<String>,
}

impl AccessBody {
    pub(super) fn parse(&self) -> Option<ShareAccess> {
        self.access.as_deref().map_or(Ok(ShareAccess::Read), str::parse).ok()
    }
}

/// `POST /api/files/uploads`
#[derive(Deserialize, ToSchema)]
pub(super) struct BeginBody {
    pub(super) name: Option<String>,
    /// Of the whole file, in bytes.
    pub(super) size: Option<u64>,
}

/// An upload that comes in pieces.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadBody {
    /// Also the id of the file that it becomes.
    pub(super) id: String,
    pub(super) name: String,
    /// Of the whole file, in bytes.
    pub(super) size: u64,
    /// How many of them have arrived: where the next piece begins.
    pub(super) offset: u64,
    /// Until when it waits for that.
    pub(super) expires_at: i64,
}

impl From<&Upload> for UploadBody {
    fn from(upload: &Upload) -> Self {
        Self {
            id: upload.id.to_string(),
            name: upload.name.to_string(),
            size: upload.size,
            offset: upload.received(),
            expires_at: (upload.touched_at + UPLOAD_KEPT).seconds(),
        }
    }
}

/// An upload, or the file that it has become.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadEnvelope {
    /// Null once it is a file.
    pub(super) upload: Option<UploadBody>,
    /// Null while something is missing.
    pub(super) file: Option<FileBody>,
}
