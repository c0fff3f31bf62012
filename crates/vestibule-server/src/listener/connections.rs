//! Connections: accepted, bounded, served, and ended in time.

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo, response::Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulConnection},
};
use ipnet::IpNet;
use metrics::counter;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{either::Either, sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use super::{
    sending::{Sending, Stuck, TAKES_WITHIN},
    wire::{self, CUT, Framing, HEAD_BYTES, HEADER_FIELDS, Lingering, Watched},
};
use crate::permits::{Holder, NoPermit, Permit, Permits};
use crate::web::{SiteService, Transport};

/// For a TLS handshake, for the first bytes of a plain connection, and for the head of each request from
/// its first byte.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// An HTTP/1.1 connection without a request for this time is closed. It is longer than what proxies keep
/// connections open for, so that none sends a request into a closing one.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 100;
/// What is held of an answer on an HTTP/2 connection for a client that is slower than the site, in bytes.
const SEND_BYTES: usize = 64 * 1024;
/// An HTTP/2 connection without a request for between once and twice this time is closed.
const IDLE: Duration = Duration::from_secs(80);
/// How long to wait after the system had no room for another connection.
const BACK_OFF: Duration = Duration::from_millis(100);

/// All connections of one listener.
pub(super) struct Connections {
    shared: Arc<Shared>,
    places: Permits,
    running: TaskTracker,
}

/// Which connections are taken.
pub(super) struct Admission {
    /// So many at once; further ones wait in the system's queue.
    pub(super) most: usize,
    /// Those who bring other people's requests: the network that they are in has no share.
    pub(super) trusted_proxies: Vec<IpNet>,
}

struct Shared {
    acceptor: Option<TlsAcceptor>,
    service: SiteService,
    stop: CancellationToken,
    trusted_proxies: Vec<IpNet>,
}

impl Connections {
    /// None yet. When `stop` is cancelled, each ends with the requests that it is serving.
    pub(super) fn new(
        acceptor: Option<TlsAcceptor>,
        service: SiteService,
        stop: CancellationToken,
        admission: Admission,
    ) -> Self {
        let Admission { most, trusted_proxies } = admission;
        counter!(CUT, "reason" => "not_read").absolute(0);
        let shared = Arc::new(Shared { acceptor, service, stop, trusted_proxies });
        Self { shared, places: Permits::new("connections", most), running: TaskTracker::new() }
    }

    /// Accepts connections for as long as it is polled.
    pub(super) async fn accept(&self, listener: &TcpListener) {
        loop {
            self.places.any().await;
            match listener.accept().await {
                Ok((stream, peer)) => match self.admit(peer) {
                    Ok(place) => {
                        let shared = Arc::clone(&self.shared);
                        self.running.spawn(async move {
                            shared.serve(stream, peer).await;
                            drop(place);
                        });
                    }
                    // Nothing has been read of it, and nothing costs less than to say no more.
                    Err(why) => self.places.count_refusal(why),
                },
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection right now");
                    sleep(BACK_OFF).await;
                }
            }
        }
    }

    fn admit(&self, peer: SocketAddr) -> Result<Permit, NoPermit> {
        let address = peer.ip().to_canonical();
        let is_proxy = self.shared.trusted_proxies.iter().any(|network| network.contains(&address));
        let network = Holder::network_of(address);
        self.places.try_take(if is_proxy { &[] } else { std::slice::from_ref(&network) })
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
        wire::bound_send_buffer(&stream);
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
        let sending = is_http2.then(|| Arc::new(Sending::default()));
        let (stream, framing, builder) = if is_http2 {
            (Either::Left(stream), None, builder().http2_only())
        } else {
            let (stream, framing) = Watched::new(stream, HEAD_WITHIN);
            (Either::Right(stream), Some(framing), builder().http1_only())
        };
        let service = service_fn(|request| {
            let (answer, sending) =
                (self.answer(&caller, framing.as_ref(), request), sending.clone());
            async move {
                let answer = answer.await?;
                Ok::<_, Infallible>(match sending {
                    Some(sending) => answer.map(|body| sending.watch(body)),
                    None => answer,
                })
            }
        });
        let stuck = async {
            match &sending {
                Some(sending) => sending.stuck().await,
                // What the stream notices by itself is all that there is to notice.
                None => std::future::pending().await,
            }
        };
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        self.run(connection, &activity, stuck).await;
    }

    /// Polls a connection to its end. The ends that a client causes (a reset, a head that is none or comes
    /// too late) are nothing to act on: what can be answered has been answered. One whose client is `stuck`
    /// ends; if something else is under way on it, that has the same time once more.
    async fn run<C>(&self, connection: C, activity: &Activity, stuck: impl Future<Output = Stuck>)
    where
        C: GracefulConnection<Error: std::fmt::Display>,
    {
        let mut connection = pin!(connection);
        let mut idle = pin!(activity.idle());
        let mut stuck = pin!(stuck);
        let mut given_up = pin!(sleep(Duration::ZERO));
        let (mut is_ending, mut is_stuck) = (false, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended with an error");
                    }
                    return;
                }
                () = self.stop.cancelled(), if !is_ending => {}
                () = &mut idle, if !is_ending => {}
                stuck = &mut stuck, if !is_stuck => {
                    is_stuck = true;
                    let is_alone = stuck == Stuck::All && !activity.is_under_way();
                    given_up.set(sleep(if is_alone { Duration::ZERO } else { TAKES_WITHIN }));
                }
                () = &mut given_up, if is_stuck => {
                    counter!(CUT, "reason" => "not_read").increment(1);
                    tracing::debug!("closed a connection whose client does not read");
                    return;
                }
            }
            if !is_ending {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
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
    /// Whether a request is being answered.
    fn is_under_way(&self) -> bool {
        self.begun.load(Ordering::Relaxed) != self.ended.load(Ordering::Relaxed)
    }

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

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADER_FIELDS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(SEND_BYTES)
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

#[cfg(test)]
mod tests;
