//! A file on its way in, as a body or as a part of a form.

use axum::{
    body::{BodyDataStream, Bytes},
    extract::Request,
    http::header,
};
use futures_util::StreamExt as _;
use http_body_util::LengthLimitError;
use hyper::body::Body as _;
use vestibule::{Detail, ErrorCode, Problem, core::id::UserId};
use vestibule_files::{BlobError, Intake, IntakeError};
use vestibule_site::file::{Content, FileName, OverQuota, Usage};

use crate::i18n::sizes;

use super::{
    AROUND_A_FILE, Files,
    multipart::{Broken, Parts},
};

/// The field of a form that holds the file.
const FIELD: &str = "file";

/// A file that has arrived. Its content is nobody's until it stands in the catalogue.
pub(crate) struct Received {
    pub(crate) name: FileName,
    pub(crate) content: Content,
}

/// Takes in the file of a request, while one blob of it at most is in memory: the part `file` of form data, or
/// the whole body with the name in the query. With a `name` it has that one, whatever the request says.
///
/// # Errors
/// What is wrong with the request, or `unavailable`. Whatever was written is removed then.
pub(crate) async fn receive(
    files: &Files,
    who: UserId,
    request: Request,
    name: Option<&FileName>,
    room: SizeLimit,
) -> Result<Received, Problem> {
    let announced = announced(&request);
    let client = files.auth.client_address(request.extensions(), request.headers());
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (mut source, around) = if Parts::are_in(content_type) {
        (Source::Form(Box::new(Parts::of(content_type, body).map_err(broken)?)), AROUND_A_FILE)
    } else {
        (Source::Raw(Box::pin(body.into_data_stream())), 0)
    };
    if announced.is_some_and(|length| length > room.bytes.saturating_add(around)) {
        return Err(room.exceeded());
    }
    // Before the name is known: it may stand in the form, and all of its body waits for a turn.
    let _turn = files.upload_slots.upload(who, client).await?;
    let said = source.name(parts.uri.query().unwrap_or_default()).await?;
    let name = match name {
        Some(name) => name.clone(),
        None => read_name(said.as_deref())?,
    };
    let mut intake = Intake::new(&files.blobs, files.auth.entropy(), room.bytes);
    while let Some(bytes) = source.chunk().await? {
        intake.take(bytes).await.map_err(|error| refused(error, &room))?;
    }
    let content = intake.finish(&name).await.map_err(unavailable)?;
    if let Err(problem) = source.end().await {
        files.blobs.discard(&content.blobs);
        return Err(problem);
    }
    Ok(Received { name, content })
}

/// How many bytes may arrive.
#[derive(Clone, Copy)]
pub(crate) struct SizeLimit {
    bytes: u64,
    max_size: u64,
    quota: u64,
    left: u64,
}

impl Files {
    /// How many bytes a file may have that is added to what somebody has, in the place of `before` bytes.
    pub(crate) fn room(&self, usage: Usage, before: Option<u64>) -> SizeLimit {
        let quota = self.quota();
        let left = match before {
            None => quota.room(usage),
            // What does not grow is always taken.
            Some(before) => quota.bytes.saturating_sub(usage.bytes).saturating_add(before),
        };
        let (max_size, bytes) = (self.max_size(), left.min(self.max_size()));
        SizeLimit { bytes, max_size, quota: quota.bytes, left }
    }
}

impl SizeLimit {
    /// A file that is larger.
    pub(crate) fn exceeded(&self) -> Problem {
        let reason = if self.bytes < self.max_size {
            over_bytes(self.quota, self.left)
        } else {
            let text = format!("The file is larger than {}.", sizes::in_words(self.max_size));
            Detail::new("file_too_large", text).with("max", self.max_size)
        };
        Problem::new(ErrorCode::TooLarge).because(&reason)
    }

