//! What a refusal looks like as a page.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use minijinja::context;
use vestibule::{ErrorCode, Problem, Visit};

use super::{
    flash::Flash,
    render::{Templates, frame, html},
    view::go,
};
use crate::config::Settings;

/// The answer to a refusal: on to where somebody can sign in or confirm, or a page that says what is
/// wrong. `None` for programs, and where the page itself cannot be rendered.
pub(crate) fn on_problem(
    templates: &Templates,
    settings: &Settings,
    problem: &Problem,
    visit: &Visit,
) -> Option<Response> {
    let asked = visit.asked();
    if asked.is_program {
        return None;
    }
    if let Some(target) = visit.way_on(problem, &asked) {
        let flash = match problem.code {
            _ if matches!(asked.method, Method::GET | Method::HEAD) => None,
            ErrorCode::FreshTokenRequired => Some(Flash::ConfirmFirst),
            _ => Some(Flash::SignInFirst),
        };
        let cookie = flash.and_then(|flash| flash.cookie(visit.hall().config()));
        return Some(go(&target, cookie));
    }
    let status = problem.code.status();
    let (title, detail) = in_words(problem.code);
    let content = context! {
        status,
        title,
        detail => problem.detail.as_deref().unwrap_or(detail),
        retry_after => problem.retry_after.map(|wait| wait.as_millis().div_ceil(1000) as u64),
        request_id => asked.request_id.as_str(),
        ..frame(settings, visit, asked.uri.path())
    };
    let mut response = html(templates.render("error.html", content).ok()?);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    problem.add_headers(response.headers_mut());
    Some(response)
}

/// The page of a site whose store cannot be reached yet.
pub(crate) fn away(templates: &Templates, settings: &Settings) -> Option<Response> {
    let problem = Problem::unavailable(std::time::Duration::from_secs(5));
    let (title, detail) = in_words(problem.code);
    let content = context! {
        status => problem.code.status(),
        title,
        detail,
        retry_after => 5,
        site_name => settings.site_name.as_str(),
        path => "",
        features => super::render::features(settings),
    };
    let mut response = html(templates.render("error.html", content).ok()?);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    problem.add_headers(response.headers_mut());
    Some(response)
}

/// Title and what mends it, for somebody in front of a browser. The codes' own texts are for programs.
const fn in_words(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::TokenMissing
        | ErrorCode::TokenInvalid
        | ErrorCode::TokenExpired
        | ErrorCode::TokenRevoked
        | ErrorCode::SessionEnded
        | ErrorCode::InvalidCredentials => {
            ("Please log in", "This page is for people who are logged in.")
        }
        ErrorCode::FreshTokenRequired => {
            ("Please confirm that it is you", "Enter your password once more, then try again.")
        }
        ErrorCode::CsrfFailed => (
            "This form did not come from our page as it is now",
            "Nothing was changed. Go back, reload the page and send the form once more.",
        ),
        ErrorCode::Forbidden => (
            "This is not open to you",
            "Ask whoever runs this site if you think that it should be.",
        ),
        ErrorCode::EmailUnverified => (
            "Your e-mail address is not verified yet",
            "Follow the link in the message that was sent there, then log in.",
        ),
        ErrorCode::NotFound => {
            ("There is nothing here", "Check the address, or begin at the front page.")
        }
        ErrorCode::MethodNotAllowed => {
            ("This cannot be done here", "Begin at the front page to find where it can.")
        }
        ErrorCode::MalformedRequest => {
            ("This cannot be read", "Go back, reload the page and try once more.")
        }
        ErrorCode::Conflict | ErrorCode::PreconditionFailed => (
            "It has changed meanwhile",
            "Nothing was saved. Go back, reload the page and try once more.",
        ),
        ErrorCode::InvalidInput => (
            "Some fields need another look",
            "Nothing was saved. Go back and check what was entered.",
        ),
        ErrorCode::TooLarge => ("This is too large", "Nothing was saved. Send less at once."),
        ErrorCode::UnsupportedMediaType => (
            "This kind of content is not taken here",
            "Nothing was saved. Send it with the form of the page.",
        ),
        ErrorCode::RateLimited => {
            ("Too many tries", "To keep guessers out, there is a pause before the next one.")
        }
        ErrorCode::Internal => {
            ("Something went wrong on our side", "It has been noted. Trying again later may work.")
        }
        ErrorCode::Unavailable => {
            ("We are not quite here right now", "Nothing was lost, and you stay logged in.")
        }
    }
}
