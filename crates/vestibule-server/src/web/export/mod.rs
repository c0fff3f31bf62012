//! What the site knows of a person, as one JSON file for them.
//!
//! | module | holds |
//! |---|---|
//! | `bodies` | what stands in the file |
//! | `write` | writes it while it is read, page by page |
//!
//! The file has a `format`. Fields may be added within one; what is taken away, or means something else, is
//! another.

mod bodies;
mod write;

use std::net::IpAddr;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http_body_util::channel::Channel;
use utoipa::OpenApi;
use vestibule::{Fresh, Principal, Problem, User, Visit, core::id::UserId};

use self::bodies::Export;
use crate::web::state::Site;

/// How many pieces wait for a reader that is slower than the store.
const AHEAD: usize = 2;

/// The route. It has to be inside of the library's layer.
pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/api/user/export", get(export))
}

/// The description of the route.
#[derive(OpenApi)]
#[openapi(paths(export))]
pub(crate) struct Description;

/// Everything that the site knows of the caller, as a file. What others did is not in it beyond their names,
/// and neither is any secret.
#[utoipa::path(
    get, path = "/api/user/export", tag = "user", security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 200, description = "A file; it is broken off where the store fails while it is written", body = Export),
        (status = 401, description = "`fresh_token_required` and the token codes"),
        (status = 429, description = "`rate_limited`: too many downloads at once"),
        (status = 503, description = "`unavailable`"),
    )
)]
async fn export(
    caller: Fresh<Principal>,
    visit: Visit,
    State(site): State<Site>,
) -> Result<Response, Problem> {
    download(&site, caller.user_id(), visit.network()?).await
}

/// The file of an account.
///
/// # Errors
/// `token_revoked` where there is no such account, `unavailable`, `rate_limited` where too much is on its way
/// to them.
pub(crate) async fn download(site: &Site, id: UserId, client: IpAddr) -> Result<Response, Problem> {
    let turn = site.files.download_turn(id, client).await?;
    let user: Option<User> = site.auth.users().user(id).await?;
    let user = user.ok_or(Problem::new(vestibule::ErrorCode::TokenRevoked))?;
    // What was noted until now is part of it.
    site.audit.catch_up().await;
    let (pieces, body) = Channel::new(AHEAD);
    let site = site.clone();
    tokio::spawn(async move {
        write::write(site, user, pieces).await;
        drop(turn);
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"account.json\""),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Body::new(body)).into_response())
}
