//! The credentials of a request, as they came: nothing is verified here.

use axum::http::{HeaderMap, header};

use crate::{
    config::Cookies,
    cookies::{self, Found},
};

/// By which door a request came, and what it holds out.
///
/// A request with an `Authorization` header is a header request, whatever cookies ride along: a bad
/// header is never rescued by a cookie.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// Nothing of ours.
    Nothing,
    /// An `Authorization` header: one bearer token (RFC 6750 section 2.1), or something else.
    Header(Option<String>),
    /// Cookies, at least one of the two.
    Cookies(CookieTokens),
}

/// The token cookies of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CookieTokens {
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
}

impl Presented {
    pub(crate) fn of(headers: &HeaderMap, names: &Cookies) -> Self {
        let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
        if let Some(first) = authorizations.next() {
            let single = authorizations.next().is_none();
            return Self::Header(
                first.to_str().ok().filter(|_| single).and_then(bearer).map(str::to_owned),
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
                access: access.map(str::to_owned),
                refresh: refresh.map(str::to_owned),
            }),
        }
    }
}

/// The token of `Bearer <token>`: the scheme in any case (RFC 9110 section 11.1), then spaces.
fn bearer(header: &str) -> Option<&str> {
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
    use axum::http::HeaderValue;

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
        for bad in ["Basic t", "Bearer", "Bearer\tt", "t", "Bearer a b", "Bearer a,b"] {
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
    fn two_cookies_of_one_name_with_different_values_are_nobody() {
        assert_eq!(presented(&[("cookie", "access=a; access=b; refresh=r")]), Presented::Nothing);
        assert_eq!(presented(&[("cookie", "access=a; refresh=r; refresh=s")]), Presented::Nothing);
        let tokens = CookieTokens { access: None, refresh: Some("r".into()) };
        assert_eq!(presented(&[("cookie", "refresh=r")]), Presented::Cookies(tokens));
    }
}
