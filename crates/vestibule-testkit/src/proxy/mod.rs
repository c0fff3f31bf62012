//! A network that loses things: a proxy on loopback between visitors and a site.
//!
//! It carries HTTP/1.1 one exchange at a time. What happens to an exchange is drawn from a seed: the n-th
//! one of a proxy meets the same fate in every run, as long as the [`Weather`] is the same. The weather, the
//! [`Line`] and where it leads may change while it runs.
//!
//! A client that hangs up takes nothing back: a request that was sent is on its way, and the server acts on
//! it. That is what makes an answer lost rather than a request cancelled.

mod carry;
mod fate;
mod lanes;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, sleep},
};

use self::carry::Shared;

pub use fate::{Span, Weather};

/// The header in which a client may say when it sent a request, in milliseconds since [`Proxy::started`].
/// A busy machine can leave a request lying for a while before anybody reads it.
pub const SENT_AT: &str = "x-sent-at";

/// How long to wait when no connection can be taken.
const BACK_OFF: Duration = Duration::from_millis(20);

/// A proxy. It ends, with everything that is on its way, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    shared: Arc<Shared>,
}

/// Whether anything passes at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// What the weather lets through.
    Open,
    /// Every connection is cut at once, also those that are open.
    Closed,
    /// Connections are taken, and nothing ever comes out of them: neither what was on its way when this
    /// began, nor what is sent while it lasts.
    BlackHole,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were read whole.
    pub exchanges: u64,
    /// Requests that never reached the server.
    pub requests_lost: u64,
    /// Answers of which the client heard nothing.
    pub answers_lost: u64,
    /// Answers that were cut in the middle.
    pub answers_cut: u64,
    /// Requests that reached the server twice.
    pub doubled: u64,
    /// Exchanges that were held.
    pub held: u64,
    /// Those of them that a later one has overtaken.
    pub overtaken: u64,
    /// Requests that the server did not answer.
    pub unanswered: u64,
    /// The longest that a request has taken from the client to the server's answer, a second delivery of it
    /// included: from [`SENT_AT`], or else from when it was read.
    pub longest: Duration,
}

impl Proxy {
    /// Listens on a free port of loopback and leads to `upstream`, in fair weather.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start(upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(upstream, seed));
        let (line, seen) = watch::channel(Line::Open);
        tokio::spawn(accept(listener, Arc::clone(&shared), seen));
        Ok(Self { address, line, shared })
    }

    /// Where clients come.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// When it began.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.shared.started
    }

    /// How many requests the server has before it at this moment.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.shared.under_way.load(Ordering::Relaxed)
    }

    /// Leads to another server from now on, for what has not reached the old one yet as well.
    pub fn lead_to(&self, upstream: SocketAddr) {
        self.shared.upstream.lead_to(upstream);
    }

    /// Changes the weather for exchanges that begin from now on.
    pub fn set_weather(&self, weather: Weather) {
        *lock(&self.shared.weather) = weather;
    }

    /// Opens or closes the line.
    pub fn set_line(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// What has happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *lock(&self.shared.counts)
    }
}

/// Takes connections until the proxy is gone.
async fn accept(listener: TcpListener, shared: Arc<Shared>, mut line: watch::Receiver<Line>) {
    loop {
        tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => {
                    tokio::spawn(serve(stream, Arc::clone(&shared), line.clone()));
                }
                // Too many are open: some of them will end.
                Err(_) => sleep(BACK_OFF).await,
            },
            changed = line.changed() => if changed.is_err() { return },
        }
    }
}

/// Serves one connection until either side, the line or the proxy ends it.
async fn serve(client: TcpStream, shared: Arc<Shared>, line: watch::Receiver<Line>) {
    let mut end = line.clone();
    tokio::select! {
        // An error is the end of the proxy.
        _ = end.wait_for(|line| *line == Line::Closed) => {}
        // Whatever goes wrong with a connection, a client sees it cut: dropping it is all there is to do.
        _ = shared.talk(client, line) => {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
