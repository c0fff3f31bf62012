//! `/api/admin/…`: what those who run the site do by a program. Changes need a fresh token.

use axum::{
    Json, Router,
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, Uri},
    routing::{delete, get, post},
};
use vestibule::{
    ErrorCode, Fresh, JsonBody, Principal, Problem, Require, SuperUser, Visit,
    core::{
        id::UserId,
        name::RoleName,
        user::{UserChange, UserStatus},
    },
};
use vestibule_site::store::EventQuery;

use super::{
    Admin,
    bodies::{AdminChange, AdminSession, AdminUserDetail, AdminUsers, AuditEvent, AuditEvents},
    filter::{self, Parameters},
    outbox,
};
use crate::web::state::Site;

pub(super) type Caller = Require<SuperUser>;
pub(super) type Id = Result<Path<String>, PathRejection>;

/// The routes. They have to be inside of the library's layer.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/api/admin/users", get(users))
        .route("/api/admin/users/{id}", get(user).patch(change))
        .route("/api/admin/users/{id}/sessions", delete(end_sessions))
        .route("/api/admin/users/{id}/password-reset", post(start_reset))
        .route("/api/admin/audit", get(audit))
        .merge(outbox::routes())
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(users, user, change, end_sessions, start_reset, audit))]
pub(crate) struct Description;

/// Accounts, page by page: in the order of their numbers, or with `q` in that of the names.
#[utoipa::path(
    get, path = "/api/admin/users", tag = "admin", security(("access_token" = []), ("cookies" = [])),
    params(
        ("q" = Option<String>, Query, description = "What the user name or the e-mail address begins with, or a number"),
        ("status" = Option<String>, Query, description = "`active`, `suspended` or `deleted`"),
        ("role" = Option<String>, Query, description = "Only those with this role"),
        ("super_user" = Option<bool>, Query, description = "Only those who run the site"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "At most so many, up to 200; 50 where it is left out"),
    ),
    responses((status = 200, body = AdminUsers), (status = 401, description = "The token codes"), (status = 403, description = "`forbidden`"), (status = 422, description = "`invalid_input`"))
)]
async fn users(_: Caller, State(site): State<Site>, uri: Uri) -> Result<Json<AdminUsers>, Problem> {
    let parameters = Parameters::of(&uri);
    let (users, next_cursor) = filter::users(&parameters, &parameters.users()?, &site).await?;
    Ok(Json(AdminUsers { users: users.iter().map(Into::into).collect(), next_cursor }))
}

/// One account with its sessions.
#[utoipa::path(
    get, path = "/api/admin/users/{id}", tag = "admin", params(("id" = i64, Path, description = "The account's number"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page of sessions before")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = AdminUserDetail), (status = 401, description = "The token codes"), (status = 403, description = "`forbidden`"), (status = 404, description = "`not_found`"))
)]
async fn user(
    caller: Caller,
    visit: Visit,
    State(site): State<Site>,
    id: Id,
    uri: Uri,
) -> Result<Json<AdminUserDetail>, Problem> {
    let user = admin(&site, &visit, &caller).user(number(id)?).await?;
    let now = site.auth.now();
    let behind = Parameters::of(&uri).sessions()?;
    let page = site.auth.sessions_of(user.id, behind).await?;
    let sessions = page.sessions.iter().map(|session| AdminSession::of(session, now)).collect();
    let next_cursor = page.next.map(|next| next.to_string());
    Ok(Json(AdminUserDetail { user: (&user).into(), sessions: Some(sessions), next_cursor }))
}

/// Changes an account's status, roles, and whether it runs the site. Whoever is no longer active is signed
/// out everywhere.
#[utoipa::path(
    patch, path = "/api/admin/users/{id}", tag = "admin", request_body = AdminChange,
    params(("id" = i64, Path, description = "The account's number")), security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 200, description = "The account as it is then", body = AdminUserDetail),
        (status = 401, description = "`fresh_token_required` and the token codes"),
        (status = 403, description = "`forbidden`, `csrf_failed`"), (status = 404, description = "`not_found`"),
        (status = 409, description = "`conflict`: the last active super user, or a deleted account"),
        (status = 422, description = "`invalid_input`"),
    )
)]
async fn change(
    caller: Fresh<Caller>,
    visit: Visit,
    State(site): State<Site>,
    id: Id,
    JsonBody(body): JsonBody<AdminChange>,
) -> Result<Json<AdminUserDetail>, Problem> {
    let id = number(id)?;
    let wrong = "write active, suspended or deleted";
    let status = body.status.map(|name| name.parse::<UserStatus>()).transpose();
    let roles = body.roles.map(|names| names.iter().map(|name| RoleName::parse(name)).collect());
    let change = UserChange {
        status: status.map_err(|_| Problem::field("status", wrong))?,
        roles: roles.transpose().map_err(|error| Problem::field("roles", error))?,
        is_super_user: body.is_super_user,
        ..UserChange::default()
    };
    let user = admin(&site, &visit, &caller).change(id, change).await?;
    Ok(Json(AdminUserDetail { user: (&user).into(), sessions: None, next_cursor: None }))
}

