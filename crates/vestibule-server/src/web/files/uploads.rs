//! Uploads that come in pieces, so that they go on where a connection broke off.
//!
//! One request begins an upload and says how large the file will be. Then each piece comes with the place where
//! it begins (`Upload-Offset`, as in the IETF's draft on resumable uploads); what has arrived in blobs stays,
//! whatever becomes of the connection. After a break the client asks how far it came. The file has the id of
//! its upload, so that a client whose last answer was lost finds it.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use vestibule::{ErrorCode, JsonBody, Principal, Problem, core::id::UserId, required};
use vestibule_files::Intake;
use vestibule_site::{
    file::{Access, AppendError, File, HEAD_BYTES, MIN_SLICE, Upload, sniff},
    id::{FileId, UploadId},
};

use super::{
    api::FileOf,
    bodies::{BeginBody, FileBody, UploadBody, UploadEnvelope},
};
use crate::services::files::Files;
use crate::services::files::{
    receive::{announced, broke_off, read_name, unavailable},
    service::not_kept,
};

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");

/// Begins an upload. Its whole size counts from now on.
#[utoipa::path(
    post, path = "/api/files/uploads", tag = "files", operation_id = "begin_upload", request_body = BeginBody,
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 201, body = UploadEnvelope), (status = 401, description = "The token codes"), (status = 413, description = "`too_large`"), (status = 422, description = "`invalid_input`"))
)]
pub(super) async fn begin(
    caller: Principal,
    State(files): State<Files>,
    JsonBody(body): JsonBody<BeginBody>,
) -> Result<Response, Problem> {
    let (owner, now) = (caller.user_id(), files.auth.now());
    let size = required("size", body.size)?;
    let name = read_name(body.name.as_deref())?;
    let usage = files.catalogue.file_usage(owner).await?;
    files.room(usage, None).check(size)?;
    let upload = Upload {
        id: UploadId::draw(files.auth.entropy()),
        owner,
        name,
        size,
        created_at: now,
        touched_at: now,
        blobs: Vec::new(),
    };
    files.catalogue.begin_upload(&upload, files.quota()).await?.map_err(not_kept)?;
    let mut response = under_way(&upload);
    *response.status_mut() = StatusCode::CREATED;
    let place = HeaderValue::try_from(format!("/api/files/uploads/{}", upload.id));
    response.headers_mut().extend(place.map(|place| (header::LOCATION, place)));
    Ok(response)
}

/// How far an upload has come. One that has become a file says so.
#[utoipa::path(
    get, path = "/api/files/uploads/{id}", tag = "files", operation_id = "show_upload",
    params(("id" = String, Path, description = "The upload")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = UploadEnvelope, description = "With `Upload-Offset` and `Upload-Length`"), (status = 401, description = "The token codes"), (status = 404, description = "`not_found`: also after a day without a piece"))
)]
pub(super) async fn show(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
) -> Result<Response, Problem> {
    match find(&files, caller.user_id(), id.0).await? {
        Found::UnderWay(upload) => Ok(under_way(&upload)),
        Found::File(file) => Ok(arrived(&file, &caller)),
    }
}

/// Adds a piece: the body is what follows `Upload-Offset`. The last piece makes the file.
///
/// A piece has at least 256 KiB, but for the last one. What is lost with a connection is the piece that was on
/// its way, so clients send pieces of a size that they like to send again.
#[utoipa::path(
    patch, path = "/api/files/uploads/{id}", tag = "files", operation_id = "append_to_upload",
    params(
        ("id" = String, Path, description = "The upload"),
        ("Upload-Offset" = u64, Header, description = "Where the piece begins, in bytes")
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 200, body = UploadEnvelope, description = "More is missing"), (status = 201, body = UploadEnvelope, description = "It is a file now"),
        (status = 401, description = "The token codes"), (status = 404, description = "`not_found`"), (status = 409, description = "`conflict`: the next piece begins elsewhere"),
        (status = 413, description = "`too_large`: more than is missing"), (status = 422, description = "`invalid_input`"),
        (status = 429, description = "`rate_limited`: too many uploads at once")
    )
)]
pub(super) async fn append(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
    request: Request,
) -> Result<Response, Problem> {
    let owner = caller.user_id();
    let offset = read_offset(request.headers())?;
    let upload = match find(&files, owner, id.0).await? {
        Found::UnderWay(upload) => upload,
        // The answer to the last piece was lost.
        Found::File(file) if file.size == offset => return Ok(arrived(&file, &caller)),
        Found::File(file) => return Err(does_not_fit(AppendError::Offset { received: file.size })),
    };
    let missing = upload.check_append(offset, announced(&request)).map_err(does_not_fit)?;
    if missing > 0 {
        let client = files.auth.client_address(request.extensions(), request.headers());
        let _turn = files.upload_slots.upload(owner, client).await?;
        take_piece(&files, &upload, missing, request).await?;
    }
    match find(&files, owner, id.0).await? {
        Found::UnderWay(upload) if upload.is_whole() => {
            let file = finish(&files, &upload).await?;
            tracing::info!(user = %owner, file = %file.id, size = file.size, "a file was stored");
            let mut response = arrived(&file, &caller);
            *response.status_mut() = StatusCode::CREATED;
            Ok(response)
        }
        Found::UnderWay(upload) => Ok(under_way(&upload)),
        Found::File(file) => Ok(arrived(&file, &caller)),
    }
}

