//! Renewal by redirect, for sites whose refresh cookie is limited to a path.
//!
//! A page that finds no access token sends the browser to `<refresh_path>/renew`. That renews and redirects to itself,
//! to see whether the browser kept the new cookies, and only then back to the page, whose address stays as it was:
//!
//! `/page` → `/auth/renew?next=/page` → `/auth/renew?next=/page&renewed` → `/page`
//!
//! If the cookies did not stick, this ends on the sign-in page, which says so. If they stick and the page still finds no
//! access token (a node with another clock), a cookie counts the rounds, and the second is the last.

use axum::{
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::{IntoResponse as _, Redirect, Response},
};
use vestibule_core::{error::ErrorCode, redirect::LocalPath};

use crate::{
    config::Cookies,
    cookies,
    credentials::Presented,
    problem::{Problem, RequestInfo},
    visit::Visit,
};

/// The query parameter of the second visit to the renewal's path.
const RENEWED: &str = "renewed";
/// Tells the sign-in page that cookies do not stick.
const BLOCKED: &str = "cookies=blocked";
/// More rounds than this without a page in between are a loop.
const MOST_ROUNDS: u32 = 2;

impl Visit {
    /// The way through the renewal path, if this site renews by redirect and the page can be requested again.
    pub(crate) fn renewal_detour(
        &self,
        problem: &Problem,
        request_info: &RequestInfo,
    ) -> Option<String> {
        let config = self.auth().config();
        let knows_nothing = matches!(
            problem.code,
            ErrorCode::TokenMissing | ErrorCode::TokenExpired | ErrorCode::TokenInvalid
        );
        if !config.cookies.renews_by_redirect()
            || !knows_nothing
            || request_info.method != Method::GET
        {
            return None;
        }
        if self.rounds() >= MOST_ROUNDS {
            self.send_cookies(config.cookies.rounds(0));
            return self.blocked(&request_info.next());
        }
        Some(LocalPath::with_next(&path(&config.cookies), &request_info.next()))
    }

    /// Ends the count of rounds once a page has found its caller.
    pub(crate) fn forget_rounds(&self) {
        if self.rounds() > 0 && self.known_caller().is_some() {
            self.send_cookies(self.auth().config().cookies.rounds(0));
        }
    }

    /// The sign-in page that says that cookies are blocked, if there is a sign-in page.
    fn blocked(&self, next: &LocalPath) -> Option<String> {
        self.auth().config().to_sign_in(next).map(|page| format!("{page}&{BLOCKED}"))
    }

    /// After a renewal: back to the page, if the browser kept what it was sent.
    fn arrival(&self, next: &LocalPath) -> Option<String> {
        let Presented::Cookies(tokens) = self.presented() else {
            return self.auth().config().to_sign_in(next);
        };
        let kept = tokens.access.as_ref().and_then(|token| self.good_access(token.expose()));
        match (kept, &tokens.refresh) {
            (Some(_), _) => Some(next.as_str().to_owned()),
            (None, Some(_)) => self.blocked(next),
            // Not a renewal's second half: somebody opened its address.
            (None, None) => self.auth().config().to_sign_in(next),
        }
    }
}

/// `GET <refresh_path>/renew`: renews and goes back.
pub(crate) async fn renew(visit: Visit, uri: Uri) -> Result<Response, Problem> {
    let config = visit.auth().config();
    let mut next = LocalPath::default();
    let mut has_renewed = false;
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "next" => next = LocalPath::parse(&value).unwrap_or_default(),
            RENEWED => has_renewed = true,
            _ => {}
        }
    }
    if has_renewed {
        return to(visit.arrival(&next));
    }
    let Some(held) = visit.cookie_renewal() else {
        return to(config.to_sign_in(&next));
    };
    match visit.renew_cookies(&held).await {
        Ok(_) => {
            visit.send_cookies(config.cookies.rounds(visit.rounds().saturating_add(1)));
            Ok(go(&format!("{}&{RENEWED}", LocalPath::with_next(&path(&config.cookies), &next))))
        }
        Err(problem) => match config.to_sign_in(&next) {
            Some(page) if problem.code.status() == 401 => Ok(go(&page)),
            Some(_) | None => Err(problem),
        },
    }
}

/// The rounds that the browser's cookie counts.
pub(crate) fn rounds(headers: &HeaderMap, names: &Cookies) -> u32 {
    if !names.renews_by_redirect() {
        return 0;
    }
    let count = cookies::find(headers, &names.rounds).one().and_then(|count| count.parse().ok());
    count.unwrap_or_default()
}

fn path(cookies: &Cookies) -> String {
    format!("{}/renew", cookies.refresh_path.trim_end_matches('/'))
}

/// Goes there, or says that somebody has to sign in, where there is no page for that.
fn to(target: Option<String>) -> Result<Response, Problem> {
    target.map(|target| go(&target)).ok_or(Problem::new(ErrorCode::TokenMissing))
}

fn go(target: &str) -> Response {
    let mut response = Redirect::to(target).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