/// Ends all sessions of an account.
#[utoipa::path(
    delete, path = "/api/admin/users/{id}/sessions", tag = "admin",
    params(("id" = i64, Path, description = "The account's number")), security(("access_token" = []), ("cookies" = [])),
    responses((status = 204, description = "Ended, also when repeated"), (status = 401, description = "`fresh_token_required` and the token codes"), (status = 403, description = "`forbidden`, `csrf_failed`"), (status = 404, description = "`not_found`"))
)]
async fn end_sessions(
    caller: Fresh<Caller>,
    visit: Visit,
    State(site): State<Site>,
    id: Id,
) -> Result<StatusCode, Problem> {
    admin(&site, &visit, &caller).end_sessions(number(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends the owner of an account a link by which they choose a new password.
#[utoipa::path(
    post, path = "/api/admin/users/{id}/password-reset", tag = "admin",
    params(("id" = i64, Path, description = "The account's number")), security(("access_token" = []), ("cookies" = [])),
    responses(
        (status = 204, description = "A mail is on its way; the password that they have stays until they choose another"),
        (status = 401, description = "`fresh_token_required` and the token codes"),
        (status = 403, description = "`forbidden`, `csrf_failed`"), (status = 404, description = "`not_found`"),
        (status = 409, description = "`conflict`: the account is not active"),
    )
)]
async fn start_reset(
    caller: Fresh<Caller>,
    visit: Visit,
    State(site): State<Site>,
    id: Id,
) -> Result<StatusCode, Problem> {
    admin(&site, &visit, &caller).start_reset(number(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The audit trail, the latest first.
#[utoipa::path(
    get, path = "/api/admin/audit", tag = "admin", security(("access_token" = []), ("cookies" = [])),
    params(
        ("event" = Option<String>, Query, description = "Only events of this name"),
        ("actor" = Option<String>, Query, description = "Only what this account did: its number, user name or e-mail address"),
        ("subject" = Option<String>, Query, description = "Only what was done to this account, by whomever"),
        ("session" = Option<String>, Query, description = "Only events of this session"),
        ("address" = Option<String>, Query, description = "Only events from this address"),
        ("from" = Option<String>, Query, description = "A day, a moment (ISO 8601), or seconds since the Unix epoch"),
        ("to" = Option<String>, Query, description = "Up to this moment, or to the end of this day"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "At most so many, up to 200; 50 where it is left out"),
    ),
    responses((status = 200, body = AuditEvents), (status = 401, description = "The token codes"), (status = 403, description = "`forbidden`"), (status = 422, description = "`invalid_input`"))
)]
async fn audit(
    _: Caller,
    State(site): State<Site>,
    uri: Uri,
) -> Result<Json<AuditEvents>, Problem> {
    let query = Parameters::of(&uri).events(&site).await?;
    let (events, next_cursor) = events(&query, &site).await?;
    Ok(Json(AuditEvents {
        events: events.into_iter().map(AuditEvent::from).collect(),
        next_cursor,
    }))
}

/// One page of events, and where the next one begins.
///
/// # Errors
/// `unavailable`.
pub(crate) async fn events(
    query: &EventQuery,
    site: &Site,
) -> Result<(Vec<vestibule_site::store::KeptEvent>, Option<String>), Problem> {
    // What was noted until now is part of the list.
    site.audit.catch_up().await;
    let wanted = EventQuery { limit: query.limit + 1, ..query.clone() };
    let found = site.store.events(&wanted).await?;
    Ok(filter::page(found, query.limit, |last| last.cursor().to_string()))
}

pub(super) fn admin<'a>(site: &'a Site, visit: &'a Visit, caller: &'a Principal) -> Admin<'a> {
    Admin { site, visit, caller }
}

fn number(id: Id) -> Result<UserId, Problem> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok());
    id.ok_or(Problem::new(ErrorCode::NotFound))
}
