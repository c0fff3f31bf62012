//! The routes for files: list, keep, show, delete, share.

use std::cmp::Reverse;

use axum::{
    Json,
    extract::{
        FromRequest as _, FromRequestParts, Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hyper::body::Body as _;
use serde::Deserialize;
use utoipa::OpenApi;
use vestibule::{ErrorCode, JsonBody, Principal, Problem, Visit, core::time::Timestamp};
use vestibule_site::{
    file::{Access, File, Tags},
    id::FileId,
    store::ListPlace,
};

use super::bodies::{
    AccessBody, FileBody, FileEnvelope, FilesBody, ShareBody, ShareEnvelope, UsageBody,
};
use crate::services::files::Files;

/// In one answer.
const MOST: u32 = 100;

/// The description of all routes for files.
#[derive(OpenApi)]
#[openapi(paths(
    list,
    create,
    show,
    delete,
    share,
    accept,
    unshare,
    super::content::read,
    super::content::replace,
    super::content::open,
    super::uploads::begin,
    super::uploads::show,
    super::uploads::append,
    super::uploads::abandon,
))]
pub(crate) struct Description;

#[derive(Deserialize)]
pub(super) struct Listing {
    which: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// The caller's files, and those that others share with them.
#[utoipa::path(
    get, path = "/api/files", tag = "files", operation_id = "list_files", 
    params(
        ("which" = Option<String>, Query, description = "`own`, `shared`, or `offered`: what the caller has not accepted yet; the first two where it is left out"),
        ("cursor" = Option<String>, Query, description = "`next` of the answer before"),
        ("limit" = Option<u32>, Query, description = "At most so many; 100 at most")
    ),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = FilesBody), (status = 401, description = "The token codes"), (status = 422, description = "`invalid_input`"))
)]
pub(super) async fn list(
    caller: Principal,
    State(files): State<Files>,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<FilesBody>, Problem> {
    let Query(asked) = query.map_err(|_| Problem::new(ErrorCode::MalformedRequest))?;
    let (own, shared, offered) = match asked.which.as_deref() {
        None => (true, true, false),
        Some("own") => (true, false, false),
        Some("shared") => (false, true, false),
        Some("offered") => (false, false, true),
        Some(_) => return Err(Problem::field("which", "write `own`, `shared` or `offered`")),
    };
    let after = match asked.cursor.as_deref().map(read_cursor) {
        Some(None) => return Err(Problem::field("cursor", "use `next` of the previous answer")),
        Some(place) => place,
        None => None,
    };
    let limit = asked.limit.unwrap_or(MOST).clamp(1, MOST);
    let (who, catalogue) = (caller.user_id(), &files.catalogue);
    // One more than is shown tells whether there are more.
    let mut seen = Vec::new();
    if own {
        seen.extend(catalogue.files_of(who, after, limit + 1).await?);
    }
    if shared {
        seen.extend(catalogue.files_shared_with(who, after, limit + 1).await?);
    }
    if offered {
        seen.extend(catalogue.files_offered_to(who, after, limit + 1).await?);
    }
    seen.sort_by_key(|seen| Reverse(seen.place()));
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = seen.len() > shown;
    seen.truncate(shown);
    let next = seen.last().filter(|_| has_more).map(|last| cursor(last.place()));
    let listed = seen
        .iter()
        .filter_map(|seen| seen.access(who).map(|access| FileBody::seen(seen, access)))
        .collect();
    let usage = UsageBody::of(catalogue.file_usage(who).await?, &files);
    Ok(Json(FilesBody { files: listed, next, usage }))
}

/// Keeps a file: form data with the field `file`, or the file itself with `?name=`.
#[utoipa::path(
    post, path = "/api/files", tag = "files", operation_id = "keep_file",
    params(("name" = Option<String>, Query, description = "What the file is called, where the body is the file itself")
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 201, body = FileEnvelope), (status = 400, description = "`malformed_request`: it did not arrive whole"),
        (status = 401, description = "The token codes"), (status = 413, description = "`too_large`: the file, or all of the caller's files together"),
        (status = 422, description = "`invalid_input`"), (status = 429, description = "`rate_limited`: too many uploads at once")
    )
)]
pub(super) async fn create(
    caller: Principal,
    State(files): State<Files>,
    request: Request,
) -> Result<Response, Problem> {
    let file = files.keep_file(caller.user_id(), request).await?;
    Ok(made(&file, &caller))
}

/// What is known of a file.
#[utoipa::path(
    get, path = "/api/files/{id}", tag = "files", operation_id = "show_file",
    params(("id" = String, Path, description = "The file")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = FileEnvelope), (status = 401, description = "The token codes"), (status = 404, description = "`not_found`: also where it is not the caller's to see"))
)]
pub(super) async fn show(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
) -> Result<Response, Problem> {
    let who = caller.user_id();
    let seen = files.file_for(who, id.0, Access::Read).await?;
    let access = seen.access(who).unwrap_or(Access::Read);
    let mut body = FileBody::seen(&seen, access);
    if access == Access::Own {
        let shares = files.catalogue.shares_of(&[id.0]).await?;
        let offers = files.catalogue.offers_of(&[id.0]).await?;
        let offers = offers.iter().map(ShareBody::from);
        body.shares = Some(shares.iter().map(ShareBody::from).chain(offers).collect());
    }
    Ok((tagged(&seen.file), Json(FileEnvelope { file: body })).into_response())
}

