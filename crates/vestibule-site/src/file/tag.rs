//! Which content a client has seen, so that nobody overwrites what they have not (RFC 9110 sections 8.8.3
//! and 13).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use vestibule_core::id::UserId;

use super::{Digest, File};

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
    /// Reads a header's value (RFC 9110 section 8.8.3). A tag without quotation marks is taken for what it means, which is
    /// good enough for reading; [`Tags::parse_strictly`] is for writing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let read = |tag: &str| {
            let tag = tag.trim();
            let (is_weak, tag) = tag.strip_prefix("W/").map_or((false, tag), |tag| (true, tag));
            Presented { opaque: tag.trim_matches('"').to_owned(), is_weak }
        };
        Self::parse_strictly(text)
            .unwrap_or_else(|NotATag| Self::These(text.split(',').map(read).collect()))
    }

    /// Reads a header's value, and nothing else than that.
    ///
    /// # Errors
    /// [`NotATag`] where a tag stands without its quotation marks: what a client meant by it is a guess, and a write must
    /// not hang on one.
    pub fn parse_strictly(text: &str) -> Result<Self, NotATag> {
        let mut rest = text.trim();
        if rest == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        loop {
            let (is_weak, quoted) =
                rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
            let inner = quoted.strip_prefix('"').ok_or(NotATag)?;
            let (opaque, behind) = inner.split_once('"').ok_or(NotATag)?;
            tags.push(Presented { opaque: opaque.to_owned(), is_weak });
            let behind = behind.trim_start();
            if behind.is_empty() {
                return Ok(Self::These(tags));
            }
            rest = behind.strip_prefix(',').ok_or(NotATag)?.trim_start();
        }
    }

    /// Whether the content is one that the client has seen, byte for byte (RFC 9110 section 8.8.3.2): what a part of it
    /// may be put together with.
    #[must_use]
    pub fn hold(&self, tag: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|seen| !seen.is_weak && seen.opaque == tag.0),
        }
    }

    /// The same where a proxy on the way, which compresses, has weakened the tag. The client still has this very content:
    /// only the bytes that carried it were others. So it may overwrite it, although RFC 9110 section 13.1.1 compares
    /// strongly there.
    #[must_use]
    pub fn hold_weakly(&self, tag: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|seen| seen.opaque == tag.0),
        }
    }
}

/// An entity tag is written in quotation marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an entity tag needs quotation marks; send the `ETag` of an answer exactly as received, or `*`"
)]
pub struct NotATag;

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
        Some(tags) => tags.hold_weakly(&file.tag()),
        None => file.changed_by == caller,
    };
    if may { Ok(()) } else { Err(Stale) }
}

/// The content is not the one that the caller has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the file was changed by another request; read it again, merge, and send the new `ETag` in `If-Match`"
)]
pub struct Stale;
