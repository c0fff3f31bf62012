//! Typed visitors: nobody, a browser, an app.
//!
//! A test says who comes, and the visitor sends what such a one sends: a browser its cookies, its
//! origin and the CSRF value, an app its bearer token. The body of a test that holds for both carriers
//! is written once, against [`Visitor`], and [`both_carriers!`](crate::both_carriers!) runs it twice.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a visitor that gets no answer, or one of another shape, is a failed test"
)]

mod anonymous;
mod app;
mod browser;
mod jar;
mod transport;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};

pub use anonymous::Anonymous;
pub use app::App;
pub use browser::{Browser, CookieNames};
pub use jar::{Cookie, Jar};
pub use transport::{InProcess, Loopback, Transport};
pub use vestibule_core::session::Carrier;

/// Makes two tests of each `async fn(Carrier)` that is named: one for cookies, one for headers.
///
/// The crate that calls this needs tokio with `macros`.
#[macro_export]
macro_rules! both_carriers {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                #[tokio::test]
                async fn in_cookies() {
                    super::$case($crate::visitors::Carrier::Cookie).await;
                }

                #[tokio::test]
                async fn in_the_header() {
                    super::$case($crate::visitors::Carrier::Header).await;
                }
            }
        )+
    };
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.body))
    }

    /// The word in `code` of a refusal, or the empty word.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Option<Value> = serde_json::from_slice(&self.body).ok();
        body.and_then(|body| Some(body.get("code")?.as_str()?.to_owned())).unwrap_or_default()
    }

    /// Status and code, for one comparison.
    #[must_use]
    pub fn verdict(&self) -> (u16, String) {
        (self.status.as_u16(), self.code())
    }

    /// A header's text, or the empty one.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where a redirect leads.
    #[must_use]
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The `Set-Cookie` values.
    #[must_use]
    pub fn set_cookies(&self) -> Vec<&str> {
        let values = self.headers.get_all(header::SET_COOKIE).iter();
        values.filter_map(|value| value.to_str().ok()).collect()
    }

    /// The value of the hidden field `name` of the page's first form that has one.
    #[must_use]
    pub fn hidden_field(&self, name: &str) -> Option<String> {
        let page = String::from_utf8_lossy(&self.body);
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    }
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body }
    }
}

/// Somebody who signs in and asks for things, by one carrier or the other.
#[async_trait]
pub trait Visitor: Send + Sync {
    /// By which carrier their credentials travel.
    fn carrier(&self) -> Carrier;

    /// Sends a request with the visitor's credentials and nothing else that its kind would add.
    async fn send(&self, request: Request<Bytes>) -> Answer;

    /// Sends what a script of the site, or the app, sends: with JSON where there is a body.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer;

    /// Signs in at the API.
    async fn sign_in(&self, login: &str, password: &str) -> Answer;

    /// Renews the session at the API.
    async fn refresh(&self) -> Answer {
        self.ask(Method::POST, "/api/auth/refresh", None).await
    }

    /// Signs out at the API.
    async fn sign_out(&self) -> Answer {
        self.ask(Method::POST, "/api/auth/logout", None).await
    }

    /// Proves again at the API that it is still the same person.
    async fn confirm(&self, password: &str) -> Answer {
        self.post_json("/api/auth/confirm", json!({ "password": password })).await
    }

    /// The access token that the visitor holds.
    fn access_token(&self) -> Option<String>;

    /// The refresh token that the visitor holds.
    fn refresh_token(&self) -> Option<String>;

    /// Puts other tokens in the place of the visitor's own; `None` takes one away.
    fn hold(&self, access: Option<&str>, refresh: Option<&str>);

    /// Sends the request, and never gets the answer: the visitor holds what it held before.
    async fn lose(&self, method: Method, path: &str, body: Option<Value>) -> Answer;

    /// `GET`
    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// `POST` with JSON.
    async fn post_json(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// `PUT` with JSON.
    async fn put_json(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// `PATCH` with JSON.
    async fn patch_json(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    /// `DELETE`
    async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }
}

/// A request to a path of the site, with JSON where there is a body.
#[must_use]
pub fn request(method: Method, path: &str, body: Option<&Value>) -> Request<Bytes> {
    let mut builder = Request::builder().method(method).uri(path);
    if body.is_some() {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    builder.body(body).expect("a path of the site")
}

/// Sets a header of a request.
///
/// # Panics
/// Where name or value cannot be one.
#[must_use]
pub fn with(mut request: Request<Bytes>, name: &'static str, value: &str) -> Request<Bytes> {
    let value = http::HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
    request.headers_mut().insert(name, value);
    request
}
