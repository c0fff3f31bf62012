use std::time::Duration;

use axum::{Router, body::Bytes, http::StatusCode, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::Instant,
};

use super::*;

/// More than any buffer on the way holds.
const BIG: usize = 32 * 1024 * 1024;

/// A listener whose connections are served in the background, until this is dropped.
struct Listening {
    address: SocketAddr,
    connections: Arc<Connections>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn listen(most: usize, trusted_proxies: &[&str]) -> Listening {
    let big = Bytes::from(vec![b'a'; BIG]);
    let router: Router = Router::new()
        .route("/big", get(async move || big.clone()))
        .route("/slow", get(async || sleep(Duration::from_secs(50)).await))
        .route("/small", get(async || (StatusCode::OK, "small")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let trusted_proxies = trusted_proxies.iter().map(|network| network.parse().unwrap()).collect();
    let admission = Admission { most, trusted_proxies };
    let stop = CancellationToken::new();
    let connections = Arc::new(Connections::new(None, SiteService::new(router), stop, admission));
    let serving = Arc::clone(&connections);
    let serving = tokio::spawn(async move { serving.accept(&listener).await });
    Listening { address, connections, serving }
}

impl Listening {
    /// How many seconds it takes until no connection is left, in a time that passes at once.
    async fn seconds_until_none_is_left(&self) -> u64 {
        tokio::time::pause();
        let began = Instant::now();
        while !self.connections.running.is_empty() {
            sleep(Duration::from_millis(500)).await;
            assert!(
                began.elapsed() < Duration::from_secs(3600),
                "it is held for as long as watched"
            );
        }
        began.elapsed().as_secs()
    }
}

async fn ask(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_client_that_reads_nothing_of_its_answer_is_cut_off() {
    let listening = listen(16, &[]).await;
    let mut stream = ask(listening.address, "/big").await;
    // It is being sent.
    stream.read_exact(&mut [0; 1024]).await.unwrap();
    let seconds = listening.seconds_until_none_is_left().await;
    assert!((30..35).contains(&seconds), "{seconds} s");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < BIG, "{} bytes", rest.len());
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_served_to_the_end() {
    let listening = listen(16, &[]).await;
    let mut stream = ask(listening.address, "/big").await;
    stream.read_exact(&mut [0; 1024]).await.unwrap();
    tokio::time::pause();
    let (mut read, mut piece) = (1024, vec![0; 1024 * 1024]);
    while read < BIG {
        sleep(Duration::from_secs(20)).await;
        let more = stream.read(&mut piece).await.unwrap();
        assert!(more > 0, "cut off after {read} bytes");
        read += more;
    }
}

/// Frames of HTTP/2 (RFC 9113 section 4.1).
mod frames {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PING: u8 = 6;
    pub(super) const GOAWAY: u8 = 7;
    pub(super) const WINDOW_UPDATE: u8 = 8;

    pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    /// A `GET` with nothing but what it has to have, END_STREAM and END_HEADERS.
    pub(super) fn get(stream: u32, path: &str) -> Vec<u8> {
        // `:method: GET` and `:scheme: http` of the static table, `:path` and `:authority` by its names.
        let mut head = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        head.extend(path.bytes());
        head.extend([0x01, 6]);
        head.extend(b"a.test");
        frame(HEADERS, 0x5, stream, &head)
    }
}
use frames::{DATA, GOAWAY, HEADERS, PING, SETTINGS, WINDOW_UPDATE, frame};

/// A client of HTTP/2 that opens a window of this many bytes for each answer.
struct Http2 {
    stream: TcpStream,
}

impl Http2 {
    async fn connect(address: SocketAddr, window: u32) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        // SETTINGS_INITIAL_WINDOW_SIZE.
        let mut setting = vec![0, 4];
        setting.extend(window.to_be_bytes());
        hello.extend(frame(SETTINGS, 0, 0, &setting));
        // And any number for the connection.
        hello.extend(frame(WINDOW_UPDATE, 0, 0, &0x7000_0000_u32.to_be_bytes()));
        stream.write_all(&hello).await.unwrap();
        Self { stream }
    }

    async fn get(&mut self, stream: u32, path: &str) {
        self.stream.write_all(&frames::get(stream, path)).await.unwrap();
    }

    /// The next frame: kind, stream and payload. Pings and settings are answered on the way.
    async fn next(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let (kind, flags) = (head[3], head[4]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let mut payload = vec![0; length as usize];
            self.stream.read_exact(&mut payload).await.ok()?;
            match kind {
                SETTINGS | PING if flags & 1 == 0 => {
                    let payload = if kind == PING { &payload[..] } else { &[] };
                    self.stream.write_all(&frame(kind, 1, 0, payload)).await.ok()?;
                }
                SETTINGS | PING => {}
                _ => return Some((kind, stream, payload)),
            }
        }
    }

    async fn next_of(&mut self, wanted: u8) -> Option<(u32, Vec<u8>)> {
        loop {
            let (kind, stream, payload) = self.next().await?;
            if kind == wanted {
                return Some((stream, payload));
            }
        }
    }
}

/// Answers pings for as long as the connection lasts.
fn stay_alive(mut client: Http2) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { while client.next().await.is_some() {} })
}

#[tokio::test]
async fn a_client_that_opens_no_window_for_its_answers_is_cut_off() {
    for (window, path) in [(0, "/big"), (0, "/small"), (1, "/small"), (1000, "/big")] {
        let listening = listen(16, &[]).await;
        let mut client = Http2::connect(listening.address, window).await;
        for number in 0..100 {
            client.get(2 * number + 1, path).await;
        }
        for _ in 0..100 {
            client.next_of(HEADERS).await.unwrap();
        }
        let client = stay_alive(client);
        let seconds = listening.seconds_until_none_is_left().await;
        assert!((30..=40).contains(&seconds), "{window}, {path}: {seconds} s");
        tokio::time::resume();
        client.await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_is_never_taken_ends_its_connection_though_others_flow() {
    let listening = listen(16, &[]).await;
    let mut client = Http2::connect(listening.address, 1000).await;
    client.get(1, "/big").await;
    client.next_of(DATA).await.unwrap();
    tokio::time::pause();
    let began = Instant::now();
    let mut asked = 1;
    let ended = loop {
        asked += 2;
        client.get(asked, "/small").await;
        let is_over = loop {
            match client.next().await.expect("it is said before it is done") {
                (GOAWAY, ..) => break true,
                (DATA, stream, data) if stream == asked && data == b"l" => break false,
                _ => {}
            }
        };
        if is_over {
            break began.elapsed();
        }
        sleep(Duration::from_secs(10)).await;
    };
    assert!((300..330).contains(&ended.as_secs()), "{ended:?}");
    tokio::time::resume();
    let client = stay_alive(client);
    let seconds = listening.seconds_until_none_is_left().await;
    assert!(seconds <= 35, "{seconds} s");
    client.abort();
}

#[tokio::test]
async fn an_answer_that_the_site_works_on_is_nobodys_fault() {
    let listening = listen(16, &[]).await;
    let mut client = Http2::connect(listening.address, 65_535).await;
    client.get(1, "/slow").await;
    client.get(3, "/small").await;
    client.next_of(DATA).await.unwrap();
    tokio::time::pause();
    let (stream, _) = client.next_of(HEADERS).await.unwrap();
    assert_eq!(stream, 1, "it comes after 50 s");
}

async fn connect_from(source: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{source}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Whether a connection is served, or was closed unread.
async fn is_served(stream: &mut TcpStream) -> bool {
    let head = "GET /small HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let mut answer = [0; 12];
    stream.write_all(head.as_bytes()).await.is_ok() && stream.read_exact(&mut answer).await.is_ok()
}

#[tokio::test]
async fn one_network_leaves_connections_to_the_others() {
    let listening = listen(8, &[]).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = connect_from("127.0.0.1", listening.address).await;
        assert!(is_served(&mut stream).await);
        held.push(stream);
    }
    assert!(!is_served(&mut connect_from("127.0.0.9", listening.address).await).await);
    let mut other = connect_from("127.0.1.1", listening.address).await;
    assert!(is_served(&mut other).await);
    // A place that is given back is one for anybody.
    held.clear();
    while listening.connections.running.len() > 1 {
        tokio::task::yield_now().await;
    }
    assert!(is_served(&mut connect_from("127.0.0.9", listening.address).await).await);
}

#[tokio::test]
async fn what_a_trusted_proxy_brings_is_not_counted_as_its_own() {
    let listening = listen(8, &["127.0.0.0/24"]).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut stream = connect_from("127.0.0.1", listening.address).await;
        assert!(is_served(&mut stream).await);
        held.push(stream);
    }
    // Beyond all places nobody is refused: they wait.
    let mut waiting = connect_from("127.0.0.1", listening.address).await;
    let served = async { assert!(is_served(&mut waiting).await) };
    let freed = async {
        tokio::task::yield_now().await;
        held.pop();
    };
    tokio::join!(served, freed);
}
