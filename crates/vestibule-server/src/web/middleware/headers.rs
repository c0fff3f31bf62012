//! Headers by which browsers guard the site, on every answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::config::Settings;

const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Two years (RFC 6797). Subdomains are not ours to decide about.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=63072000");

pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Where the site's own scripts and styles are.
const ASSETS: &str = "/static/";

/// The headers of one site.
pub(crate) struct Guards {
    /// The origin that people see, for example `https://app.test`.
    origin: String,
    /// The folder of the app that is served for its developers, with a slash at the end.
    app: Option<String>,
}

impl Guards {
    pub(crate) fn new(settings: &Settings) -> Self {
        let pages = &settings.pages;
        let app =
            pages.app_dir.as_ref().map(|_| format!("{}/", pages.app_path.trim_end_matches('/')));
        Self { origin: settings.public_url.to_string(), app }
    }

    /// Adds what is missing: a route that knows better keeps its own. `host` is the name that the browser used.
    pub(crate) fn add(&self, headers: &mut HeaderMap, path: &str, host: &str, over_https: bool) {
        for (name, value) in ALWAYS {
            headers.entry(name).or_insert(value);
        }
        if !headers.contains_key(header::CONTENT_SECURITY_POLICY)
            && let Ok(policy) = HeaderValue::try_from(self.policy(path, host))
        {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if over_https {
            headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(STRICT_TRANSPORT);
        }
    }

    /// Nothing loads or frames but what comes from the site itself. Scripts and styles come from the folder of its assets
    /// alone (from the app's, on the app's pages): anybody can put a file below `/file/`.
    ///
    /// `'self'` takes no path, so the origin is written out: the one that the site is known by, and the name that the
    /// browser used, without a scheme, which a proxy may have changed.
    fn policy(&self, path: &str, host: &str) -> String {
        // An IPv6 address cannot stand in a policy.
        if host.starts_with('[') {
            return policy_of("'self'", "'self'");
        }
        let mut sources = vec![format!("{}{ASSETS}", self.origin)];
        let is_app =
            |app: &&String| path.starts_with(app.as_str()) || path == app.trim_end_matches('/');
        let app = self.app.as_ref().filter(is_app);
        if self.origin.rsplit_once("//").is_none_or(|(_, known)| known != host) && is_plain(host) {
            sources.push(format!("{host}{ASSETS}"));
        }
        if let Some(app) = app.filter(|app| !app.starts_with(ASSETS)) {
            sources.push(format!("{}{app}", self.origin));
            if sources.len() > 2 {
                sources.push(format!("{host}{app}"));
            }
        }
        let code = sources.join(" ");
        policy_of(&code, if app.is_some() { &code } else { "'none'" })
    }
}

fn policy_of(code: &str, workers: &str) -> String {
    format!(
        "default-src 'none'; script-src {code}; worker-src {workers}; style-src {code}; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// A name or an IPv4 address, perhaps with a port: nothing that means something else in a policy.
fn is_plain(host: &str) -> bool {
    !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guards(app: Option<&str>) -> Guards {
        Guards { origin: "https://app.test".to_owned(), app: app.map(str::to_owned) }
    }

    #[test]
    fn everything_is_there_and_hsts_over_https_only() {
        let mut headers = HeaderMap::new();
        guards(None).add(&mut headers, "/", "app.test", false);
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers.len(), 7);
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"));
        assert!(!policy.contains("  "), "{policy}");

        headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
        headers.insert("content-security-policy", HeaderValue::from_static("sandbox"));
        guards(None).add(&mut headers, "/", "app.test", true);
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["content-security-policy"], "sandbox");
        assert_eq!(headers["strict-transport-security"], "max-age=63072000");
    }

    #[test]
    fn scripts_and_styles_come_from_the_assets_alone() {
        let code = |app, path: &str, host: &str| {
            let policy = guards(app).policy(path, host);
            let of = |name: &str| {
                let (_, rest) = policy.split_once(name).unwrap();
                rest.split(';').next().unwrap().to_owned()
            };
            assert_eq!(of("script-src "), of("style-src "));
            (of("script-src "), of("worker-src "))
        };
        let assets = "https://app.test/static/".to_owned();
        let none = "'none'".to_owned();
        assert_eq!(code(None, "/", "app.test"), (assets.clone(), none.clone()));
        let both = "https://app.test/static/ 10.0.0.1:5000/static/".to_owned();
        assert_eq!(code(None, "/", "10.0.0.1:5000"), (both, none.clone()));
        for host in ["", "a;b", "*", "a b", "'self'", "a,b"] {
            assert_eq!(code(None, "/", host), (assets.clone(), none.clone()), "{host}");
        }
        let own = "'self'".to_owned();
        assert_eq!(code(None, "/", "[::1]:5000"), (own.clone(), own));
        // The app's own pages run the app's own scripts, and no other page does.
        let app = "https://app.test/static/ https://app.test/map/".to_owned();
        for path in ["/map", "/map/", "/map/x"] {
            assert_eq!(code(Some("/map/"), path, "app.test"), (app.clone(), app.clone()), "{path}");
        }
        for path in ["/", "/mapper", "/uploads"] {
            assert_eq!(code(Some("/map/"), path, "app.test"), (assets.clone(), none.clone()));
        }
        let below = Some("/static/mapapp/");
        assert_eq!(code(below, "/static/mapapp/", "app.test"), (assets.clone(), assets));
    }
}
