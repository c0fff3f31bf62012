//! The bytes of a connection: what the HTTP library leaves open.

use std::{
    collections::VecDeque,
    io,
    net::Shutdown,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep, timeout},
};

mod head;

use head::HeadReader;
use metrics::counter;

use super::sending::TAKES_WITHIN;
use crate::web::Ambiguous;

/// Of the head of a request, in bytes.
pub(super) const HEAD_BYTES: usize = 64 * 1024;
/// Header fields of a request.
pub(super) const HEADER_FIELDS: usize = 100;
/// The figure of connections that were cut off.
pub(crate) const CUT: &str = "vestibule_connections_cut_total";
/// What the system holds of an answer beyond what is on its way to the client, in bytes.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;

/// For how long the rest of an ended conversation is taken in.
const LINGER: Duration = Duration::from_secs(5);

/// A TCP stream whose last answer arrives although the client was still sending.
///
/// The system answers bytes that nobody reads with a reset, and a reset throws away what the client has not
/// read yet: the very answer that says why it was cut off (RFC 9112 section 9.6).
///
/// A client that takes nothing of what is written to it for [`TAKES_WITHIN`] ends the stream, and gets no
/// more of it.
pub(crate) struct Lingering {
    stream: Option<TcpStream>,
    has_ended: bool,
    /// While nothing can be written: until when that is borne.
    blocked: Option<Pin<Box<Sleep>>>,
}

/// Keeps the system from holding megabytes for a client that does not read. What is on its way to one that
/// does is not bounded by it.
pub(crate) fn bound_send_buffer(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "cannot limit the send buffer of a connection");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

impl Lingering {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: Some(stream), has_ended: false, blocked: None }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }

    /// What came of writing, or that it took too long.
    fn in_time<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.blocked = None;
            return written;
        }
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(sleep(TAKES_WITHIN)));
        if blocked.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        counter!(CUT, "reason" => "not_read").increment(1);
        self.has_ended = true;
        // What the system still holds for the client goes with it.
        let _ = self.stream.take().map(|stream| stream.set_zero_linger());
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(stream) = self.stream.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.has_ended {
            runtime.spawn(timeout(LINGER, take_in_the_rest(stream)));
        }
    }
}

async fn take_in_the_rest(stream: TcpStream) -> io::Result<()> {
    let stream = stream.into_std()?;
    stream.shutdown(Shutdown::Write)?;
    let stream = TcpStream::from_std(stream)?;
    let mut rest = vec![0; 16 * 1024];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut rest) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.stream()?.poll_read(context, buffer);
        let is_at_end = buffer.filled().len() == before && buffer.remaining() > 0;
        self.has_ended |= match &read {
            Poll::Ready(Ok(())) => is_at_end,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        read
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = self.stream()?.poll_write(context, bytes);
        self.in_time(context, done)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = self.stream()?.poll_flush(context);
        self.in_time(context, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = self.stream()?.poll_shutdown(context);
        self.in_time(context, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = self.stream()?.poll_write_vectored(context, slices);
        self.in_time(context, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}

/// A stream of HTTP/1.1 requests whose heads are looked at on their way in. A head that takes too long from
/// its first byte ends it.
pub(crate) struct Watched<S> {
    stream: S,
    reader: HeadReader,
    framing: Framing,
    head_within: Duration,
    /// For the head that has begun, if there is one.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// What was noticed of the requests, in their order.
#[derive(Clone, Default)]
pub(crate) struct Framing(Arc<Mutex<VecDeque<bool>>>);

impl Framing {
    /// What was noticed of the next request that reaches the site.
    pub(crate) fn take_ambiguous(&self) -> Option<Ambiguous> {
        let mut noticed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noticed.pop_front()?.then_some(Ambiguous)
    }
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, head_within: Duration) -> (Self, Framing) {
        let framing = Framing::default();
        let watched = Self {
            stream,
            reader: HeadReader::default(),
            framing: framing.clone(),
            head_within,
            deadline: None,
        };
        (watched, framing)
    }

    fn keep_deadline(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.reader.is_within_head() {
            self.deadline = None;
            return Ok(());
        }
        let within = self.head_within;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(within)));
        match deadline.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        if !fresh.is_empty() {
            let mut noticed = this.framing.0.lock().unwrap_or_else(PoisonError::into_inner);
            this.reader.read(fresh, |is_ambiguous| noticed.push_back(is_ambiguous));
        }
        this.keep_deadline(context)?;
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
