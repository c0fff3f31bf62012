//! Cookies: read without tolerance, written with every attribute.

use axum::http::{HeaderMap, HeaderValue, header};
use vestibule_core::{
    locale::Locale,
    secret::SecretText,
    session::{Lifetimes, Session},
    time::Timestamp,
};

use crate::config::Cookies;

/// What a request's `Cookie` headers say of one name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'r> {
    /// Nothing.
    Absent,
    /// One value, or the same one several times.
    One(&'r str),
    /// Different values: somebody planted one, and there is no telling which.
    Conflict,
}

impl std::fmt::Debug for Found<'_> {
    /// Nothing of the value: it may be a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::One(_) => "One(…)",
            Self::Conflict => "Conflict",
        })
    }
}

impl<'r> Found<'r> {
    pub(crate) fn one(self) -> Option<&'r str> {
        match self {
            Self::One(value) => Some(value),
            Self::Absent | Self::Conflict => None,
        }
    }
}

/// Looks for a cookie by its exact name. Several `Cookie` headers count as one (RFC 9113 section 8.2.3).
pub(crate) fn find<'r>(headers: &'r HeaderMap, name: &str) -> Found<'r> {
    let mut found = Found::Absent;
    for header in headers.get_all(header::COOKIE) {
        // Bytes: other programs of the host may set cookies that are no text, and those are not ours.
        for pair in header.as_bytes().split(|byte| *byte == b';') {
            // RFC 6265 section 4.2.1: one space after the semicolon, none anywhere else. A name with
            // white space around it is somebody else's cookie.
            let pair = pair.strip_prefix(b" ").unwrap_or(pair);
            let value = pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
            let Some(value) = value else { continue };
            // What is no text is no token either, and neither is the empty one.
            let value = std::str::from_utf8(value).unwrap_or_default();
            found = match found {
                Found::Absent => Found::One(value),
                Found::One(before) if before == value => found,
                Found::One(_) | Found::Conflict => Found::Conflict,
            };
        }
    }
    found
}

/// The tokens of a cookie session, on their way into the browser.
#[derive(Clone, Debug)]
pub(crate) struct SessionCookies {
    pub(crate) access: SecretText,
    /// Nothing where the browser keeps the one that it has.
    pub(crate) refresh: Option<SecretText>,
    pub(crate) csrf: SecretText,
}