    /// Whether a file of so many bytes fits.
    ///
    /// # Errors
    /// `too_large`
    pub(crate) fn check(&self, size: u64) -> Result<(), Problem> {
        if size <= self.bytes { Ok(()) } else { Err(self.exceeded()) }
    }
}

/// A file for which there is no room.
pub(crate) fn over_quota(over: OverQuota) -> Problem {
    let reason = match over {
        OverQuota::Bytes { allowed, left } => over_bytes(allowed, left),
        OverQuota::Files { allowed } => {
            let text = format!("An account can keep at most {allowed} files. Delete some first.");
            Detail::new("quota_files", text).with("allowed", allowed)
        }
    };
    Problem::new(ErrorCode::TooLarge).because(&reason)
}

fn over_bytes(allowed: u64, left: u64) -> Detail {
    let text = format!(
        "The files of one account can take {} in total, and {} of that is left. Delete some first.",
        sizes::in_words(allowed),
        sizes::in_words(left)
    );
    Detail::new("quota_bytes", text).with("allowed", allowed).with("left", left)
}

/// A name as a request says it.
///
/// # Errors
/// `invalid_input` with the field `name`.
pub(crate) fn read_name(said: Option<&str>) -> Result<FileName, Problem> {
    FileName::parse(said.unwrap_or_default()).map_err(|error| Problem::fault("name", &error))
}

/// An outage of where contents lie is an outage; a blob that is gone is not the caller's fault either.
pub(crate) fn unavailable(error: BlobError) -> Problem {
    tracing::error!(%error, "cannot write or read the content of a file");
    match error {
        BlobError::Unavailable(_) => Problem::unavailable(std::time::Duration::from_secs(2)),
        BlobError::Missing(_) | BlobError::DamagedNote => Problem::new(ErrorCode::Internal),
    }
}

/// What an intake refuses.
pub(crate) fn refused(error: IntakeError, room: &SizeLimit) -> Problem {
    match error {
        IntakeError::TooLarge { .. } => room.exceeded(),
        IntakeError::Blob(error) => unavailable(error),
    }
}

/// A body that cannot be read on.
pub(crate) fn broke_off(error: &axum::Error) -> Problem {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Problem::new(ErrorCode::TooLarge);
        }
        cause = error.source();
    }
    let reason = Detail::new("body_broken_off", "The body is incomplete.");
    Problem::new(ErrorCode::MalformedRequest).because(&reason)
}

/// The length that a request announces of its body.
pub(crate) fn announced(request: &Request) -> Option<u64> {
    request.body().size_hint().exact()
}

enum Source {
    Raw(std::pin::Pin<Box<BodyDataStream>>),
    Form(Box<Parts>),
}

impl Source {
    /// Goes to where the file begins, and says what it is called.
    async fn name(&mut self, query: &str) -> Result<Option<String>, Problem> {
        let asked = || {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == "name")
                .map(|(_, name)| name.into_owned())
        };
        let Self::Form(parts) = self else {
            return Ok(asked());
        };
        while let Some(part) = parts.next().await.map_err(broken)? {
            if part.name == FIELD {
                return Ok(part.file_name.filter(|name| !name.is_empty()).or_else(asked));
            }
        }
        Err(Problem::fault(FIELD, &Detail::new("missing", "this field is missing")))
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Raw(body) => body.next().await.transpose().map_err(|error| broke_off(&error)),
            Self::Form(parts) => parts.chunk().await.map_err(broken),
        }
    }

    /// Reads what follows the file: only a form with its end has arrived whole.
    async fn end(&mut self) -> Result<(), Problem> {
        if let Self::Form(parts) = self {
            while parts.next().await.map_err(broken)?.is_some() {}
        }
        Ok(())
    }
}

fn broken(broken: Broken) -> Problem {
    match broken {
        Broken::Form(why) => {
            let text = format!("Cannot read the form: {why}.");
            let reason = Detail::new("form_unreadable", text);
            Problem::new(ErrorCode::MalformedRequest).because(&reason)
        }
        Broken::Body(error) => broke_off(&error),
    }
}
