//! Signing in and out, renewing, confirming, and the list of sessions.

use axum::{
    Json,
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use url::form_urlencoded;
use vestibule_core::{
    error::ErrorCode,
    id::SessionId,
    secret::SecretText,
    session::{Carrier, Session},
    store::SessionCursor,
    time::Timestamp,
};

use super::bodies::{
    ConfirmBody, CookieTokens, FreshToken, HeaderTokens, LoginBody, RenewalBody, SessionBody,
    SessionDetailBody, SessionsBody, UserBody,
};
use crate::{
    auth::Vestibule,
    credentials::Presented,
    extract::{Fresh, Principal},
    flows::{SignInForm, SignedIn},
    json::{JsonBody, required},
    problem::{Detail, Problem},
    renew::Renewed,
    visit::Visit,
};

/// Signs in.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "auth", request_body = LoginBody,
    responses(
        (status = 200, description = "Signed in; with `transport: cookie` the tokens are in cookies and the body is that of `CookieTokens`", body = HeaderTokens),
        (status = 401, description = "`invalid_credentials`"),
        (status = 403, description = "`email_unverified`, `csrf_failed`"),
        (status = 429, description = "`rate_limited`"),
        (status = 503, description = "`unavailable`"),
    )
)]
pub(crate) async fn login(
    visit: Visit,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<Response, Problem> {
    let form = sign_in_form(body)?;
    let carrier = form.carrier;
    Ok(signed_in_body(&visit, visit.sign_in(form).await?, carrier))
}

/// Signs in, and takes back first that the caller deleted their account, which they can for 14 days.
#[utoipa::path(
    post, path = "/api/auth/restore", tag = "auth", request_body = LoginBody,
    responses(
        (status = 200, description = "As for `/api/auth/login`; an account that is not deleted is just signed in to", body = HeaderTokens),
        (status = 401, description = "`invalid_credentials`"),
        (status = 403, description = "`email_unverified`, `csrf_failed`"),
        (status = 429, description = "`rate_limited`"),
        (status = 503, description = "`unavailable`"),
    )
)]
pub(crate) async fn restore(
    visit: Visit,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<Response, Problem> {
    let form = sign_in_form(body)?;
    let carrier = form.carrier;
    Ok(signed_in_body(&visit, visit.restore(form).await?, carrier))
}

/// Renews a session.
#[utoipa::path(
    post, path = "/api/auth/refresh", tag = "auth", security(("refresh_token" = []), ("cookies" = [])),
    responses(
        (status = 200, description = "The next tokens; for cookies the body is that of `CookieTokens`", body = HeaderTokens),
        (status = 401, description = "`session_ended`: drop the tokens. `token_invalid`, `token_missing`"),
        (status = 503, description = "`unavailable`: the token was not consumed"),
    )
)]
pub(crate) async fn refresh(visit: Visit) -> Result<Response, Problem> {
    let issuer = &visit.auth().0.issuer;
    match visit.presented() {
        Presented::Nothing => Err(Problem::new(ErrorCode::TokenMissing)),
        Presented::Header(token) => {
            let invalid = || Problem::new(ErrorCode::TokenInvalid).carried(Carrier::Header);
            let token = token.as_ref().ok_or_else(invalid)?;
            let claims = issuer.read_refresh(token.expose()).map_err(|_| {
                visit.note_forgery(token.expose(), "refresh");
                invalid()
            })?;
            let renewed = visit.auth().renew(&claims, None, Carrier::Header, &visit).await;
            let renewed = renewed.map_err(|problem| problem.carried(Carrier::Header))?;
            Ok(tokens_body(visit.auth(), renewed, Carrier::Header, None, None))
        }
        Presented::Cookies(tokens) => {
            let refuse = |code| Problem::new(code).carried(Carrier::Cookie);
            let token = tokens.refresh.as_ref().ok_or_else(|| refuse(ErrorCode::TokenMissing))?;
            if visit.has_cookies_of_two() {
                return Err(refuse(ErrorCode::TokenMissing));
            }
            let held = visit.cookie_renewal().ok_or_else(|| {
                visit.note_forgery(token.expose(), "refresh");
                refuse(ErrorCode::TokenInvalid)
            })?;
            visit.check_csrf(visit.auth().0.csrf.of_session(held.refresh.session_id))?;
            let renewed = visit.renew_cookies(&held).await?;
            Ok(tokens_body(visit.auth(), renewed, Carrier::Cookie, None, None))
        }
    }
}

