//! Renewal by redirect, for sites whose refresh cookie is limited to a path.
//!
//! A page that finds no access token sends the browser through `<refresh_path>/renew` and back. Two
//! things guard it: it only ever leads to a path of our own, and after two rounds without a cookie that
//! sticks it ends on the sign-in page, which is told so.

use std::time::Duration;

use axum::{
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::{IntoResponse as _, Redirect, Response},
};
use vestibule_core::{error::ErrorCode, redirect::LocalPath, time::Timestamp};

use crate::{
    credentials::Presented,
    problem::{Asked, Problem},
    visit::Visit,
};

/// The query parameter that counts the rounds, and says when the last one was: `2.1750000000`.
const ROUND: &str = "renewed";
/// Rounds that lie closer together than this are a loop. The parameter stays in the address, and a page
/// that is loaded again after an hour begins anew.
const LOOP_WITHIN: Duration = Duration::from_secs(60);
/// The query parameter that tells the sign-in page that cookies do not stick.
const BLOCKED: &str = "cookies=blocked";

impl Visit {
    /// The way through the renewal path, where this site renews by redirect and the page may be asked
    /// for again.
    pub(crate) fn renewal_detour(&self, problem: &Problem, asked: &Asked) -> Option<String> {
        let config = self.hall().config();
        let knows_nothing = matches!(
            problem.code,
            ErrorCode::TokenMissing | ErrorCode::TokenExpired | ErrorCode::TokenInvalid
        );
        if !config.cookies.renews_by_redirect() || !knows_nothing || asked.method != Method::GET {
            return None;
        }
        let now = self.hall().now();
        let (next, rounds) = without_rounds(&asked.next(), now);
        if rounds >= 2 {
            return Some(format!(
                "{}&{BLOCKED}",
                LocalPath::with_next(&config.sign_in_path, &next)
            ));
        }
        let path = format!("{}/renew", config.cookies.refresh_path.trim_end_matches('/'));
        Some(format!("{}&{ROUND}={}", LocalPath::with_next(&path, &next), mark(rounds, now)))
    }
}

/// `GET <refresh_path>/renew`: renews and goes back.
pub(crate) async fn renew(visit: Visit, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let config = visit.hall().config();
    let now = visit.hall().now();
    let mut next = LocalPath::default();
    let mut rounds: u32 = 0;
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "next" => next = LocalPath::parse(&value).unwrap_or_default(),
            ROUND => rounds = rounds_of(&value, now),
            _ => {}
        }
    }
    let refresh = match visit.presented() {
        Presented::Cookies(tokens) => tokens.refresh.as_deref(),
        Presented::Nothing | Presented::Header(_) => None,
    };
    let claims = refresh.and_then(|token| visit.hall().0.forge.read_refresh(token).ok());
    let Some(claims) = claims else {
        // Nothing to renew with. Where the CSRF cookie came along the others were kept back.
        let csrf =
            crate::cookies::find(&headers, &config.cookies.csrf) != crate::cookies::Found::Absent;
        let blocked = if rounds > 0 || csrf { format!("&{BLOCKED}") } else { String::new() };
        return Ok(go(&format!("{}{blocked}", LocalPath::with_next(&config.sign_in_path, &next))));
    };
    match visit.renew_cookies(&claims).await {
        Ok(_) => {
            let separator = if next.query().is_some() { '&' } else { '?' };
            let mark = mark(rounds.saturating_add(1), now);
            Ok(go(&format!("{}{separator}{ROUND}={mark}", next.as_str())))
        }
        Err(problem) if problem.code.status() == 401 => {
            Ok(go(&LocalPath::with_next(&config.sign_in_path, &next)))
        }
        Err(problem) => Err(problem),
    }
}

fn go(target: &str) -> Response {
    let mut response = Redirect::to(target).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn mark(rounds: u32, now: Timestamp) -> String {
    format!("{rounds}.{}", now.seconds())
}

/// How many rounds a mark counts, if the last of them was a moment ago.
fn rounds_of(mark: &str, now: Timestamp) -> u32 {
    let read = || {
        let (rounds, at) = mark.split_once('.')?;
        let at = Timestamp::from_seconds(at.parse().ok()?);
        (now.since(at) < LOOP_WITHIN).then(|| rounds.parse().ok())?
    };
    read().unwrap_or_default()
}

/// The path without our parameter, and what it said.
fn without_rounds(path: &LocalPath, now: Timestamp) -> (LocalPath, u32) {
    let Some(query) = path.query() else {
        return (path.clone(), 0);
    };
    let mut rounds = 0;
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| match pair.strip_prefix(ROUND).and_then(|rest| rest.strip_prefix('=')) {
            Some(count) => {
                rounds = rounds_of(count, now);
                false
            }
            None => true,
        })
        .collect();
    let bare = path.path();
    let text = if kept.is_empty() { bare.to_owned() } else { format!("{bare}?{}", kept.join("&")) };
    (LocalPath::parse(&text).unwrap_or_default(), rounds)
}
