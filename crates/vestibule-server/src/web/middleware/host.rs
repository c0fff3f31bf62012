//! The target of a request: whom it names, and which path.

use axum::{
    extract::Request,
    http::{
        HeaderValue, Uri, Version, header,
        uri::{Authority, PathAndQuery},
    },
};

/// Brings a request's target into one form: the path and query in the URI, without a slash at the end, and
/// the host in `Host`, where everything inside looks for it, whether it came in HTTP/2's `:authority`, in an
/// absolute URI or in `Host` (RFC 9112 section 3.2, RFC 9113 section 8.3.1).
///
/// # Errors
/// What is wrong with the target. Its path is then one that a refusal can be answered for.
pub(super) fn settle(request: &mut Request) -> Result<(), &'static str> {
    let host = host(request);
    let path = path(request.uri());
    let (path, path_is_good) = match path {
        Some(path) => (path, true),
        None => (PathAndQuery::from_static("/"), false),
    };
    if request.uri().path_and_query() != Some(&path) || request.uri().authority().is_some() {
        *request.uri_mut() = Uri::from(path);
    }
    if let Some(host) = host? {
        request.headers_mut().insert(header::HOST, host);
    }
    if path_is_good { Ok(()) } else { Err("The request target has no path.") }
}

/// The value for `Host`, where it is not there already.
fn host(request: &Request) -> Result<Option<HeaderValue>, &'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let said = hosts.next();
    if hosts.next().is_some() {
        return Err("The request has more than one `Host` header.");
    }
    if let Some(said) = said
        && !said.to_str().is_ok_and(is_host)
    {
        return Err("`Host` is not a valid host.");
    }
    let is_http2 = request.version() == Version::HTTP_2;
    match (request.uri().authority(), said) {
        (Some(target), _) if !is_host(target.as_str()) => {
            Err("The request target has no valid host.")
        }
        (Some(target), Some(said))
            if is_http2 && !said.as_bytes().eq_ignore_ascii_case(target.as_str().as_bytes()) =>
        {
            Err("`:authority` and `Host` name different hosts.")
        }
        // An absolute URI outweighs `Host`.
        (Some(target), _) => HeaderValue::from_str(target.as_str())
            .map(Some)
            .map_err(|_| "The request target has no valid host."),
        (None, Some(_)) => Ok(None),
        (None, None) if request.version() == Version::HTTP_10 => Ok(None),
        (None, None) => Err("The request has no `Host` header."),
    }
}

/// A name or an address, perhaps with a port; no user.
fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let behind = authority.as_str().get(authority.host().len()..).unwrap_or_default();
    let port_is_good = behind.is_empty() || authority.port_u16().is_some();
    !authority.host().is_empty() && !text.contains('@') && port_is_good
}

/// Trailing slashes do not matter: the same place without them.
fn path(uri: &Uri) -> Option<PathAndQuery> {
    let whole = uri.path_and_query()?;
    let path = whole.path();
    if !path.starts_with('/') {
        return None;
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() == path.len() || path == "/" {
        return Some(whole.clone());
    }
    let trimmed = if trimmed.is_empty() { "/" } else { trimmed };
    let text = match whole.query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn settled(
        version: Version,
        uri: &str,
        hosts: &[&str],
    ) -> Result<(String, String), &'static str> {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let settled = settle(&mut request);
        let host = request.headers().get(header::HOST).map_or("", |host| host.to_str().unwrap());
        assert!(request.uri().path().starts_with('/'), "{uri}");
        settled.map(|()| (request.uri().to_string(), host.to_owned()))
    }

    #[test]
    fn trailing_slashes_do_not_matter() {
        for (given, plain) in [
            ("/", "/"),
            ("/auth/login/", "/auth/login"),
            ("/auth/login//", "/auth/login"),
            ("/auth/login/?next=/a/", "/auth/login?next=/a/"),
            ("/a?b=/", "/a?b=/"),
            ("//", "/"),
            ("/?a", "/?a"),
        ] {
            let (uri, _) = settled(Version::HTTP_11, given, &["a.test"]).unwrap();
            assert_eq!(uri, plain, "{given}");
        }
    }

    #[test]
    fn one_host_is_named_in_whatever_form() {
        let host =
            |version, uri: &str, hosts: &[&str]| settled(version, uri, hosts).map(|(_, host)| host);
        assert_eq!(host(Version::HTTP_11, "/", &["a.test:5000"]).unwrap(), "a.test:5000");
        assert_eq!(host(Version::HTTP_11, "/", &["[::1]:5000"]).unwrap(), "[::1]:5000");
        assert_eq!(host(Version::HTTP_11, "http://b.test/x", &["a.test"]).unwrap(), "b.test");
        assert_eq!(host(Version::HTTP_2, "https://a.test/x", &[]).unwrap(), "a.test");
        assert_eq!(host(Version::HTTP_2, "https://a.test/x", &["A.test"]).unwrap(), "a.test");
        assert_eq!(host(Version::HTTP_10, "/", &[]).unwrap(), "");
    }

    #[test]
    fn unclear_hosts_and_targets_are_refused() {
        for (version, uri, hosts) in [
            (Version::HTTP_11, "/", &[][..]),
            (Version::HTTP_11, "/", &[""]),
            (Version::HTTP_11, "/", &["a.test", "b.test"]),
            (Version::HTTP_11, "/", &["a.test", "a.test"]),
            (Version::HTTP_11, "/", &["a.test/x"]),
            (Version::HTTP_11, "/", &["a.test b"]),
            (Version::HTTP_11, "/", &["me@a.test"]),
            (Version::HTTP_11, "/", &["a.test:x"]),
            (Version::HTTP_11, "/", &["a.test:99999"]),
            (Version::HTTP_11, "http://me@a.test/", &["a.test"]),
            (Version::HTTP_2, "https://a.test/", &["b.test"]),
            (Version::HTTP_11, "*", &["a.test"]),
            (Version::HTTP_11, "a.test:443", &["a.test:443"]),
        ] {
            assert!(settled(version, uri, hosts).is_err(), "{uri} {hosts:?}");
        }
    }
}
