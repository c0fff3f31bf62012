//! What stands before a site and takes `Sec-Fetch-*` away, as old proxies and browsers do.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, Response, StatusCode, header},
};
use tokio::net::TcpListener;
use vestibule_testkit::{site::Site, visitors::Loopback};

/// A form that came by.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) path: String,
    pub(super) origin: String,
    pub(super) referer: String,
    pub(super) status: u16,
    pub(super) answer: String,
}

pub(super) struct Stripping {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Stripping {
    pub(super) async fn before(site: &Site) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let (way, seen) = (Loopback::to(site.address()), Arc::clone(&sent));
        let router =
            Router::new().fallback(async move |request: Request| carry(&way, &seen, request).await);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, sent }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The forms that came by, in order.
    pub(super) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

async fn carry(way: &Loopback, seen: &Mutex<Vec<Sent>>, request: Request) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, 4 * 1024 * 1024).await.unwrap();
    let stripped: Vec<_> = head
        .headers
        .keys()
        .filter(|name| name.as_str().starts_with("sec-fetch"))
        .cloned()
        .collect();
    for name in stripped.iter().chain(&[header::CONNECTION, header::TRANSFER_ENCODING]) {
        head.headers.remove(name);
    }
    let is_form = head.method == Method::POST;
    let said = |name| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (path, origin, referer) =
        (head.uri.path().to_owned(), said(header::ORIGIN), said(header::REFERER));
    let request = Request::from_parts(head, body);
    let Some(answer) = way.try_send(request, Duration::from_secs(20)).await else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        return response;
    };
    if is_form {
        let answer_text = String::from_utf8_lossy(answer.body()).into_owned();
        let status = answer.status().as_u16();
        seen.lock().unwrap().push(Sent { path, origin, referer, status, answer: answer_text });
    }
    let mut response = answer.map(Body::from);
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        response.headers_mut().remove(name);
    }
    response
}
