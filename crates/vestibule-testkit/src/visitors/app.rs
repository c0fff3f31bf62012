//! An app: bearer tokens that it keeps itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::{Anonymous, Answer, Carrier, Transport, Visitor, request, with};

/// An app on a phone. Clones are the same app on the same phone.
#[derive(Clone)]
pub struct App {
    line: Anonymous,
    tokens: Arc<Mutex<Tokens>>,
}

#[derive(Clone, Default)]
struct Tokens {
    access: Option<String>,
    refresh: Option<String>,
}

impl App {
    /// An app of the site of this host, signed in nowhere.
    #[must_use]
    pub fn new(transport: impl Transport, host: &str) -> Self {
        Self { line: Anonymous::new(transport, host), tokens: Arc::default() }
    }

    /// Renews, with the refresh token in the header.
    async fn renew(&self) -> Answer {
        let request = request(Method::POST, "/api/auth/refresh", None);
        let token = self.tokens().refresh.clone();
        self.line.send(bearing(request, token.as_deref())).await
    }

    fn keep(&self, answer: &Answer) {
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return };
        let text = |name: &str| Some(body.get(name)?.as_str()?.to_owned());
        let mut tokens = self.tokens();
        tokens.access = text("access_token").or(tokens.access.take());
        tokens.refresh = text("refresh_token").or(tokens.refresh.take());
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Visitor for App {
    fn carrier(&self) -> Carrier {
        Carrier::Header
    }

    async fn send(&self, request: Request<Bytes>) -> Answer {
        let token = self.tokens().access.clone();
        self.line.send(bearing(request, token.as_deref())).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let answer = self.lose(method, path, body).await;
        self.keep(&answer);
        answer
    }

    async fn sign_in(&self, login: &str, password: &str) -> Answer {
        let body = json!({ "login": login, "password": password, "device": "Test phone" });
        let answer = self.line.post_json("/api/auth/login", &body).await;
        self.keep(&answer);
        answer
    }

    async fn lose(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        if path == "/api/auth/refresh" {
            return self.renew().await;
        }
        self.send(request(method, path, body.as_ref())).await
    }

    fn access_token(&self) -> Option<String> {
        self.tokens().access.clone()
    }

    fn refresh_token(&self) -> Option<String> {
        self.tokens().refresh.clone()
    }

    fn hold(&self, access: Option<&str>, refresh: Option<&str>) {
        let mut tokens = self.tokens();
        tokens.access = access.map(str::to_owned);
        tokens.refresh = refresh.map(str::to_owned);
    }
}

/// The request with this token, unless it brings a header of its own.
fn bearing(request: Request<Bytes>, token: Option<&str>) -> Request<Bytes> {
    match token {
        Some(token) if !request.headers().contains_key(header::AUTHORIZATION) => {
            with(request, "authorization", &format!("Bearer {token}"))
        }
        _ => request,
    }
}
