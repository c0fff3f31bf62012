//! The routes for contents.

use axum::{
    Json,
    extract::{Request, State},
    http::request::Parts,
    response::{IntoResponse as _, Response},
};
use vestibule::{ErrorCode, Principal, Problem, core::id::UserId};
use vestibule_site::{
    file::{Access, Blob},
    id::FileId,
    store::SeenFile,
};

use super::{
    api::{FileOf, if_match, tagged},
    bodies::{FileBody, FileEnvelope},
    serve,
};
use crate::services::files::Files;

/// The content of a file. Whole, or a part of it (`Range`, one part).
#[utoipa::path(
    get, path = "/api/files/{id}/content", tag = "files", operation_id = "read_content",
    params(
        ("id" = String, Path, description = "The file"),
        ("If-None-Match" = Option<String>, Header, description = "304 while this is its content"),
        ("Range" = Option<String>, Header, description = "One part; what cannot be sent as one is sent whole")
    ),
    security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 200, description = "The content, with its `ETag`", content_type = "application/octet-stream"),
        (status = 206, description = "The part"), (status = 304, description = "The content is known"),
        (status = 401, description = "The token codes"), (status = 404, description = "`not_found`"), (status = 412, description = "`precondition_failed`"),
        (status = 429, description = "`rate_limited`: too many downloads at once")
    )
)]
pub(super) async fn read(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
    request: Parts,
) -> Result<Response, Problem> {
    let who = caller.user_id();
    let content = content_for(&files, who, id.0).await?;
    serve::answer(&files, who, content, &request, false).await
}

/// Puts another content in the place of the present one.
///
/// With `If-Match` only where that names the present one, or is `*`. Without it only where the caller wrote the
/// present one: what somebody else has written is never overwritten unseen.
#[utoipa::path(
    put, path = "/api/files/{id}/content", tag = "files", operation_id = "replace_content",
    params(
        ("id" = String, Path, description = "The file"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the content that was read")
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 200, body = FileEnvelope, description = "Written; with its new `ETag`"), (status = 401, description = "The token codes"),
        (status = 403, description = "`forbidden`: it is shared for reading"), (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"), (status = 413, description = "`too_large`"),
        (status = 429, description = "`rate_limited`: too many uploads at once")
    )
)]
pub(super) async fn replace(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
    request: Request,
) -> Result<Response, Problem> {
    let who = caller.user_id();
    let if_match = if_match(request.headers())?;
    let file = files.replace_file(who, id.0, if_match.as_ref(), request).await?;
    let seen = files.file_for(who, file.id, Access::Read).await?;
    let access = seen.access(who).unwrap_or(Access::Read);
    let body = FileEnvelope { file: FileBody::of(&file, &seen.owner_name, access) };
    Ok((tagged(&file), Json(body)).into_response())
}

/// A file in a browser: pictures and plain text are shown, everything else is saved; with `?download` all is.
#[utoipa::path(
    get, path = "/file/{id}", tag = "files", operation_id = "open_file",
    params(
        ("id" = String, Path, description = "The file"),
        ("download" = Option<String>, Query, description = "To save it, whatever it is")
    ),
    security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 200, description = "The content", content_type = "application/octet-stream"), (status = 206, description = "The part"),
        (status = 304, description = "The content is known"), (status = 401, description = "The token codes"), (status = 404, description = "`not_found`"),
        (status = 429, description = "`rate_limited`: too many downloads at once")
    )
)]
pub(super) async fn open(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
    request: Parts,
) -> Result<Response, Problem> {
    let query = request.uri.query().unwrap_or_default();
    let is_saved =
        url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "download");
    let who = caller.user_id();
    let content = content_for(&files, who, id.0).await?;
    serve::answer(&files, who, content, &request, !is_saved).await
}

async fn content_for(
    files: &Files,
    caller: UserId,
    id: FileId,
) -> Result<(SeenFile, Vec<Blob>), Problem> {
    let content = files.catalogue.content(id, caller).await?;
    // Whoever may know of it may read it.
    let content = content.ok_or(Problem::new(ErrorCode::NotFound))?;
    match content.0.access(caller) {
        Some(_) => Ok(content),
        None => Err(Problem::not_theirs(content.0.file.owner, "file", id)),
    }
}
