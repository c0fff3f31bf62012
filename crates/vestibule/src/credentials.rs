//! The credentials of a request, as they came: nothing is verified here.

use axum::http::{HeaderMap, HeaderValue, header};
use vestibule_core::secret::SecretText;

use crate::{
    config::Cookies,
    cookies::{self, Found},
};

/// By which door a request came, and what it holds out.
///
/// A request with an `Authorization: Bearer` header is a header request, whatever cookies ride along: a bad
/// token there is never rescued by a cookie. Another scheme is somebody else's, a staging site's `Basic` for
/// example, and counts for nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// Nothing of ours.
    Nothing,
    /// An `Authorization: Bearer` header: one token (RFC 6750 section 2.1), or something that is none.
    Header(Option<SecretText>),
    /// Cookies, at least one of the two.
    Cookies(CookieTokens),
}

/// The token cookies of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CookieTokens {
    pub(crate) access: Option<SecretText>,
    pub(crate) refresh: Option<SecretText>,
}

impl Presented {
    pub(crate) fn of(headers: &HeaderMap, names: &Cookies) -> Self {
        let mut bearers = bearers(headers);
        if let Some(first) = bearers.next() {
            let single = bearers.next().is_none();
            return Self::Header(
                first.to_str().ok().filter(|_| single).and_then(token).map(SecretText::from),
            );
        }
        let access = cookies::find(headers, &names.access);
        let refresh = cookies::find(headers, &names.refresh);
        if access == Found::Conflict || refresh == Found::Conflict {
            return Self::Nothing;
        }
        match (access.one(), refresh.one()) {
            (None, None) => Self::Nothing,
            (access, refresh) => Self::Cookies(CookieTokens {
                access: access.map(SecretText::from),
                refresh: refresh.map(SecretText::from),
            }),
        }
    }
}

/// Whether a request came by our door for headers.
pub(crate) fn has_bearer(headers: &HeaderMap) -> bool {
    bearers(headers).next().is_some()
}

/// The `Authorization` headers of our scheme, in any case (RFC 9110 section 11.1).
fn bearers(headers: &HeaderMap) -> impl Iterator<Item = &HeaderValue> {
    headers.get_all(header::AUTHORIZATION).iter().filter(|value| {
        let text = value.as_bytes().trim_ascii_start();
        let scheme = text.split(|byte| !is_token_character(*byte)).next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"bearer")
    })
}

/// RFC 9110 section 5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The token of `Bearer <token>`: after spaces, and nothing behind it.
fn token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && !token.contains([' ', '\t', ',']))
    .then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(lines: &[(&'static str, &str)]) -> Presented {
        let headers = lines
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()));
        Presented::of(&headers.collect(), &Cookies::new(false))
    }

    #[test]
    fn a_header_speaks_and_cookies_are_silent() {
        assert_eq!(presented(&[]), Presented::Nothing);
        for good in ["Bearer t", "bearer t", "BEARER  t"] {
            assert_eq!(
                presented(&[("authorization", good), ("cookie", "access=c")]),
                Presented::Header(Some("t".into()))
            );
        }
        for bad in ["Bearer", "Bearer\tt", "bearer,t", "Bearer a b", "Bearer a,b", " Bearer t"] {
            assert_eq!(
                presented(&[("authorization", bad), ("cookie", "access=c")]),
                Presented::Header(None),
                "{bad:?}"
            );
        }
        assert_eq!(
            presented(&[("authorization", "Bearer a"), ("authorization", "Bearer a")]),
            Presented::Header(None)
        );
    }

    #[test]
    fn another_scheme_is_not_ours() {
        let tokens = || CookieTokens { access: Some("c".into()), refresh: None };
        for other in ["Basic t", "basic t", "DPoP t", "t", "Bearerish t", "bearer-2 t", "", "Bäsic"]
        {
            assert_eq!(
                presented(&[("authorization", other), ("cookie", "access=c")]),
                Presented::Cookies(tokens()),
                "{other:?}"
            );
            assert_eq!(
                presented(&[("authorization", other), ("authorization", "Bearer t")]),
                Presented::Header(Some("t".into())),
                "{other:?}"
            );
        }
    }

    #[test]
    fn two_cookies_of_one_name_with_different_values_are_nobody() {
        assert_eq!(presented(&[("cookie", "access=a; access=b; refresh=r")]), Presented::Nothing);
        assert_eq!(presented(&[("cookie", "access=a; refresh=r; refresh=s")]), Presented::Nothing);
        let tokens = CookieTokens { access: None, refresh: Some("r".into()) };
        assert_eq!(presented(&[("cookie", "refresh=r")]), Presented::Cookies(tokens));
    }
}
