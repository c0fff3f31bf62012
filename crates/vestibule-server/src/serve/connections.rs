//! Connections: accepted, bounded, served, and ended in time.

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo, extract::Request, response::Response};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{ServiceExt as _, util::BoxCloneSyncService};

use super::wire::{Framing, Lingering, Watched};

/// The site as one service.
pub(super) type SiteService = BoxCloneSyncService<Request, Response, Infallible>;

/// Connections at once; further ones wait in the system's queue.
const CONNECTIONS: usize = 4096;
/// For a TLS handshake, for the first bytes of a plain connection, and for the head of each request from
/// its first byte.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// An HTTP/1.1 connection without a request for this time is closed. It is longer than what proxies keep
/// connections open for, so that none sends a request into a closing one.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Of the head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;
/// Header fields of a request.
const HEADER_FIELDS: usize = 100;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 100;
/// An HTTP/2 connection without a request for between once and twice this time is closed.
const IDLE: Duration = Duration::from_secs(80);
/// How long to wait after the system had no room for another connection.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How the connection of a request is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transport {
    pub(super) is_tls: bool,
}

/// All connections of one listener.
pub(super) struct Connections {
    shared: Arc<Shared>,
    running: TaskTracker,
}

struct Shared {
    acceptor: Option<TlsAcceptor>,
    service: SiteService,
    stop: CancellationToken,
    room: Arc<Semaphore>,
}

impl Connections {
    /// None yet. When `stop` is cancelled, each ends with the requests that it is serving.
    pub(super) fn new(
        acceptor: Option<TlsAcceptor>,
        service: SiteService,
        stop: CancellationToken,
    ) -> Self {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let shared = Arc::new(Shared { acceptor, service, stop, room });
        Self { shared, running: TaskTracker::new() }
    }

    /// Accepts connections for as long as it is polled.
    pub(super) async fn accept(&self, listener: &TcpListener) {
        loop {
            let Ok(place) = Arc::clone(&self.shared.room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let shared = Arc::clone(&self.shared);
                    self.running.spawn(async move {
                        shared.serve(stream, peer).await;
                        drop(place);
                    });
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted right now");
                    sleep(BACK_OFF).await;
                }
            }
        }
    }

    /// Waits until every connection has ended.
    pub(super) async fn ended(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

impl Shared {
    async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // An answer is written whole; waiting for more would only delay it.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = &self.acceptor else {
            let first = self.in_time(begins_http2(&stream)).await;
            let stream = Lingering::new(stream);
            if let Some(Ok(is_http2)) = first {
                self.talk(stream, peer, false, is_http2).await;
            }
            return;
        };
        let handshake = acceptor.accept(Lingering::new(stream));
        if let Some(Ok(stream)) = self.in_time(handshake).await {
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            self.talk(stream, peer, true, is_http2).await;
        }
    }

    /// Waits for something that comes before the first request. Nobody is waited for while stopping.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = timeout(HEAD_WITHIN, work) => done.ok(),
            () = self.stop.cancelled() => None,
        }
    }

    async fn talk<S>(&self, stream: S, peer: SocketAddr, is_tls: bool, is_http2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let caller = Caller {
            peer,
            transport: Transport { is_tls },
            activity: Arc::new(Activity::default()),
        };
        let activity = Arc::clone(&caller.activity);
        if is_http2 {
            let service = service_fn(|request| self.answer(&caller, None, request));
            let connection = http2_builder().serve_connection(TokioIo::new(stream), service);
            self.run(connection, http2::Connection::graceful_shutdown, &activity).await;
        } else {
            let (stream, framing) = Watched::new(stream, HEAD_WITHIN);
            let service = service_fn(|request| self.answer(&caller, Some(&framing), request));
            let connection = http1_builder().serve_connection(TokioIo::new(stream), service);
            self.run(connection, http1::Connection::graceful_shutdown, &activity).await;
        }
    }

    /// Polls a connection to its end. The ends that a client causes (a reset, a head that is none or comes
    /// too late) are nothing to act on: what can be answered has been answered.
    async fn run<C, T, E>(&self, connection: C, end: impl Fn(Pin<&mut C>), activity: &Activity)
    where
        C: Future<Output = Result<T, E>>,
        E: std::fmt::Display,
    {
        let mut connection = pin!(connection);
        let mut idle = pin!(activity.idle());
        let mut is_ending = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection was cut off");
                    }
                    return;
                }
                () = self.stop.cancelled(), if !is_ending => {}
                () = &mut idle, if !is_ending => {}
            }
            is_ending = true;
            end(connection.as_mut());
        }
    }

    fn answer(
        &self,
        caller: &Caller,
        framing: Option<&Framing>,
        request: hyper::Request<Incoming>,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + 'static {
        let mut request = request.map(Body::new);
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(caller.peer));
        extensions.insert(caller.transport);
        if let Some(ambiguous) = framing.and_then(Framing::take_ambiguous) {
            extensions.insert(ambiguous);
        }
        caller.activity.begun.fetch_add(1, Ordering::Relaxed);
        let under_way = UnderWay(Arc::clone(&caller.activity));
        let service = self.service.clone();
        async move {
            let response = service.oneshot(request).await;
            drop(under_way);
            response
        }
    }
}

/// Who is at the other end.
struct Caller {
    peer: SocketAddr,
    transport: Transport,
    activity: Arc<Activity>,
}

/// Requests of one connection, counted.
#[derive(Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Activity {
    /// Waits until nothing has happened for [`IDLE`].
    async fn idle(&self) {
        let mut before = None;
        loop {
            let begun = self.begun.load(Ordering::Relaxed);
            if before == Some(begun) && self.ended.load(Ordering::Relaxed) == begun {
                return;
            }
            before = Some(begun);
            sleep(IDLE).await;
        }
    }
}

/// A request that is being answered, or was given up.
struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        .max_buf_size(HEAD_BYTES)
        .max_header_size(HEAD_BYTES)
        .max_headers(HEADER_FIELDS);
    builder
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Whether a plain connection begins with the preface of HTTP/2 (RFC 9113 section 3.4). Takes nothing from
/// the stream.
async fn begins_http2(stream: &TcpStream) -> io::Result<bool> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut start = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut start).await?;
        let seen = start.get(..length).unwrap_or_default();
        if !PREFACE.starts_with(seen) || seen.is_empty() {
            return Ok(false);
        }
        if seen == PREFACE {
            return Ok(true);
        }
        // What has been seen keeps the stream readable, so there is no event to wait for.
        sleep(Duration::from_millis(20)).await;
    }
}

/// Whether it says nothing of the next connection.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
