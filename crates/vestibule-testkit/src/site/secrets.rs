//! What passes between visitors and a site in confidence.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use serde_json::Value;

use crate::visitors::Transport;

/// Shorter texts would be found by chance.
const SHORTEST: usize = 8;

/// Fields of bodies and forms that hold secrets.
const FIELDS: [&str; 7] =
    ["password", "current", "new", "access_token", "refresh_token", "csrf_token", "token"];

/// Texts that no log may hold. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Secrets {
    /// Notes one. Of a token the signature counts by itself.
    pub fn add(&self, secret: &str) {
        let mut secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let signature = secret.rsplit('.').next();
        for part in std::iter::once(secret).chain(signature) {
            if part.len() >= SHORTEST {
                secrets.insert(part.to_owned());
            }
        }
    }

    /// A secret that stands in this text, and the line in which it does.
    #[must_use]
    pub fn find<'t>(&self, text: &'t str) -> Option<(String, &'t str)> {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = secrets.iter().find(|secret| text.contains(&***secret))?.clone();
        let line = text.lines().find(|line| line.contains(&*found)).unwrap_or_default();
        Some((found, line))
    }

    fn hear_headers(&self, headers: &HeaderMap) {
        for name in [header::AUTHORIZATION, header::COOKIE, header::SET_COOKIE] {
            let values = headers.get_all(&name).iter().filter_map(|value| value.to_str().ok());
            for value in values {
                match name {
                    header::AUTHORIZATION => self.add(value.rsplit(' ').next().unwrap_or(value)),
                    header::COOKIE => value.split(';').for_each(|pair| self.hear_pair(pair)),
                    _ => self.hear_pair(value.split(';').next().unwrap_or_default()),
                }
            }
        }
    }

    fn hear_pair(&self, pair: &str) {
        if let Some((_, value)) = pair.split_once('=') {
            self.add(value);
        }
    }

    fn hear_body(&self, body: &[u8]) {
        if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
            let texts = fields.iter().filter(|(name, _)| FIELDS.contains(&name.as_str()));
            texts.filter_map(|(_, value)| value.as_str()).for_each(|text| self.add(text));
            return;
        }
        for (name, value) in form_urlencoded::parse(body) {
            if FIELDS.contains(&&*name) {
                self.add(&value);
            }
        }
    }
}

/// A way to a site on which every secret is noted.
#[derive(Clone, Debug)]
pub struct Overheard<T> {
    way: T,
    secrets: Secrets,
}

impl<T> Overheard<T> {
    /// Notes what is said on this way.
    pub const fn new(way: T, secrets: Secrets) -> Self {
        Self { way, secrets }
    }

    /// The way itself.
    pub const fn way(&self) -> &T {
        &self.way
    }

    /// The secrets that are noted.
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

#[async_trait]
impl<T: Transport> Transport for Overheard<T> {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.secrets.hear_headers(request.headers());
        self.secrets.hear_body(request.body());
        let answer = self.way.send(request).await;
        self.secrets.hear_headers(answer.headers());
        self.secrets.hear_body(answer.body());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_tokens_and_cookies_are_found_again() {
        let secrets = Secrets::default();
        secrets.hear_body(br#"{"login": "annabelle", "password": "tangerine anvil"}"#);
        secrets.hear_body(b"username=annabelle&csrf_token=masked-value&password=blue+mountain");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer head.claims.signature".parse().unwrap());
        headers.insert("set-cookie", "access=cookie-value; Path=/".parse().unwrap());
        secrets.hear_headers(&headers);
        for said in ["tangerine anvil", "masked-value", "blue mountain", "cookie-value"] {
            let log = format!("one\nand {said} here\n");
            let found = secrets.find(&log);
            assert_eq!(found, Some((said.to_owned(), log.lines().nth(1).unwrap())));
        }
        assert!(secrets.find("the .signature alone").is_some());
        assert_eq!(secrets.find("annabelle signed in"), None);
    }
}
