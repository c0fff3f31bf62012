//! A cookie jar that is as strict as browsers are, or stricter.

use std::sync::Arc;

use vestibule_core::time::{Clock, Timestamp};

/// The longest cookie that browsers keep: name and value, in bytes (RFC 6265bis section 5.6).
const MAX_BYTES: usize = 4096;

/// The cookies of one browser on one site.
#[derive(Clone)]
pub struct Jar {
    clock: Arc<dyn Clock>,
    is_https: bool,
    cookies: Vec<Cookie>,
    refused: Vec<String>,
}

/// A cookie as the browser keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The path that it is sent to.
    pub path: String,
    /// Whether it is sent over https only.
    pub secure: bool,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// `SameSite`, as stated.
    pub same_site: Option<String>,
    /// When it goes; `None` with the browser.
    pub expires_at: Option<Timestamp>,
}

impl Jar {
    /// An empty jar for a site over https or plain http.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, is_https: bool) -> Self {
        Self { clock, is_https, cookies: Vec::new(), refused: Vec::new() }
    }

    /// Takes in one `Set-Cookie` value of an answer to `request_path`.
    pub fn store(&mut self, line: &str, request_path: &str) {
        match self.read(line, request_path) {
            Some((cookie, gone)) => {
                self.cookies.retain(|kept| kept.name != cookie.name || kept.path != cookie.path);
                if !gone {
                    self.cookies.push(cookie);
                }
            }
            None => self.refused.push(line.to_owned()),
        }
    }

    /// The `Cookie` header for a request to this path, if there is anything to send.
    #[must_use]
    pub fn header(&self, path: &str) -> Option<String> {
        let mut sent: Vec<&Cookie> = self
            .living()
            .filter(|cookie| (self.is_https || !cookie.secure) && covers(&cookie.path, path))
            .collect();
        // RFC 6265 section 5.4: longer paths first.
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> =
            sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of a cookie, whoever may read it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.living().find(|cookie| cookie.name == name).map(|cookie| cookie.value.clone())
    }

    /// The value of a cookie as a script of the page sees it.
    #[must_use]
    pub fn readable(&self, name: &str) -> Option<String> {
        let mut readable = self.living().filter(|cookie| !cookie.http_only);
        readable.find(|cookie| cookie.name == name).map(|cookie| cookie.value.clone())
    }

    /// Puts a cookie in by hand, for `/`, as an attacker or a test does.
    pub fn plant(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.cookies.push(Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            path: "/".to_owned(),
            secure: false,
            http_only: true,
            same_site: None,
            expires_at: None,
        });
    }

    /// Takes a cookie out by hand.
    pub fn remove(&mut self, name: &str) {
        self.cookies.retain(|cookie| cookie.name != name);
    }

    /// The browser is closed and opened again.
    pub fn restart(&mut self) {
        self.cookies.retain(|cookie| cookie.expires_at.is_some());
    }

    /// The cookies that are there now.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie> {
        self.living().cloned().collect()
    }

    /// The `Set-Cookie` values that a browser would not have taken.
    #[must_use]
    pub fn refused(&self) -> &[String] {
        &self.refused
    }

    fn living(&self) -> impl Iterator<Item = &Cookie> {
        let now = self.clock.now();
        self.cookies.iter().filter(move |cookie| cookie.expires_at.is_none_or(|at| now < at))
    }

    /// The cookie of a line and whether it is to go, or nothing where a browser refuses it.
    fn read(&self, line: &str, request_path: &str) -> Option<(Cookie, bool)> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            path: default_path(request_path),
            secure: false,
            http_only: false,
            same_site: None,
            expires_at: None,
        };
        let mut gone = false;
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match key.to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                "samesite" => cookie.same_site = Some(value.to_owned()),
                "max-age" => {
                    let seconds: i64 = value.parse().ok()?;
                    gone = seconds <= 0;
                    let age = std::time::Duration::from_secs(seconds.unsigned_abs());
                    cookie.expires_at = Some(self.clock.now() + age);
                }
                // Ours are for one host and say how long in seconds: anything else is a mistake.
                _ => return None,
            }
        }
        let host_only = cookie.secure && cookie.path == "/";
        let fits_its_name = (!name.starts_with("__Secure-") || cookie.secure)
            && (!name.starts_with("__Host-") || host_only);
        let fits = name.len() + value.len() <= MAX_BYTES;
        (fits_its_name && fits && (self.is_https || !cookie.secure)).then_some((cookie, gone))
    }
}

/// RFC 6265 section 5.1.4.
fn covers(cookie_path: &str, path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

/// RFC 6265 section 5.1.4.
fn default_path(request_path: &str) -> String {
    match request_path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::FakeClock;

    fn jar(is_https: bool) -> (Jar, Arc<FakeClock>) {
        let clock = Arc::new(FakeClock::default());
        (Jar::new(clock.clone(), is_https), clock)
    }

    #[test]
    fn a_cookie_goes_when_its_time_is_over_or_the_browser_is_closed() {
        let (mut jar, clock) = jar(true);
        jar.store("a=1; Path=/; Max-Age=10; Secure", "/x");
        jar.store("b=2; Path=/; Secure", "/x");
        assert_eq!(jar.header("/"), Some("a=1; b=2".to_owned()));
        jar.restart();
        assert_eq!(jar.header("/"), Some("a=1".to_owned()));
        clock.advance(Duration::from_secs(10));
        assert_eq!(jar.header("/"), None);
    }

    #[test]
    fn a_cookie_is_sent_below_its_path_only() {
        let (mut jar, _) = jar(true);
        jar.store("a=1; Path=/auth; Secure", "/");
        for (path, sent) in [("/auth", true), ("/auth/renew", true), ("/authority", false)] {
            assert_eq!(jar.header(path).is_some(), sent, "{path}");
        }
        jar.store("a=; Path=/; Max-Age=0; Secure", "/");
        assert!(jar.header("/auth").is_some(), "only the same path takes it out");
        jar.store("a=; Path=/auth; Max-Age=0; Secure", "/");
        assert!(jar.header("/auth").is_none());
    }

    #[test]
    fn what_a_browser_refuses_is_refused() {
        let (mut jar, _) = jar(true);
        for bad in [
            "__Host-a=1; Path=/auth; Secure",
            "__Host-a=1; Path=/",
            "__Host-a=1; Path=/; Secure; Domain=app.test",
            "__Secure-a=1; Path=/",
            &format!("a={}; Path=/; Secure", "x".repeat(4096)),
        ] {
            jar.store(bad, "/");
            assert_eq!(jar.header("/"), None, "{bad}");
        }
        assert_eq!(jar.refused().len(), 5);
        let (mut plain, _) = self::jar(false);
        plain.store("a=1; Path=/; Secure", "/");
        assert_eq!(plain.header("/"), None);
    }

    #[test]
    fn scripts_see_what_is_not_http_only() {
        let (mut jar, _) = jar(true);
        jar.store("a=1; Path=/; Secure; HttpOnly", "/");
        jar.store("b=2; Path=/; Secure", "/");
        assert_eq!((jar.readable("a"), jar.readable("b")), (None, Some("2".to_owned())));
        assert_eq!(jar.value("a"), Some("1".to_owned()));
    }
}
