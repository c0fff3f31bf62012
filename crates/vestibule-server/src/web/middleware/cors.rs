//! Calls from pages of other origins: to the API, with a header token, never with cookies.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use vestibule::core::csrf::Origin;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// What a preflight that names no header is told.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, Upload-Offset",
);
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Location, Retry-After, Upload-Length, \
     Upload-Offset, WWW-Authenticate, X-Request-Id",
);
/// In seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// The origins that may call.
#[derive(Debug, Default)]
pub(super) struct Cors(Vec<String>);

/// What an answer says about the calling origin.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CorsDecision {
    allowed: Option<HeaderValue>,
}

impl Cors {
    pub(super) fn new(origins: &[Origin]) -> Self {
        Self(origins.iter().map(ToString::to_string).collect())
    }

    /// `None` where the answer does not depend on the origin: nobody may call, or it is not the API.
    pub(super) fn judge(&self, request: &Request) -> Option<CorsDecision> {
        if self.0.is_empty() || !is_api(request.uri().path()) {
            return None;
        }
        let mut origins = request.headers().get_all(header::ORIGIN).iter();
        let allowed = match (origins.next(), origins.next()) {
            (Some(origin), None) => Some(origin),
            _ => None,
        };
        let is_listed =
            |origin: &&HeaderValue| self.0.iter().any(|known| *origin == known.as_str());
        Some(CorsDecision { allowed: allowed.filter(is_listed).cloned() })
    }
}

impl CorsDecision {
    /// The answer to a browser that asks before it calls (Fetch standard, section 3.3). Who may not call is
    /// answered like anybody who sends `OPTIONS`.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let is_preflight = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight || self.allowed.is_none() {
            return None;
        }
        // Libraries for tracing and caching add headers of their own. A listed origin is trusted with all of them: none
        // means anything here but those that we read, and it could send these anyway.
        let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let headers = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, asked.cloned().unwrap_or(REQUEST_HEADERS)),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
            (header::VARY, HeaderValue::from_static("Access-Control-Request-Headers")),
        ];
        Some((StatusCode::NO_CONTENT, headers).into_response())
    }

    /// Adds what the browser looks for. `Access-Control-Allow-Credentials` is never among it.
    pub(super) fn add(self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.allowed {
            let said: [(HeaderName, HeaderValue); 2] = [
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
                (header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS),
            ];
            headers.extend(said);
        }
    }
}

fn is_api(path: &str) -> bool {
    path.strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    fn cors() -> Cors {
        Cors::new(
            &["https://app.example", "http://localhost:8100", "capacitor://localhost"]
                .map(|origin| Origin::parse_any_scheme(origin).unwrap()),
        )
    }

    fn said(request: &Request) -> Option<HeaderMap> {
        let verdict = cors().judge(request)?;
        let mut headers = HeaderMap::new();
        verdict.add(&mut headers);
        Some(headers)
    }

    #[test]
    fn listed_origins_may_read_answers_of_the_api_and_no_others() {
        let ask = |path: &str, origin: &str| said(&request("GET", path, &[("origin", origin)]));
        let headers = ask("/api/auth/me", "https://app.example").unwrap();
        assert_eq!(headers["access-control-allow-origin"], "https://app.example");
        assert_eq!(headers["vary"], "Origin");
        assert!(!headers.contains_key("access-control-allow-credentials"));

        let headers = ask("/api/auth/me", "capacitor://localhost").unwrap();
        assert_eq!(headers["access-control-allow-origin"], "capacitor://localhost");
        for stranger in
            ["ionic://localhost", "https://app.example.evil", "http://app.example", "null", "*", ""]
        {
            let headers = ask("/api/auth/me", stranger).unwrap();
            assert!(!headers.contains_key("access-control-allow-origin"), "{stranger}");
            assert_eq!(headers["vary"], "Origin", "{stranger}");
        }
        assert_eq!(ask("/auth/login", "https://app.example"), None);
        assert_eq!(ask("/apix", "https://app.example"), None);
        let twice = [("origin", "https://app.example"), ("origin", "https://app.example")];
        let headers = said(&request("GET", "/api", &twice)).unwrap();
        assert!(!headers.contains_key("access-control-allow-origin"));
    }

    #[test]
    fn a_preflight_of_a_listed_origin_is_answered_with_no_content() {
        let asked = ("access-control-request-method", "PUT");
        let preflight = |headers: &[(&str, &str)]| {
            let request = request("OPTIONS", "/api/auth/password", headers);
            cors().judge(&request).and_then(|verdict| verdict.preflight(&request))
        };
        let answer = preflight(&[asked, ("origin", "https://app.example")]).unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let allowed = answer.headers()["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("Authorization") && !allowed.contains('*'));
        let wanted =
            "authorization, baggage, sentry-trace, traceparent, x-requested-with, cache-control";
        let headers = ("access-control-request-headers", wanted);
        let answer = preflight(&[asked, headers, ("origin", "https://app.example")]).unwrap();
        assert_eq!(answer.headers()["access-control-allow-headers"], wanted);
        assert_eq!(answer.headers()["vary"], "Access-Control-Request-Headers");
        assert!(preflight(&[asked, headers, ("origin", "https://evil.example")]).is_none());
        assert!(preflight(&[asked, ("origin", "https://evil.example")]).is_none());
        assert!(preflight(&[("origin", "https://app.example")]).is_none());
    }

    #[test]
    fn without_origins_nothing_is_said() {
        let asked = request("GET", "/api/auth/me", &[("origin", "https://app.example")]);
        assert_eq!(Cors::default().judge(&asked), None);
    }
}
