//! The caller's own account.

use axum::{Json, http::StatusCode, response::Response};

use super::bodies::{
    HeaderTokens, MeBody, PasswordBody, ProfileBody, RegisterBody, RegisteredBody, SessionStanding,
    UserBody, UserEnvelope,
};
use super::session::{fresh_body, tokens_body};
use crate::{
    extract::{CurrentUser, Fresh, Principal},
    flows::{PasswordChanged, ProfileChange, Registrant},
    json::{JsonBody, required},
    problem::Problem,
    visit::Visit,
};

/// Makes an account. The answer does not tell whether the address had one.
#[utoipa::path(
    post, path = "/api/auth/register", tag = "auth", request_body = RegisterBody,
    responses((status = 202, body = RegisteredBody), (status = 403, description = "`forbidden`: registration is closed"), (status = 409, description = "`conflict`: the user name is taken"), (status = 422, description = "`invalid_input`"), (status = 429, description = "`rate_limited`"))
)]
pub(crate) async fn register(
    visit: Visit,
    JsonBody(body): JsonBody<RegisterBody>,
) -> Result<(StatusCode, Json<RegisteredBody>), Problem> {
    let registrant = Registrant {
        username: required("username", body.username)?,
        email: required("email", body.email)?,
        password: required("password", body.password)?,
    };
    let answer = RegisteredBody {
        username: registrant.username.trim().to_owned(),
        email: registrant.email.trim().to_owned(),
    };
    visit.register(registrant).await?;
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Who is calling.
#[utoipa::path(
    get, path = "/api/auth/me", tag = "auth", security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = MeBody), (status = 401, description = "The token codes"))
)]
pub(crate) async fn me(user: CurrentUser, visit: Visit) -> Json<MeBody> {
    let caller = &user.principal;
    let session = SessionStanding {
        id: caller.session_id().to_string(),
        fresh: caller.freshness().is_fresh(visit.auth().now()),
        fresh_until: caller.freshness().until().map(vestibule_core::time::Timestamp::seconds),
        auth_time: caller.auth_time().seconds(),
        carrier: caller.session_carrier().name(),
    };
    Json(MeBody { user: UserBody::from(&*user.user), session })
}

/// Changes the caller's password. Every other session ends.
#[utoipa::path(
    put, path = "/api/auth/password", tag = "user", request_body = PasswordBody,
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, description = "Changed, with the next tokens; for cookies the body is that of `CookieTokens`", body = HeaderTokens), (status = 401, description = "`fresh_token_required`, `invalid_credentials` and the token codes"), (status = 422, description = "`invalid_input`"), (status = 429, description = "`rate_limited`"))
)]
pub(crate) async fn change_password(
    caller: Fresh,
    visit: Visit,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<Response, Problem> {
    let current = required("current", body.current)?;
    let PasswordChanged(renewed) =
        visit.change_password(&caller, current, required("new", body.new)?).await?;
    let carrier = caller.carrier();
    Ok(match carrier == renewed.session.carrier {
        true => tokens_body(visit.auth(), renewed, carrier, None, None),
        // An app with the access token of a browser's session has no use for its refresh token.
        false => fresh_body(visit.auth(), renewed.access.token, &renewed.session, carrier),
    })
}

/// Changes the caller's names and language. Another address counts once it is verified; asking for the present one
/// takes that back.
#[utoipa::path(
    patch, path = "/api/user", tag = "user", request_body = ProfileBody,
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = UserEnvelope), (status = 401, description = "`fresh_token_required` for another name or address, and the token codes"), (status = 409, description = "`conflict`"), (status = 422, description = "`invalid_input`"))
)]
pub(crate) async fn change_profile(
    caller: Principal,
    visit: Visit,
    JsonBody(body): JsonBody<ProfileBody>,
) -> Result<Json<UserEnvelope>, Problem> {
    let change = ProfileChange {
        username: body.username,
        email: body.email,
        locale: body.locale.map(Option::unwrap_or_default),
    };
    let user = visit.change_profile(&caller, change).await?;
    Ok(Json(UserEnvelope { user: UserBody::from(&user) }))
}

/// Deletes the caller's account and ends all their sessions.
///
/// For 14 days they may take it back by `/api/auth/restore`.
#[utoipa::path(
    delete, path = "/api/user", tag = "user", security(("access_token" = []), ("cookies" = [])),
    responses((status = 204, description = "Deleted"), (status = 401, description = "`fresh_token_required` and the token codes"))
)]
pub(crate) async fn delete_account(caller: Fresh, visit: Visit) -> Result<StatusCode, Problem> {
    visit.delete_account(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