/// Gives up an upload.
#[utoipa::path(
    delete, path = "/api/files/uploads/{id}", tag = "files", operation_id = "abandon_upload",
    params(("id" = String, Path, description = "The upload")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 204, description = "Given up"), (status = 401, description = "The token codes"), (status = 404, description = "`not_found`: also once it is a file"))
)]
pub(super) async fn abandon(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
) -> Result<StatusCode, Problem> {
    let Found::UnderWay(upload) = find(&files, caller.user_id(), id.0).await? else {
        return Err(Problem::new(ErrorCode::NotFound));
    };
    files.catalogue.abandon_upload(upload.id, files.auth.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an id of an upload stands for.
enum Found {
    UnderWay(Upload),
    File(File),
}

async fn find(files: &Files, owner: UserId, id: FileId) -> Result<Found, Problem> {
    let upload = UploadId::from_bytes(*id.as_bytes());
    if let Some(upload) = files.catalogue.upload(upload).await? {
        if upload.owner != owner {
            return Err(Problem::not_theirs(upload.owner, "upload", id));
        }
        let is_open = !upload.has_expired(files.auth.now());
        return is_open.then_some(Found::UnderWay(upload)).ok_or(Problem::new(ErrorCode::NotFound));
    }
    let seen = files.file_for(owner, id, Access::Read).await?;
    if seen.file.owner != owner {
        return Err(Problem::new(ErrorCode::NotFound));
    }
    Ok(Found::File(seen.file))
}

/// Takes in a body, and adds it to the upload blob by blob.
async fn take_piece(
    files: &Files,
    upload: &Upload,
    missing: u64,
    request: Request,
) -> Result<(), Problem> {
    let mut intake = Intake::new(&files.blobs, files.auth.entropy(), missing);
    let mut offset = upload.received();
    let mut body = request.into_body().into_data_stream();
    let outcome = loop {
        match body.next().await {
            None => break Ok(()),
            Some(Err(error)) => break Err(broke_off(&error)),
            Some(Ok(bytes)) => {
                let written = intake.take(bytes).await.map_err(|error| match error {
                    vestibule_files::IntakeError::TooLarge { .. } => {
                        does_not_fit(AppendError::TooMuch { missing })
                    }
                    vestibule_files::IntakeError::Blob(error) => unavailable(error),
                })?;
                for blob in written {
                    add(files, upload, &mut offset, &blob).await?;
                }
                intake.release();
            }
        }
    };
    // What is left of a body that broke off is worth keeping as well, unless it is a crumb.
    let is_last = offset.saturating_add(intake.waiting()) == upload.size;
    if is_last || intake.waiting() >= MIN_SLICE {
        if let Some(blob) = intake.flush().await.map_err(unavailable)? {
            add(files, upload, &mut offset, &blob).await?;
        }
        intake.release();
    }
    outcome
}

async fn add(
    files: &Files,
    upload: &Upload,
    offset: &mut u64,
    blob: &vestibule_site::file::Blob,
) -> Result<(), Problem> {
    let added = files.catalogue.append_blob(upload.id, *offset, blob, files.auth.now()).await?;
    if !added {
        return Err(Problem::new(ErrorCode::Conflict)
            .detail("Another request has added to this upload. Ask for its current offset."));
    }
    *offset = offset.saturating_add(blob.size);
    Ok(())
}

/// Makes the file. What it is, its first bytes say.
async fn finish(files: &Files, upload: &Upload) -> Result<File, Problem> {
    let head = upload.size.min(HEAD_BYTES as u64);
    let mut pieces = std::pin::pin!(files.blobs.read(upload.blobs.clone(), 0..head));
    let mut start = Vec::new();
    while let Some(piece) = pieces.next().await {
        start.extend_from_slice(&piece.map_err(unavailable)?);
    }
    let kind = sniff(&start, &upload.name);
    let id = FileId::from_bytes(*upload.id.as_bytes());
    let made = files.catalogue.finish_upload(upload.id, id, kind, files.auth.now()).await?;
    match made {
        Some(file) => Ok(file),
        // Another request was faster.
        None => match find(files, upload.owner, id).await? {
            Found::File(file) => Ok(file),
            Found::UnderWay(_) => Err(Problem::new(ErrorCode::Conflict)),
        },
    }
}

fn under_way(upload: &Upload) -> Response {
    let headers = [
        (UPLOAD_OFFSET, HeaderValue::from(upload.received())),
        (UPLOAD_LENGTH, HeaderValue::from(upload.size)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let body = UploadEnvelope { upload: Some(UploadBody::from(upload)), file: None };
    (headers, Json(body)).into_response()
}

fn arrived(file: &File, owner: &Principal) -> Response {
    let headers = [
        (UPLOAD_OFFSET, HeaderValue::from(file.size)),
        (UPLOAD_LENGTH, HeaderValue::from(file.size)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let body = UploadEnvelope {
        upload: None,
        file: Some(FileBody::of(file, owner.username(), Access::Own)),
    };
    (headers, Json(body)).into_response()
}

fn read_offset(headers: &HeaderMap) -> Result<u64, Problem> {
    let offset = headers.get(UPLOAD_OFFSET).and_then(|offset| offset.to_str().ok()?.parse().ok());
    offset.ok_or_else(|| {
        Problem::new(ErrorCode::MalformedRequest)
            .detail("Send the offset of this piece in bytes in `Upload-Offset`.")
    })
}

fn does_not_fit(error: AppendError) -> Problem {
    match error {
        AppendError::Offset { .. } => Problem::new(ErrorCode::Conflict).detail(sentence(&error)),
        AppendError::TooMuch { .. } => Problem::new(ErrorCode::TooLarge).detail(sentence(&error)),
        AppendError::TooLittle => Problem::field("body", error),
    }
}

fn sentence(error: &AppendError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