impl Cookies {
    /// `Set-Cookie` values that put a session's tokens into the browser.
    pub(crate) fn establish(
        &self,
        cookies: &SessionCookies,
        session: &Session,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> Vec<HeaderValue> {
        // Where the person did not ask to be remembered the cookies go when the browser does.
        let until = |expiry: Timestamp| {
            session.remembered.then(|| expiry.since(now).as_secs().min(MAX_AGE))
        };
        if self.single {
            let access_until = until((now + lifetimes.access).min(session.ends_at));
            let access =
                self.cookie(&self.access, cookies.access.expose(), "/", access_until, Readable::No);
            return access.into_iter().collect();
        }
        // All of them for as long as the session. The access token itself ends sooner, but beside a refresh token
        // it says which generation the browser was given, and that is what tells a visitor from a thief where a
        // gateway has dropped one of the two.
        let until = until(session.expires_at);
        let refresh = cookies.refresh.as_ref().and_then(|refresh| {
            self.cookie(&self.refresh, refresh.expose(), &self.refresh_path, until, Readable::No)
        });
        // The refresh token first: a gateway that hands on one cookie hands on the first, and with that one the
        // browser gets the access token with the next answer, which brings no refresh token.
        [
            refresh,
            self.cookie(&self.access, cookies.access.expose(), "/", until, Readable::No),
            self.cookie(&self.csrf, cookies.csrf.expose(), "/", until, Readable::Yes),
            self.second_csrf(cookies.csrf.expose(), until),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The `Set-Cookie` value that counts the rounds of a renewal by redirect; none clears it.
    pub(crate) fn rounds(&self, count: u32) -> Option<HeaderValue> {
        let (value, max_age) = match count {
            0 => (String::new(), 0),
            count => (count.to_string(), ROUNDS_MAX_AGE),
        };
        self.cookie(&self.rounds, &value, "/", Some(max_age), Readable::No)
    }

    /// `Set-Cookie` values that take a session's tokens out of the browser.
    pub(crate) fn clear(&self) -> Vec<HeaderValue> {
        let gone =
            |name: &str, path: &str, readable| self.cookie(name, "", path, Some(0), readable);
        let access = gone(&self.access, "/", Readable::No);
        if self.single {
            return access.into_iter().collect();
        }
        [
            gone(&self.refresh, &self.refresh_path, Readable::No),
            access,
            gone(&self.csrf, "/", Readable::Yes),
            self.second_csrf("", Some(0)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn second_csrf(&self, value: &str, max_age: Option<u64>) -> Option<HeaderValue> {
        self.cookie(self.csrf_refresh.as_deref()?, value, "/", max_age, Readable::Yes)
    }

    /// The `Set-Cookie` value that knows a browser without a session again.
    pub(crate) fn visitor(&self, id: &str) -> Option<HeaderValue> {
        self.cookie(&self.visitor, id, "/", Some(VISITOR_MAX_AGE), Readable::No)
    }

    /// The `Set-Cookie` value that knows a browser again that somebody has signed in with.
    pub(crate) fn device(&self, token: &str, remembered: bool) -> Option<HeaderValue> {
        let max_age = remembered.then_some(MAX_AGE);
        self.cookie(&self.device, token, "/", max_age, Readable::No).filter(|_| !self.single)
    }

    /// The `Set-Cookie` value that keeps the language that somebody chose in this browser, or forgets it.
    pub(crate) fn language(&self, chosen: Option<&Locale>) -> Option<HeaderValue> {
        let (value, max_age) = chosen.map_or(("", 0), |locale| (locale.as_str(), MAX_AGE));
        self.cookie(&self.language, value, "/", Some(max_age), Readable::No)
    }

    fn cookie(
        &self,
        name: &str,
        value: &str,
        path: &str,
        max_age: Option<u64>,
        readable: Readable,
    ) -> Option<HeaderValue> {
        // `HttpOnly` first: gateways are about that join several lines with a comma (nginx from 1.23 on does in its
        // variables), and a browser then reads the last attribute and the next cookie as one word of no meaning.
        let http_only = if matches!(readable, Readable::No) { "; HttpOnly" } else { "" };
        let same_site = self.same_site.name();
        let mut text = format!("{name}={value}{http_only}; Path={path}; SameSite={same_site}");
        if let Some(seconds) = max_age {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        if self.secure {
            text.push_str("; Secure");
        }
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// 400 days, the longest that browsers keep a cookie (RFC 6265bis section 4.1.2.2).
const MAX_AGE: u64 = 400 * 24 * 3600;

/// Four hours: longer than anybody looks at a sign-in form before filling it in.
pub(crate) const VISITOR_MAX_AGE: u64 = 4 * 3600;

/// A minute: rounds that lie further apart are no loop.
const ROUNDS_MAX_AGE: u64 = 60;

#[derive(Clone, Copy)]
enum Readable {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::from_str(line).unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_exact_name() {
        let request = headers(&["a=1; access=good; b=2"]);
        assert_eq!(find(&request, "access"), Found::One("good"));
        assert_eq!(find(&request, "refresh"), Found::Absent);
        for lookalike in [
            "Access=x",
            "access =x",
            "%61ccess=x",
            "\taccess=x",
            "  access=x",
            "__Host-access=x",
            "access",
        ] {
            assert_eq!(find(&headers(&[lookalike]), "access"), Found::Absent, "{lookalike:?}");
        }
    }

    #[test]
    fn two_values_for_one_name_are_a_conflict_wherever_they_stand() {
        assert_eq!(find(&headers(&["access=a; access=b"]), "access"), Found::Conflict);
        assert_eq!(find(&headers(&["access=a", "access=b"]), "access"), Found::Conflict);
        assert_eq!(find(&headers(&["access=a; access=a"]), "access"), Found::One("a"));
    }

    #[test]
    fn every_attribute_is_stated() {
        let cookies = Cookies::new(true);
        let cleared: Vec<_> =
            cookies.clear().iter().map(|value| value.to_str().unwrap().to_owned()).collect();
        assert_eq!(
            cleared,
            [
                "__Host-refresh=; HttpOnly; Path=/; SameSite=Lax; Max-Age=0; Secure",
                "__Host-access=; HttpOnly; Path=/; SameSite=Lax; Max-Age=0; Secure",
                "__Host-csrf=; Path=/; SameSite=Lax; Max-Age=0; Secure",
            ]
        );
    }
}
