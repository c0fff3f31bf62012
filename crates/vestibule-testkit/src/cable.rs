//! A cable between a program and the server that it needs: TCP as it comes, to be pulled and plugged in.
//!
//! It runs on a thread of its own, so that a test may wait for a program without holding up the cable.
#![expect(clippy::expect_used, reason = "without a port and a runtime there is no test")]

use std::{
    io,
    net::{self, Ipv4Addr, SocketAddr},
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime,
    sync::watch,
    time::sleep,
};

/// As much as is carried at once, in bytes.
const PIECE: usize = 16 * 1024;

/// A cable. When it is dropped, every connection through it is cut.
#[derive(Debug)]
pub struct Cable {
    address: SocketAddr,
    condition: watch::Sender<Condition>,
}

/// What becomes of what is sent through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It arrives.
    Whole,
    /// Connections are cut at once, those that are open and those that are made.
    Cut,
    /// Connections stay and are taken, and nothing arrives. What was sent meanwhile arrives afterwards, as it
    /// does when a partition of a network ends.
    Silent,
    /// Each piece arrives that much later.
    Slow(Duration),
}

impl Cable {
    /// A whole one, from a free port of loopback to `server`.
    ///
    /// # Panics
    /// Where there is no port.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let (condition, seen) = watch::channel(Condition::Whole);
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime for the cable");
            // What is still on its way ends with the runtime.
            runtime.block_on(take_connections(listener, server, seen));
        });
        Self { address, condition }
    }

    /// Where its near end is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes its condition.
    pub fn set(&self, condition: Condition) {
        self.condition.send_replace(condition);
    }
}

/// Takes connections until the cable is gone.
async fn take_connections(
    listener: net::TcpListener,
    server: SocketAddr,
    mut condition: watch::Receiver<Condition>,
) {
    let listener = TcpListener::from_std(listener).expect("a listener of this runtime");
    loop {
        tokio::select! {
            taken = listener.accept() => if let Ok((near, _)) = taken {
                tokio::spawn(connect(near, server, condition.clone()));
            },
            changed = condition.changed() => if changed.is_err() { return },
        }
    }
}

async fn connect(near: TcpStream, server: SocketAddr, condition: watch::Receiver<Condition>) {
    let mut end = condition.clone();
    tokio::select! {
        // An error is the end of the cable.
        _ = end.wait_for(|condition| *condition == Condition::Cut) => {}
        // Whatever goes wrong, both sides see the connection end: dropping it is all there is to do.
        _ = carry(near, server, condition) => {}
    }
}

async fn carry(
    near: TcpStream,
    server: SocketAddr,
    mut condition: watch::Receiver<Condition>,
) -> io::Result<()> {
    passable(&mut condition).await;
    let far = TcpStream::connect(server).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (from_near, to_near) = near.into_split();
    let (from_far, to_far) = far.into_split();
    tokio::try_join!(
        pass(from_near, to_far, condition.clone()),
        pass(from_far, to_near, condition)
    )?;
    Ok(())
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut condition: watch::Receiver<Condition>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        passable(&mut condition).await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(piece.get(..length).unwrap_or_default()).await?;
    }
}

/// Waits until something may pass.
async fn passable(condition: &mut watch::Receiver<Condition>) {
    let now = condition.wait_for(|condition| *condition != Condition::Silent).await;
    // Whoever waits for an end of the cable is dropped with it.
    let now = now.map_or(Condition::Whole, |now| *now);
    if let Condition::Slow(delay) = now {
        sleep(delay).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    const SOON: Duration = Duration::from_millis(200);
    const AT_LAST: Duration = Duration::from_secs(10);

    /// A server that sends back what it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                thread::spawn(move || io::copy(&mut stream.try_clone().unwrap(), &mut stream));
            }
        });
        address
    }

    fn hear(stream: &mut TcpStream, within: Duration) -> io::Result<u8> {
        stream.set_read_timeout(Some(within)).unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).map(|()| byte[0])
    }

    #[test]
    fn what_is_sent_into_silence_arrives_afterwards() {
        let cable = Cable::to(echo());
        let mut stream = TcpStream::connect(cable.address()).unwrap();
        stream.write_all(b"a").unwrap();
        assert_eq!(hear(&mut stream, AT_LAST).unwrap(), b'a');
        cable.set(Condition::Silent);
        stream.write_all(b"b").unwrap();
        let mut newcomer = TcpStream::connect(cable.address()).unwrap();
        newcomer.write_all(b"c").unwrap();
        for silent in [&mut stream, &mut newcomer] {
            assert_eq!(hear(silent, SOON).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
        cable.set(Condition::Whole);
        assert_eq!(hear(&mut stream, AT_LAST).unwrap(), b'b');
        assert_eq!(hear(&mut newcomer, AT_LAST).unwrap(), b'c');
    }

    #[test]
    fn a_cut_cable_ends_connections_and_takes_none() {
        let cable = Cable::to(echo());
        let mut stream = TcpStream::connect(cable.address()).unwrap();
        stream.write_all(b"a").unwrap();
        assert_eq!(hear(&mut stream, AT_LAST).unwrap(), b'a');
        cable.set(Condition::Cut);
        let is_ended = |stream: &mut TcpStream| {
            hear(stream, AT_LAST).unwrap_err().kind() != io::ErrorKind::WouldBlock
        };
        assert!(is_ended(&mut stream));
        assert!(is_ended(&mut TcpStream::connect(cable.address()).unwrap()));
        cable.set(Condition::Whole);
        let mut stream = TcpStream::connect(cable.address()).unwrap();
        stream.write_all(b"b").unwrap();
        assert_eq!(hear(&mut stream, AT_LAST).unwrap(), b'b');
        drop(cable);
        assert!(is_ended(&mut stream));
    }

    #[test]
    fn a_slow_cable_takes_its_time() {
        let cable = Cable::to(echo());
        let mut stream = TcpStream::connect(cable.address()).unwrap();
        cable.set(Condition::Slow(SOON * 2));
        stream.write_all(b"a").unwrap();
        assert_eq!(hear(&mut stream, SOON).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(hear(&mut stream, AT_LAST).unwrap(), b'a');
    }
}
