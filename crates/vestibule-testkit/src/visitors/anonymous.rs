//! Nobody: what arrives without a credential, or with one that the test made up.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::Value;

use super::{Answer, Transport, request};

/// A client that keeps nothing and adds nothing but `Host`.
#[derive(Clone)]
pub struct Anonymous {
    transport: Arc<dyn Transport>,
    host: String,
}

impl Anonymous {
    /// Comes to the site of this host, for example `app.test`.
    #[must_use]
    pub fn new(transport: impl Transport, host: &str) -> Self {
        Self { transport: Arc::new(transport), host: host.to_owned() }
    }

    /// Sends a request as it is.
    pub async fn send(&self, mut request: Request<Bytes>) -> Answer {
        if !request.headers().contains_key(header::HOST) {
            let host = self.host.parse().expect("a host");
            request.headers_mut().insert(header::HOST, host);
        }
        self.transport.send(request).await.into()
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, None)).await
    }

    /// `POST` with JSON.
    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.send(request(Method::POST, path, Some(body))).await
    }

    /// `GET` with these headers.
    pub async fn get_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        let request =
            headers.iter().fold(request(Method::GET, path, None), |request, (name, value)| {
                super::with(request, name, value)
            });
        self.send(request).await
    }
}
