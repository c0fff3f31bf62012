//! `/api/admin/outbox`: mails, what became of them, and trying again.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, Uri},
    routing::{get, post},
};
use serde::Serialize;
use utoipa::ToSchema;
use vestibule::{ErrorCode, Fresh, Problem, Visit};
use vestibule_site::outbox::OutboxEntry;

use super::{
    api::{Caller, Id, admin},
    filter::{self, Parameters},
};
use crate::web::state::Site;

/// The routes. They have to be inside of the library's layer.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/api/admin/outbox", get(mails))
        .route("/api/admin/outbox/{id}/retry", post(retry_mail))
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(mails, retry_mail))]
pub(crate) struct Description;

/// A mail and what became of it; never what it says.
#[derive(Serialize, ToSchema)]
struct Mail {
    id: String,
    /// What it is about, in a few words.
    kind: String,
    /// The number of the account that it belongs to.
    user: Option<i64>,
    recipient: String,
    /// `waiting`, `sent` or `given_up`.
    state: &'static str,
    /// How often it was tried.
    tries: u32,
    /// Why the last try failed.
    last_error: Option<String>,
    created_at: i64,
    /// When it is tried next while it waits, and else when it was sent or given up.
    at: i64,
}

impl From<OutboxEntry> for Mail {
    fn from(mail: OutboxEntry) -> Self {
        Self {
            id: mail.id.to_string(),
            kind: mail.kind,
            user: mail.user.map(|id| id.0),
            recipient: mail.recipient,
            state: mail.state.name(),
            tries: mail.tries,
            last_error: mail.last_error,
            created_at: mail.created_at.seconds(),
            at: mail.at.seconds(),
        }
    }
}

/// A page of mails, the newest first.
#[derive(Serialize, ToSchema)]
struct Mails {
    mails: Vec<Mail>,
    /// `cursor` of the next page, where there is one.
    next_cursor: Option<String>,
}

/// Mails of the last 30 days, the newest first.
#[utoipa::path(
    get, path = "/api/admin/outbox", tag = "admin", security(("access_token" = []), ("cookies" = [])),
    params(
        ("state" = Option<String>, Query, description = "`waiting`, `sent` or `given_up`"),
        ("user" = Option<String>, Query, description = "Only those of this account: its number, user name or e-mail address"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "At most so many, up to 200; 50 where it is left out"),
    ),
    responses((status = 200, body = Mails), (status = 401, description = "The token codes"), (status = 403, description = "`forbidden`"), (status = 422, description = "`invalid_input`"))
)]
async fn mails(_: Caller, State(site): State<Site>, uri: Uri) -> Result<Json<Mails>, Problem> {
    let query = Parameters::of(&uri).mails(&site).await?;
    let (mails, next_cursor) = filter::mails(&query, &site).await?;
    Ok(Json(Mails { mails: mails.into_iter().map(Mail::from).collect(), next_cursor }))
}

/// Has a mail that waits or was given up tried again, now.
#[utoipa::path(
    post, path = "/api/admin/outbox/{id}/retry", tag = "admin",
    params(("id" = String, Path, description = "The mail's id")), security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 204, description = "It is tried at once"),
        (status = 401, description = "`fresh_token_required` and the token codes"),
        (status = 403, description = "`forbidden`, `csrf_failed`"), (status = 404, description = "`not_found`"),
        (status = 409, description = "`conflict`: it was sent, or the link in it has expired"),
    )
)]
async fn retry_mail(
    caller: Fresh<Caller>,
    visit: Visit,
    State(site): State<Site>,
    id: Id,
) -> Result<StatusCode, Problem> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok());
    let id = id.ok_or(Problem::new(ErrorCode::NotFound))?;
    admin(&site, &visit, &caller).retry_mail(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
