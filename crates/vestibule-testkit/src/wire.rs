//! HTTP/1.1 as bytes: whole messages, and a client that keeps its connections.
//!
//! Just enough framing for a proxy and for many clients at once: bodies have a `Content-Length`, and
//! whatever is framed in another way is refused instead of guessed at.

use std::{
    fmt::Write as _,
    io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The longest head that is read, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The longest body that is read, in bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// One request or one answer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    bytes: Vec<u8>,
    /// Where the body begins.
    head: usize,
}

impl Message {
    /// A request. `Content-Length` is added where there is a body.
    #[must_use]
    pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in headers {
            // Writing to a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let length = head.len();
        Self { bytes: (head + body).into_bytes(), head: length }
    }

    /// Reads a request; `None` where the other side has closed before its first byte.
    ///
    /// # Errors
    /// What the stream says, `UnexpectedEof` within a request, `InvalidData` for framing other than by
    /// `Content-Length`.
    pub async fn read_request(
        stream: &mut TcpStream,
        buffer: &mut BytesMut,
    ) -> io::Result<Option<Self>> {
        Self::read(stream, buffer, |_| true).await
    }

    /// Reads the answer to `request`.
    ///
    /// # Errors
    /// As for [`Message::read_request`]; also where the other side has closed before its first byte.
    pub async fn read_answer(
        stream: &mut TcpStream,
        buffer: &mut BytesMut,
        request: &Self,
    ) -> io::Result<Self> {
        let is_head = request.bytes.starts_with(b"HEAD ");
        // RFC 9112 section 6.3.
        let may_have_body = |status: Option<u16>| !is_head && !matches!(status, Some(204 | 304));
        let answer = Self::read(stream, buffer, may_have_body).await?;
        let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        // An interim answer is only for clients that ask for one.
        if answer.status().is_none_or(|status| status < 200) {
            return Err(unreadable("an answer without a final status"));
        }
        Ok(answer)
    }

    async fn read(
        stream: &mut TcpStream,
        buffer: &mut BytesMut,
        may_have_body: impl Fn(Option<u16>) -> bool,
    ) -> io::Result<Option<Self>> {
        let mut looked_at = 0;
        let head = loop {
            let rest = buffer.get(looked_at..).unwrap_or_default();
            if let Some(found) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break looked_at + found + 4;
            }
            if buffer.len() > MAX_HEAD {
                return Err(unreadable("a head without an end"));
            }
            looked_at = buffer.len().saturating_sub(3);
            if stream.read_buf(buffer).await? == 0 {
                let is_between = buffer.is_empty();
                return if is_between {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        };
        let mut message = Self { bytes: buffer.split_to(head).to_vec(), head };
        let length = if may_have_body(message.status()) { message.length()? } else { 0 };
        while buffer.len() < length {
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        message.bytes.extend_from_slice(&buffer.split_to(length));
        Ok(Some(message))
    }

    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.head..).unwrap_or_default()
    }

    /// The status of an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.head_text().strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
    }

    /// The values of a header.
    pub fn headers<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m str> {
        let fields = self.head_text().split("\r\n").skip(1);
        fields.filter_map(move |line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Whether the connection ends with it.
    fn is_last(&self) -> bool {
        self.headers("connection").any(|value| value.eq_ignore_ascii_case("close"))
    }

    fn length(&self) -> io::Result<usize> {
        if self.headers("transfer-encoding").next().is_some() {
            return Err(unreadable("a body that is not framed by its length"));
        }
        let is_answer = self.status().is_some();
        match self.headers("content-length").next().map(str::parse) {
            Some(Ok(length)) if length <= MAX_BODY => Ok(length),
            None if !is_answer => Ok(0),
            _ => Err(unreadable("a body without a good length")),
        }
    }

    fn head_text(&self) -> &str {
        // Header values may be other bytes than text; none of those is read here.
        let head = self.bytes.get(..self.head).unwrap_or_default();
        std::str::from_utf8(head).unwrap_or_default()
    }
}

fn unreadable(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A client that keeps its connections, as many as it needs at once. A request that is given up (the future
/// is dropped) takes its connection with it.
#[derive(Debug)]
pub struct Wire {
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    address: SocketAddr,
    idle: Vec<TcpStream>,
}

impl Wire {
    /// Speaks to whatever listens there.
    #[must_use]
    pub const fn to(address: SocketAddr) -> Self {
        Self { line: Mutex::new(Line { address, idle: Vec::new() }) }
    }

    /// Speaks to another address from now on.
    pub fn lead_to(&self, address: SocketAddr) {
        *self.line() = Line { address, idle: Vec::new() };
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// Where there is no whole answer. The request may have been acted upon all the same.
    pub async fn exchange(&self, request: &Message) -> io::Result<Message> {
        let (address, kept) = self.kept();
        let mut stream = match kept {
            Some(stream) => stream,
            None => TcpStream::connect(address).await?,
        };
        stream.set_nodelay(true)?;
        stream.write_all(request.bytes()).await?;
        let mut buffer = BytesMut::with_capacity(4096);
        let answer = Message::read_answer(&mut stream, &mut buffer, request).await?;
        let mut line = self.line();
        if line.address == address && buffer.is_empty() && !answer.is_last() {
            line.idle.push(stream);
        }
        Ok(answer)
    }

    /// A connection that is there already and that the other side has not closed.
    fn kept(&self) -> (SocketAddr, Option<TcpStream>) {
        let mut line = self.line();
        while let Some(stream) = line.idle.pop() {
            let read = stream.try_read(&mut [0]);
            if read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                return (line.address, Some(stream));
            }
        }
        (line.address, None)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A server that sends these bytes on every connection, once it was sent anything.
    async fn saying(bytes: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.read_buf(&mut BytesMut::new()).await.unwrap();
                stream.write_all(bytes).await.unwrap();
            }
        });
        address
    }

    async fn answer(bytes: &'static [u8]) -> io::Result<Message> {
        let request = Message::request("GET", "/", &[("Host", "app.test")], "");
        Wire::to(saying(bytes).await).exchange(&request).await
    }

    #[tokio::test]
    async fn whole_messages_are_read() {
        let said =
            b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nX-Name: one\r\nx-name:two \r\n\r\nbody";
        let answer = answer(said).await.unwrap();
        assert_eq!((answer.status(), answer.body()), (Some(200), &b"body"[..]));
        assert_eq!(answer.headers("x-name").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(answer.bytes(), said);
        assert_eq!(self::answer(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap().body(), b"");
    }

    #[tokio::test]
    async fn what_is_cut_or_framed_otherwise_is_no_message() {
        for (bytes, kind) in [
            (&b""[..], io::ErrorKind::UnexpectedEof),
            (b"HTTP/1.1 200 OK\r\ncont", io::ErrorKind::UnexpectedEof),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbod", io::ErrorKind::UnexpectedEof),
            (b"HTTP/1.1 200 OK\r\n\r\nbody", io::ErrorKind::InvalidData),
            (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                io::ErrorKind::InvalidData,
            ),
            (b"HTTP/1.1 100 Continue\r\ncontent-length: 0\r\n\r\n", io::ErrorKind::InvalidData),
            (b"nonsense\r\n\r\n", io::ErrorKind::InvalidData),
        ] {
            let error = answer(bytes).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_request_says_how_long_its_body_is() {
        let request = Message::request("POST", "/a", &[("Host", "app.test")], "{}");
        let text = "POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(request.bytes(), text.as_bytes());
        assert_eq!(request.body(), b"{}");
    }
}
