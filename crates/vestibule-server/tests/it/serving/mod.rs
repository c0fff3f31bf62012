//! The site as a process: the wire, its start and its end, crashes, floods, https, a gateway before it.

mod crash;
pub(crate) mod figures;
mod files;
mod flood;
mod gateway;
mod history;
mod https;
mod logging;
mod open_files;
mod refused_uploads;
mod stopping;
pub(crate) mod wire;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// How long an answer may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(12);

/// A connection on which a test writes what no client would.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(ANSWERED_WITHIN)).unwrap();
    stream
}

/// Sends these bytes and gives everything that comes back until the other side closes.
fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    // The site may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    everything(&mut stream)
}

pub(crate) fn everything(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the site closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the first answer.
pub(crate) fn status(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}
