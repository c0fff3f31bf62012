//! Asking on behalf of a reverse proxy (`auth_request` and its like).

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use vestibule_core::{redirect::LocalPath, session::Carrier};

use crate::{extract::Principal, problem::Problem, visit::Visit};

/// Whether somebody is signed in, and who.
///
/// Behind the question stands another request, whose headers the proxy hands on: what that one has to show
/// counts here too. Its method is in `X-Forwarded-Method` or `X-Original-Method`, and its `Sec-Fetch-Site`,
/// `Origin` and `Referer` are held against our own origin, not against the `Host` that the proxy calls us by.
#[utoipa::path(
    get, path = "/auth/verify-request", tag = "proxy", security(("access_token" = []), ("cookies" = [])),
    responses((status = 204, description = "Signed in: `X-Auth-User-Id`, `X-Auth-User` (percent-encoded), `X-Auth-Roles`"), (status = 401, description = "Not signed in; `X-Auth-Redirect` for navigations"), (status = 403, description = "`csrf_failed`: cookies, and an unsafe method in `X-Forwarded-Method` or `X-Original-Method`"))
)]
pub(crate) async fn verify_request(visit: Visit, headers: HeaderMap) -> Response {
    visit.stand_for(forwarded_methods(&headers));
    match caller(&visit).await {
        Ok(caller) => {
            // Header values are ASCII; a user name may be of any script.
            let name = utf8_percent_encode(caller.username(), NON_ALPHANUMERIC).to_string();
            let said = [
                ("x-auth-user-id", caller.user_id().to_string()),
                ("x-auth-user", name),
                ("x-auth-roles", caller.roles().join(",")),
            ];
            let mut response = StatusCode::NO_CONTENT.into_response();
            for (header, value) in said {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().insert(HeaderName::from_static(header), value);
                }
            }
            response
        }
        Err(problem) if problem.code.status() == 401 => refusal(&visit, &problem, &headers),
        Err(problem) => {
            problem.json(Some(&visit.request_info()), visit.auth().config().flask_names)
        }
    }
}

/// Who is calling, held against what the forwarded request has to show: also where somebody asked before that
/// was known.
async fn caller(visit: &Visit) -> Result<Principal, Problem> {
    let caller = Principal::from(visit.authenticate().await?);
    if caller.carrier() == Carrier::Cookie {
        visit.guard(caller.session_id())?;
    }
    Ok(caller)
}

/// The methods that a proxy says the request has that it asks for: what is no text is none that reads.
pub(crate) fn forwarded_methods(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    ["x-forwarded-method", "x-original-method"]
        .into_iter()
        .flat_map(|name| headers.get_all(name))
        .map(|value| value.to_str().unwrap_or_default())
}

/// 401 always: a proxy reads the status, and sends people on itself.
fn refusal(visit: &Visit, problem: &Problem, headers: &HeaderMap) -> Response {
    let config = visit.auth().config();
    let mut response = problem.json(Some(&visit.request_info()), config.flask_names);
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let navigates = text("sec-fetch-mode") == "navigate" || text("accept").contains("text/html");
    if navigates {
        let asked = [text("x-forwarded-uri"), text("x-original-uri")]
            .into_iter()
            .find_map(LocalPath::parse);
        let target = config.to_sign_in(&asked.unwrap_or_default());
        if let Some(value) = target.and_then(|target| HeaderValue::from_str(&target).ok()) {
            response.headers_mut().insert("x-auth-redirect", value);
        }
    }
    response
}
