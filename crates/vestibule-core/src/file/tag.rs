//! Which content a client has seen, so that nobody overwrites what they have not (RFC 9110 sections 8.8.3
//! and 13).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Digest, File};
use crate::id::UserId;

/// The validator of one content of one file: strong, and another one whenever the content is written, also
/// where it is written as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// Of the content with this digest, in its file's version.
    #[must_use]
    pub fn of(digest: &Digest, version: u64) -> Self {
        // 128 bits: nobody finds two contents of one version, of which there is only one anyway.
        let (start, _) = digest.split_at(16);
        Self(format!("{version}-{}", URL_SAFE_NO_PAD.encode(start)))
    }
}

impl fmt::Display for ETag {
    /// In quotes, as in the header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// What `If-Match` and `If-None-Match` hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// `*`: whatever there is.
    Any,
    /// One of these.
    These(Vec<Presented>),
}

/// A tag as a client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    opaque: String,
    is_weak: bool,
}

impl Tags {
    /// Reads a header's value. Our tags hold no commas, so what is between two of them is one tag; one
    /// without quotes is taken for what it means.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if text == "*" {
            return Self::Any;
        }
        let read = |tag: &str| {
            let tag = tag.trim();
            let (is_weak, tag) = tag.strip_prefix("W/").map_or((false, tag), |tag| (true, tag));
            Presented { opaque: tag.trim_matches('"').to_owned(), is_weak }
        };
        Self::These(text.split(',').map(read).collect())
    }

    /// Whether the content is one that the client has seen, byte for byte (RFC 9110 section 8.8.3.2).
    #[must_use]
    pub fn hold(&self, tag: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|seen| !seen.is_weak && seen.opaque == tag.0),
        }
    }

    /// The same where a proxy on the way, which compresses, may have weakened the tag.
    #[must_use]
    pub fn hold_weakly(&self, tag: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|seen| seen.opaque == tag.0),
        }
    }
}

/// Whether `caller` may put another content in the place of the present one.
///
/// With `If-Match` where that holds: `*` says that whatever is there is to be overwritten. Without it only
/// where the present content is the caller's own, so that a client that knows nothing of tags never throws
/// away what somebody else has written.
///
/// # Errors
/// [`Stale`] where it does not.
pub fn check_overwrite(file: &File, caller: UserId, if_match: Option<&Tags>) -> Result<(), Stale> {
    let may = match if_match {
        Some(tags) => tags.hold(&file.tag()),
        None => file.changed_by == caller,
    };
    if may { Ok(()) } else { Err(Stale) }
}

/// The content is not the one that the caller has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "somebody else has written it; read it anew, merge, and send the `ETag` of what was read in `If-Match`"
)]
pub struct Stale;