/// Signs out.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "auth",
    security(("access_token" = []), ("refresh_token" = []), ("cookies" = [])),
    responses((status = 204, description = "Signed out, also when repeated"), (status = 401, description = "`token_invalid`"), (status = 403, description = "`csrf_failed`"), (status = 503, description = "`unavailable`: the session goes on"))
)]
pub(crate) async fn logout(visit: Visit) -> Result<StatusCode, Problem> {
    visit.sign_out().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Proves by password that it is still the same person.
#[utoipa::path(
    post, path = "/api/auth/confirm", tag = "auth", request_body = ConfirmBody,
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, description = "A fresh access token, by the caller's carrier", body = FreshToken), (status = 401, description = "`invalid_credentials` and the token codes"), (status = 429, description = "`rate_limited`"))
)]
pub(crate) async fn confirm(
    caller: Principal,
    visit: Visit,
    JsonBody(body): JsonBody<ConfirmBody>,
) -> Result<Response, Problem> {
    let confirmed = visit.confirm(&caller, required("password", body.password)?).await?;
    Ok(fresh_body(visit.auth(), confirmed.access, &confirmed.session, caller.carrier()))
}

/// A new access token alone, by the caller's carrier.
pub(super) fn fresh_body(
    auth: &Vestibule,
    access_token: SecretText,
    session: &Session,
    carrier: Carrier,
) -> Response {
    let expires_in = access_seconds(auth, session);
    match carrier {
        Carrier::Header => {
            Json(FreshToken { access_token, token_type: "Bearer", expires_in }).into_response()
        }
        Carrier::Cookie => {
            let csrf_token = auth.0.csrf.of_session(session.id).plain().into();
            Json(CookieTokens { user: None, csrf_token, expires_in }).into_response()
        }
    }
}

