//! The connection to a mail server until TLS has begun.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The first byte of a TLS handshake (RFC 8446 section 5.1). No command of SMTP begins with it.
const HANDSHAKE: u8 = 0x16;

/// A connection that hands out one byte at a time until TLS begins.
///
/// The client reads answers through a buffer that it keeps when it starts TLS. Whoever sits in between can send more
/// than the answer to `STARTTLS`, and what lies in the buffer would pass for what the server said under encryption
/// (RFC 3207 section 5). Byte by byte nothing is ever in it: what was injected reaches the handshake, which fails.
#[derive(Debug)]
pub(super) struct BeforeTls {
    stream: TcpStream,
    has_begun: bool,
}

impl BeforeTls {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self { stream, has_begun: false }
    }
}

impl AsyncTokioStream for BeforeTls {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for BeforeTls {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_begun || out.remaining() <= 1 {
            return Pin::new(&mut self.stream).poll_read(context, out);
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut one))?;
        out.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for BeforeTls {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.has_begun |= bytes.first() == Some(&HANDSHAKE);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
