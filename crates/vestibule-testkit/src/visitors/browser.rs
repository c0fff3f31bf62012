//! A browser: a cookie jar, an origin, Fetch Metadata, and the last page.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};
use vestibule_core::time::Clock;

use super::{Anonymous, Answer, Carrier, Jar, Transport, Visitor, request, with};

/// As many redirects are followed before a test fails.
const MOST_REDIRECTS: usize = 10;

/// What the site's cookies are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieNames {
    /// The access token's.
    pub access: String,
    /// The refresh token's.
    pub refresh: String,
    /// The CSRF value's.
    pub csrf: String,
}

impl Default for CookieNames {
    /// Those of a site over https.
    fn default() -> Self {
        let name = |name: &str| format!("__Host-{name}");
        Self { access: name("access"), refresh: name("refresh"), csrf: name("csrf") }
    }
}

impl CookieNames {
    /// Those of a site over plain http.
    #[must_use]
    pub fn plain() -> Self {
        let name = |name: &str| name.to_owned();
        Self { access: name("access"), refresh: name("refresh"), csrf: name("csrf") }
    }
}

/// A browser. Clones are other tabs of it: they share its cookies and its last page.
#[derive(Clone)]
pub struct Browser {
    line: Anonymous,
    origin: String,
    names: CookieNames,
    jar: Arc<Mutex<Jar>>,
    page: Arc<Mutex<Option<(String, Answer)>>>,
}

impl Browser {
    /// A browser on the site of this origin, for example `https://app.test`, whose cookies age by this
    /// clock.
    #[must_use]
    pub fn new(
        transport: impl Transport,
        origin: &str,
        names: CookieNames,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let jar = Jar::new(clock, origin.starts_with("https:"));
        Self {
            line: Anonymous::new(transport, host),
            origin: origin.to_owned(),
            names,
            jar: Arc::new(Mutex::new(jar)),
            page: Arc::default(),
        }
    }

    /// Its cookies.
    pub fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another browser that holds the same cookies: a thief's copy, or a state to come back to.
    #[must_use]
    pub fn copy(&self) -> Self {
        let jar = self.jar().clone();
        Self { jar: Arc::new(Mutex::new(jar)), page: Arc::default(), ..self.clone() }
    }

    /// Opens a page, without following redirects.
    pub async fn navigate(&self, path: &str) -> Answer {
        let request = request(Method::GET, path, None);
        let answer = self.send(self.navigation(request, "none")).await;
        self.turn_to(path, &answer);
        answer
    }

    /// Opens a page and follows its redirects; gives where they ended, and what is there.
    ///
    /// # Panics
    /// Where they do not end, or lead to another site.
    pub async fn visit(&self, path: &str) -> (String, Answer) {
        let mut path = path.to_owned();
        for _ in 0..MOST_REDIRECTS {
            let answer = self.navigate(&path).await;
            if !answer.status.is_redirection() {
                return (path, answer);
            }
            path = answer.location().to_owned();
            assert!(path.starts_with('/') && !path.starts_with("//"), "leads away to {path}");
        }
        panic!("redirects without an end; the last one to {path}");
    }

    /// Sends the form of the last page, with its hidden CSRF value, to `path`.
    ///
    /// # Panics
    /// Where there is no page, or no such field on it.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let (from, token) = {
            let page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
            let (from, answer) = page.as_ref().expect("a page was opened before");
            (from.clone(), answer.hidden_field("csrf_token").expect("the page has a form of ours"))
        };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &token).extend_pairs(fields);
        let mut request = request(Method::POST, path, None);
        *request.body_mut() = form.finish().into();
        let request = with(request, "content-type", "application/x-www-form-urlencoded");
        let request = with(request, "origin", &self.origin);
        let request = with(request, "referer", &format!("{}{from}", self.origin));
        let answer = self.send(self.navigation(request, "same-origin")).await;
        self.turn_to(path, &answer);
        answer
    }

    /// What a script of the site sends with `fetch`: the CSRF value from the readable cookie and, with
    /// an unsafe method, the origin.
    #[must_use]
    pub fn fetch_request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Request<Bytes> {
        let is_unsafe = method != Method::GET && method != Method::HEAD;
        let mut request = request(method, path, body);
        request = with(request, "sec-fetch-site", "same-origin");
        request = with(request, "sec-fetch-mode", "cors");
        request = with(request, "sec-fetch-dest", "empty");
        request = with(request, "accept", "application/json");
        if is_unsafe {
            request = with(request, "origin", &self.origin);
            if let Some(value) = self.jar().readable(&self.names.csrf) {
                request = with(request, "x-csrf-token", &value);
            }
        }
        request
    }

    /// Sends with `fetch`.
    pub async fn fetch_json(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send(self.fetch_request(method, path, body.as_ref())).await
    }

    /// The CSRF value as a script reads it.
    #[must_use]
    pub fn csrf(&self) -> Option<String> {
        self.jar().readable(&self.names.csrf)
    }

    /// The origin of the site.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    fn navigation(&self, request: Request<Bytes>, site: &str) -> Request<Bytes> {
        let request = with(request, "sec-fetch-site", site);
        let request = with(request, "sec-fetch-mode", "navigate");
        let request = with(request, "sec-fetch-dest", "document");
        with(request, "accept", "text/html,application/xhtml+xml")
    }

    fn turn_to(&self, path: &str, answer: &Answer) {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        *page = Some((path.to_owned(), answer.clone()));
    }

    /// Sends with the cookies of the jar, unless the request brings its own.
    async fn send_only(&self, request: Request<Bytes>) -> Answer {
        let path = request.uri().path().to_owned();
        let cookies = self.jar().header(&path);
        let request = match cookies {
            Some(cookies) if !request.headers().contains_key(header::COOKIE) => {
                with(request, "cookie", &cookies)
            }
            _ => request,
        };
        self.line.send(request).await
    }
}

#[async_trait]
impl Visitor for Browser {
    fn carrier(&self) -> Carrier {
        Carrier::Cookie
    }

    async fn send(&self, request: Request<Bytes>) -> Answer {
        let path = request.uri().path().to_owned();
        let answer = self.send_only(request).await;
        let mut jar = self.jar();
        for line in answer.set_cookies() {
            jar.store(line, &path);
        }
        drop(jar);
        answer
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.fetch_json(method, path, body).await
    }

    async fn sign_in(&self, login: &str, password: &str) -> Answer {
        let body = json!({
            "login": login, "password": password, "transport": "cookie", "remember": true,
        });
        self.post_json("/api/auth/login", body).await
    }

    async fn lose(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send_only(self.fetch_request(method, path, body.as_ref())).await
    }

    fn access_token(&self) -> Option<String> {
        self.jar().value(&self.names.access)
    }

    fn refresh_token(&self) -> Option<String> {
        self.jar().value(&self.names.refresh)
    }

    fn hold(&self, access: Option<&str>, refresh: Option<&str>) {
        let mut jar = self.jar();
        for (name, value) in [(&self.names.access, access), (&self.names.refresh, refresh)] {
            match value {
                Some(value) => jar.plant(name, value),
                None => jar.remove(name),
            }
        }
    }
}