/// Deletes a file.
#[utoipa::path(
    delete, path = "/api/files/{id}", tag = "files", operation_id = "delete_file",
    params(
        ("id" = String, Path, description = "The file"),
        ("If-Match" = Option<String>, Header, description = "Only while this is its content")
    ),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 204, description = "Deleted"), (status = 401, description = "The token codes"), (status = 403, description = "`forbidden`: it is another's"), (status = 404, description = "`not_found`"), (status = 412, description = "`precondition_failed`"))
)]
pub(super) async fn delete(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let if_match = if_match(&headers)?;
    files.delete_file(caller.user_id(), id.0, if_match.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Offers to share a file with a user, for reading or for writing; where nothing is said, for reading. Once they
/// accept it, it is in their list. The answer does not tell whether somebody has the name.
#[utoipa::path(
    put, path = "/api/files/{id}/shares/{username}", tag = "files", operation_id = "share_file", request_body = Option<AccessBody>,
    params(("id" = String, Path, description = "The file"), ("username" = String, Path, description = "Whom it is shared with")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = ShareEnvelope), (status = 401, description = "The token codes"), (status = 403, description = "`forbidden`: it is another's"), (status = 404, description = "`not_found`: the file"), (status = 422, description = "`invalid_input`"), (status = 429, description = "`rate_limited`"))
)]
pub(super) async fn share(
    caller: Principal,
    visit: Visit,
    State(files): State<Files>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Json<ShareEnvelope>, Problem> {
    let (id, username) = share_of(path)?;
    let body = match request.body().is_end_stream() {
        true => AccessBody::default(),
        false => JsonBody::from_request(request, &files).await?.0,
    };
    let access = body.parse().ok_or_else(|| Problem::field("access", "write `read` or `write`"))?;
    let with = files.share_file(&visit, &caller, id, &username, access).await?;
    let share =
        ShareBody { username: with.as_str().to_owned(), access: access.name(), accepted: None };
    Ok(Json(ShareEnvelope { share }))
}

/// Takes a file that is offered to the caller into their list; also when repeated. `DELETE` of the share declines.
#[utoipa::path(
    put, path = "/api/files/{id}/acceptance", tag = "files", operation_id = "accept_file",
    params(("id" = String, Path, description = "The file")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = FileEnvelope), (status = 401, description = "The token codes"), (status = 404, description = "`not_found`: it is not offered to the caller"))
)]
pub(super) async fn accept(
    caller: Principal,
    State(files): State<Files>,
    id: FileOf,
) -> Result<Json<FileEnvelope>, Problem> {
    let who = caller.user_id();
    let seen = files.accept_file(who, id.0).await?;
    let access = seen.access(who).unwrap_or(Access::Read);
    Ok(Json(FileEnvelope { file: FileBody::seen(&seen, access) }))
}

/// Shares a file no longer with a user: for its owner, and for that user.
#[utoipa::path(
    delete, path = "/api/files/{id}/shares/{username}", tag = "files", operation_id = "unshare_file",
    params(("id" = String, Path, description = "The file"), ("username" = String, Path, description = "Whom it is shared with")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 204, description = "It is shared with them no longer"), (status = 401, description = "The token codes"), (status = 403, description = "`forbidden`"), (status = 404, description = "`not_found`"))
)]
pub(super) async fn unshare(
    caller: Principal,
    State(files): State<Files>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let (id, username) = share_of(path)?;
    files.unshare_file(caller.user_id(), id, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file that a path names. What can be no id is one that there is not.
pub(super) struct FileOf(pub(super) FileId);

impl<S: Send + Sync> FromRequestParts<S> for FileOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing = || Problem::new(ErrorCode::NotFound);
        let Path(id) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| nothing())?;
        id.parse().map(Self).map_err(|_| nothing())
    }
}

/// The answer to a file that was made.
pub(super) fn made(file: &File, owner: &Principal) -> Response {
    let place = HeaderValue::try_from(format!("/api/files/{}", file.id));
    let place = place.map(|place| [(header::LOCATION, place)]).ok();
    let body = FileEnvelope { file: FileBody::of(file, owner.username(), Access::Own) };
    let mut response = (StatusCode::CREATED, tagged(file), Json(body)).into_response();
    response.headers_mut().extend(place.into_iter().flatten());
    response
}

/// The validator of a file's content as a header.
pub(super) fn tagged(file: &File) -> [(HeaderName, HeaderValue); 1] {
    // A number, a hyphen and letters of base64url, in quotes.
    let tag = HeaderValue::try_from(file.tag().to_string());
    [(header::ETAG, tag.unwrap_or_else(|_| HeaderValue::from_static("\"\"")))]
}

/// What `If-Match` says.
///
/// # Errors
/// `malformed_request` where a tag stands without quotation marks.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<Tags>, Problem> {
    let tags = one_text(headers, &header::IF_MATCH).map(|text| Tags::parse_strictly(&text));
    tags.transpose().map_err(|error| {
        Problem::new(ErrorCode::MalformedRequest).detail(format!("Cannot read If-Match: {error}."))
    })
}

/// What `If-None-Match` says.
pub(super) fn if_none_match(headers: &HeaderMap) -> Option<Tags> {
    one_text(headers, &header::IF_NONE_MATCH).map(|text| Tags::parse(&text))
}

/// The values of a header, which may come several times.
fn one_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// A place in a list, for the address of what follows it.
pub(crate) fn cursor(place: ListPlace) -> String {
    format!("{}.{}", place.created_at.millis(), place.id)
}

/// Reads what [`cursor`] wrote.
pub(crate) fn read_cursor(text: &str) -> Option<ListPlace> {
    let (time, id) = text.split_once('.')?;
    let created_at = Timestamp::from_millis(time.parse().ok()?);
    Some(ListPlace { created_at, id: id.parse().ok()? })
}

fn share_of(
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<(FileId, String), Problem> {
    let nothing = || Problem::new(ErrorCode::NotFound);
    let Path((id, username)) = path.map_err(|_| nothing())?;
    Ok((id.parse().map_err(|_| nothing())?, username))
}