/// The caller's sessions: the living ones, then those that ended within 30 days; of either the last used first.
#[utoipa::path(
    get, path = "/api/auth/sessions", tag = "sessions", security(("access_token" = []), ("cookies" = [])),
    params(("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = SessionsBody), (status = 401, description = "The token codes"), (status = 422, description = "`invalid_input`"))
)]
pub(crate) async fn list(
    caller: Principal,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Json<SessionsBody>, Problem> {
    let now = visit.auth().now();
    let behind = cursor(query.as_deref())?;
    let page = visit.auth().sessions_of(caller.user_id(), behind).await?;
    let sessions = page
        .sessions
        .iter()
        .map(|session| SessionBody::of(session, session.id == caller.session_id(), now));
    let next_cursor = page.next.map(|next| next.to_string());
    Ok(Json(SessionsBody { sessions: sessions.collect(), next_cursor }))
}

/// One of the caller's sessions, with what became of its refresh tokens.
#[utoipa::path(
    get, path = "/api/auth/sessions/{id}", tag = "sessions", params(("id" = String, Path, description = "The session")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 200, body = SessionDetailBody), (status = 401, description = "The token codes"), (status = 404, description = "`not_found`"))
)]
pub(crate) async fn detail(
    caller: Principal,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Json<SessionDetailBody>, Problem> {
    let not_found = || Problem::new(ErrorCode::NotFound);
    let id: SessionId = id.parse().map_err(|_| not_found())?;
    let (session, renewals) = visit.own_session(&caller, id).await?.ok_or_else(not_found)?;
    let session = SessionBody::of(&session, id == caller.session_id(), visit.auth().now());
    let renewals = renewals.into_iter().map(RenewalBody::from).collect();
    Ok(Json(SessionDetailBody { session, renewals }))
}

/// Ends one of the caller's sessions.
#[utoipa::path(
    delete, path = "/api/auth/sessions/{id}", tag = "sessions", params(("id" = String, Path, description = "The session")),
    security(("access_token" = []), ("cookies" = [])),
    responses((status = 204, description = "Ended, also when repeated"), (status = 401, description = "`fresh_token_required` and the token codes"), (status = 404, description = "`not_found`"))
)]
pub(crate) async fn end(
    caller: Fresh,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: SessionId = id.parse().map_err(|_| Problem::new(ErrorCode::NotFound))?;
    visit.end_session_of(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of the caller's other sessions.
#[utoipa::path(
    delete, path = "/api/auth/sessions", tag = "sessions", security(("access_token" = []), ("cookies" = [])),
    responses((status = 204, description = "Ended"), (status = 401, description = "`fresh_token_required` and the token codes"))
)]
pub(crate) async fn end_others(caller: Fresh, visit: Visit) -> Result<StatusCode, Problem> {
    visit.end_other_sessions(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where the page that is asked for goes on.
fn cursor(query: Option<&str>) -> Result<Option<SessionCursor>, Problem> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let found = pairs.find(|(name, value)| name == "cursor" && !value.is_empty());
    let wrong = || {
        let wrong = "this is not a cursor: use the one of the previous page, or leave it out";
        Problem::fault("cursor", &Detail::new("filter_place", wrong))
    };
    found.map(|(_, text)| text.parse().map_err(|_| wrong())).transpose()
}

fn sign_in_form(body: LoginBody) -> Result<SignInForm, Problem> {
    let carrier = Carrier::from(body.transport);
    Ok(SignInForm {
        login: required("login", body.login)?,
        password: required("password", body.password)?,
        remember: body.remember.unwrap_or(carrier == Carrier::Header),
        carrier,
        device: body.device,
        device_token: body.device_token,
    })
}

fn signed_in_body(visit: &Visit, signed_in: SignedIn, carrier: Carrier) -> Response {
    let user = Some(UserBody::from(signed_in.user()));
    let device_token = Some(signed_in.device_token().into());
    tokens_body(visit.auth(), signed_in.renewed, carrier, user, device_token)
}

/// The tokens by their carrier: in the body, or nothing but the CSRF value.
pub(super) fn tokens_body(
    auth: &Vestibule,
    renewed: Renewed,
    carrier: Carrier,
    user: Option<UserBody>,
    device_token: Option<SecretText>,
) -> Response {
    let expires_in = access_seconds(auth, &renewed.session);
    match carrier {
        Carrier::Cookie => {
            let csrf_token = auth.0.csrf.of_session(renewed.session.id).plain().into();
            Json(CookieTokens { user, csrf_token, expires_in }).into_response()
        }
        Carrier::Header => {
            let refresh_expires_in = seconds_until(renewed.session.expires_at, auth.now());
            let tokens = HeaderTokens {
                access_token: renewed.access.token,
                refresh_token: renewed.refresh,
                token_type: "Bearer",
                expires_in,
                refresh_expires_in,
                user,
                device_token,
            };
            ([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response()
        }
    }
}

fn access_seconds(auth: &Vestibule, session: &Session) -> u64 {
    let now = auth.now();
    seconds_until((now + auth.config().lifetimes.access).min(session.ends_at), now)
}

fn seconds_until(moment: Timestamp, now: Timestamp) -> u64 {
    // By whole seconds, as the tokens say it.
    Timestamp::from_seconds(moment.seconds())
        .since(Timestamp::from_seconds(now.seconds()))
        .as_secs()
}
