//! What a refusal looks like as a page.

use axum::{
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use minijinja::context;
use vestibule::{ErrorCode, Problem, Visit, core::locale::Locale};

use super::layout::{frame, html};
use super::{flash::Flash, view::go};
use crate::config::Settings;
use crate::templates::Templates;

/// The answer to a refusal: on to where somebody can sign in or confirm, or a page that says what is
/// wrong. `None` for programs, and where the page itself cannot be rendered.
pub(crate) fn on_problem(
    templates: &Templates,
    settings: &Settings,
    problem: &Problem,
    visit: &Visit,
) -> Option<Response> {
    let request_info = visit.request_info();
    if request_info.expects_json {
        return None;
    }
    if let Some(target) = visit.redirect_target(problem, &request_info) {
        let flash = Flash::about(visit).or(match problem.code {
            _ if matches!(request_info.method, Method::GET | Method::HEAD) => None,
            ErrorCode::FreshTokenRequired => Some(Flash::ConfirmFirst),
            _ => Some(Flash::SignInFirst),
        });
        // A form of another site leaves no notice for a page of ours.
        let flash = flash.filter(|_| visit.may_set_cookies());
        let cookie = flash.and_then(|flash| flash.cookie(visit.auth().config()));
        return Some(go(&target, cookie));
    }
    let language = templates.language(visit.locale());
    let status = problem.code.status();
    let detail = language.reason(problem).unwrap_or_else(|| language.text(detail_of(problem.code)));
    let content = context! {
        status,
        title => language.text(title_of(problem.code)),
        detail,
        wait => problem.retry_after.map(|wait| language.wait(Some(wait))),
        request_id => request_info.request_id.as_str(),
        ..frame(settings, visit, request_info.uri.path())
    };
    let mut response = html(templates.render(language, "error.html", content).ok()?, language);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    problem.add_headers(response.headers_mut());
    Some(response)
}

/// The page of a site whose store cannot be reached yet.
pub(crate) fn away(
    templates: &Templates,
    settings: &Settings,
    headers: &HeaderMap,
) -> Option<Response> {
    let wished = headers.get(header::ACCEPT_LANGUAGE).and_then(|wished| wished.to_str().ok());
    let wished = wished.and_then(|wished| Locale::preferred(wished, templates.texts().locales()));
    let language = templates.language(wished);
    let problem = Problem::unavailable(std::time::Duration::from_secs(5));
    let content = context! {
        status => problem.code.status(),
        title => language.text(title_of(problem.code)),
        detail => language.text(detail_of(problem.code)),
        wait => language.wait(problem.retry_after),
        site_name => settings.site_name.as_str(),
        path => "",
        features => super::layout::features(settings),
    };
    let mut response = html(templates.render(language, "error.html", content).ok()?, language);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    problem.add_headers(response.headers_mut());
    Some(response)
}

/// What is wrong, for somebody in front of a browser. The codes' own texts are for programs.
pub(crate) const fn title_of(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::TokenMissing
        | ErrorCode::TokenInvalid
        | ErrorCode::TokenExpired
        | ErrorCode::TokenRevoked
        | ErrorCode::SessionEnded
        | ErrorCode::InvalidCredentials => "error-sign-in",
        ErrorCode::FreshTokenRequired => "error-confirm",
        ErrorCode::CsrfFailed => "error-csrf",
        ErrorCode::Forbidden => "error-forbidden",
        ErrorCode::EmailUnverified => "error-unverified",
        ErrorCode::NotFound => "error-not-found",
        ErrorCode::MethodNotAllowed => "error-method",
        ErrorCode::MalformedRequest => "error-malformed",
        ErrorCode::Conflict | ErrorCode::PreconditionFailed => "error-conflict",
        ErrorCode::InvalidInput => "error-input",
        ErrorCode::TooLarge => "error-too-large",
        ErrorCode::UnsupportedMediaType => "error-media-type",
        ErrorCode::RateLimited => "error-rate-limited",
        ErrorCode::Internal => "error-internal",
        ErrorCode::Unavailable => "error-unavailable",
    }
}

/// What mends it.
pub(crate) const fn detail_of(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::TokenMissing
        | ErrorCode::TokenInvalid
        | ErrorCode::TokenExpired
        | ErrorCode::TokenRevoked
        | ErrorCode::SessionEnded
        | ErrorCode::InvalidCredentials => "error-sign-in-detail",
        ErrorCode::FreshTokenRequired => "error-confirm-detail",
        ErrorCode::CsrfFailed => "error-csrf-detail",
        ErrorCode::Forbidden => "error-forbidden-detail",
        ErrorCode::EmailUnverified => "error-unverified-detail",
        ErrorCode::NotFound => "error-not-found-detail",
        ErrorCode::MethodNotAllowed => "error-method-detail",
        ErrorCode::MalformedRequest => "error-malformed-detail",
        ErrorCode::Conflict | ErrorCode::PreconditionFailed => "error-conflict-detail",
        ErrorCode::InvalidInput => "error-input-detail",
        ErrorCode::TooLarge => "error-too-large-detail",
        ErrorCode::UnsupportedMediaType => "error-media-type-detail",
        ErrorCode::RateLimited => "error-rate-limited-detail",
        ErrorCode::Internal => "error-internal-detail",
        ErrorCode::Unavailable => "error-unavailable-detail",
    }
}
