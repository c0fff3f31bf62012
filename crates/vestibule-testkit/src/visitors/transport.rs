//! How a visitor's requests reach the application.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use axum::{BoxError, Router, body::Body, extract::ConnectInfo};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

/// How long a request over loopback may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Brings a request to the application and its answer back, whole.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends one request.
    ///
    /// # Panics
    /// Where no answer comes back: that is a failed test.
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes>;
}

/// Calls a router in this process, as a peer of a chosen address.
#[derive(Clone, Debug)]
pub struct InProcess {
    router: Router,
    peer: SocketAddr,
}

impl InProcess {
    /// Calls this router as the peer 192.0.2.1.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self { router, peer: SocketAddr::from(([192, 0, 2, 1], 50_000)) }
    }

    /// The same router, called by another peer.
    #[must_use]
    pub fn from_address(&self, peer: IpAddr) -> Self {
        Self { router: self.router.clone(), peer: SocketAddr::new(peer, 50_000) }
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let answer = self.router.clone().oneshot(request).await.expect("a router always answers");
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.expect("the body ends well").to_bytes();
        Response::from_parts(parts, body)
    }
}

/// Speaks HTTP/1.1 over a loopback socket, one connection for each request.
#[derive(Clone, Copy, Debug)]
pub struct Loopback {
    address: SocketAddr,
}

impl Loopback {
    /// Speaks to whatever listens there.
    #[must_use]
    pub const fn to(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Serves a router on a free port until the runtime ends, and speaks to it.
    ///
    /// # Panics
    /// Where no port can be had.
    pub async fn serve(router: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address }
    }

    /// Where the application listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends one request over a network that may lose it or its answer: `None` where no whole answer comes
    /// within `at_most`. The application may have acted upon it all the same.
    pub async fn try_send(
        &self,
        request: Request<Bytes>,
        at_most: Duration,
    ) -> Option<Response<Bytes>> {
        tokio::time::timeout(at_most, self.exchange(request)).await.ok()?.ok()
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

#[async_trait]
impl Transport for Loopback {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let answer = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        answer.expect("an answer in time").expect("an answer")
    }
}
