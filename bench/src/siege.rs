//! A siege: clients that cost something and give nothing, each kind for a while. Beside them an honest visitor
//! asks and uploads without pause, and what that one notices is what counts.

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
    time::sleep,
};

use crate::{
    Outcome,
    client::{Connection, post_json},
    server::{PASSWORD, Server, Tokens, now},
};

/// Sessions, of so many accounts.
const SESSIONS: usize = 20_000;
const ACCOUNTS: usize = 100;
/// At once, of those who sign in and of those who hang up.
const WORKERS: usize = 16;
/// Networks that the besiegers come from, each a /24 of the loopback addresses.
const NETWORKS: usize = 10;
/// Connections that ask for a large file by HTTP/1.1 and read nothing.
const READERS: usize = 1000;
/// Connections by HTTP/2 that ask so many times and open no window.
const HTTP2_READERS: usize = 100;
const STREAMS: u32 = 100;
/// Uploads that bring a byte each few seconds.
const WRITERS: usize = 64;
/// Requests whose clients are gone before the answer.
const HANG_UPS: usize = 20_000;
/// How long the site has to be rid of those who take nothing.
const RID_WITHIN: Duration = Duration::from_secs(45);
/// How long the writers go on.
const WRITING: Duration = Duration::from_secs(45);
/// Of the file that is not read.
const LARGE: usize = 20 * 1024 * 1024;

pub(crate) async fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let variables = [
        ("VESTIBULE_PASSWORDS__ARGON2", "m=64,t=1,p=1"),
        ("VESTIBULE_LIMITS__REGISTER", "off"),
        ("VESTIBULE_LIMITS__ADDRESS", "off"),
    ];
    let (site, _) = Server::site_with(folder.path(), &variables).await?;
    let honest = site.sign_in().await?;
    let visitor = Visitor::start(&site.address, &honest.access);
    sleep(Duration::from_secs(3)).await;
    report("before", &site, &visitor)?;

    let tokens = sign_in(&site).await?;
    report(&format!("{} sessions of {ACCOUNTS} accounts", tokens.len()), &site, &visitor)?;

    let file = keep_large_file(&site, tokens.first().ok_or("no session")?).await?;
    let mut readers = Vec::new();
    for number in 0..READERS {
        let token = tokens.first().ok_or("no session")?;
        let head = get(&format!("/api/files/{file}/content"), token);
        readers.push(send_from(number, &site.address, head.as_bytes()).await);
    }
    for number in 0..HTTP2_READERS {
        readers.push(send_from(number, &site.address, &http2_requests()).await);
    }
    sleep(Duration::from_secs(5)).await;
    let name = format!(
        "{READERS} readers and {HTTP2_READERS} times {STREAMS} by HTTP/2 that read nothing"
    );
    report(&name, &site, &visitor)?;
    sleep(RID_WITHIN).await;
    report(&format!("{} s later", RID_WITHIN.as_secs()), &site, &visitor)?;
    drop(readers);

    let writers = trickle(&site.address, &tokens);
    sleep(WRITING).await;
    report(&format!("{WRITERS} uploads of a byte each 5 s"), &site, &visitor)?;
    writers.into_iter().for_each(|writer| writer.abort());

    hang_up(&site.address).await?;
    report(&format!("{HANG_UPS} requests whose clients hang up"), &site, &visitor)?;
    sleep(Duration::from_secs(10)).await;
    report("10 s later", &site, &visitor)?;
    visitor.stop();
    Ok(())
}

fn report(name: &str, site: &Server, visitor: &Visitor) -> Outcome {
    let [mut asked, mut uploaded] = visitor.take();
    println!(
        "siege: {name}: {:.1} MiB, {} connections and files open; an honest visitor's requests {}, uploads {}",
        site.memory()?,
        site.open_files()?,
        asked.summary(),
        uploaded.summary()
    );
    Ok(())
}

/// Somebody who asks and uploads, from a network of their own.
struct Visitor {
    noticed: Arc<[Mutex<Times>; 2]>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Default)]
struct Times {
    took: Vec<f64>,
    failed: usize,
}

impl Visitor {
    fn start(address: &str, token: &str) -> Self {
        let noticed: Arc<[Mutex<Times>; 2]> = Arc::default();
        let upload = format!(
            "POST /api/files?name=small HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: 1000\r\n\r\n{}",
            "x".repeat(1000)
        );
        let asking =
            ask_again(address.to_owned(), get("/api/auth/me", token), 20, Arc::clone(&noticed), 0);
        let uploading = ask_again(address.to_owned(), upload, 500, Arc::clone(&noticed), 1);
        Self { noticed, tasks: [tokio::spawn(asking), tokio::spawn(uploading)] }
    }

    /// What was noticed since the last look.
    fn take(&self) -> [Times; 2] {
        let [asked, uploaded] = &*self.noticed;
        [asked, uploaded]
            .map(|times| std::mem::take(&mut *times.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn stop(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Times {
    fn summary(&mut self) -> String {
        self.took.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let place = self.took.len().saturating_sub(1) * share / 100;
            self.took.get(place).copied().unwrap_or(f64::NAN)
        };
        format!(
            "{}: p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms, {} failed",
            self.took.len(),
            at(50),
            at(99),
            at(100),
            self.failed
        )
    }
}

async fn ask_again(
    address: String,
    request: String,
    pause: u64,
    noticed: Arc<[Mutex<Times>; 2]>,
    which: usize,
) {
    let mut connection = None;
    loop {
        let began = now();
        let answered = ask(&address, &mut connection, request.as_bytes()).await;
        if let Some(times) = noticed.get(which) {
            let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
            match answered {
                Ok(200 | 201) => times.took.push(began.elapsed().as_secs_f64() * 1000.0),
                Ok(_) | Err(_) => times.failed += 1,
            }
        }
        sleep(Duration::from_millis(pause)).await;
    }
}

async fn ask(address: &str, kept: &mut Option<Connection>, request: &[u8]) -> io::Result<u16> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => Connection::over(from("127.0.200.1", address).await?),
    };
    let answer = connection.send(request).await?;
    *kept = Some(connection);
    Ok(answer.status)
}

/// Makes the accounts and signs in again and again; gives one token of each account, and then all others.
async fn sign_in(site: &Server) -> Result<Vec<String>, Box<dyn Error>> {
    let mut workers = Vec::new();
    for worker in 0..WORKERS {
        let address = site.address.clone();
        workers.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut tokens = Vec::new();
            for number in (worker..SESSIONS).step_by(WORKERS) {
                let name = format!("besieger{}", number % ACCOUNTS);
                if number < ACCOUNTS {
                    let email = format!("{name}@site.test");
                    let user = json!({ "username": name, "email": email, "password": PASSWORD });
                    connection.send(&post_json("/api/auth/register", &user)).await?;
                }
                let login =
                    post_json("/api/auth/login", &json!({ "login": name, "password": PASSWORD }));
                // Another worker may not have made the account yet, or all hashers are busy.
                for _ in 0..50 {
                    let answer = connection.send(&login).await?;
                    if answer.status == 200 {
                        let token = Tokens::of(&answer)
                            .map_err(|error| io::Error::other(error.to_string()))?;
                        tokens.push((number, token.access));
                        break;
                    }
                    sleep(Duration::from_millis(50)).await;
                }
            }
            Ok::<_, io::Error>(tokens)
        }));
    }
    let mut tokens = Vec::new();
    for worker in workers {
        tokens.extend(worker.await??);
    }
    tokens.sort();
    Ok(tokens.into_iter().map(|(_, token)| token).collect())
}

/// The id of a large file of this account.
async fn keep_large_file(site: &Server, token: &str) -> Result<String, Box<dyn Error>> {
    let mut upload = format!(
        "POST /api/files?name=large HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {LARGE}\r\n\r\n"
    )
    .into_bytes();
    upload.resize(upload.len() + LARGE, 0);
    let answer = Connection::open(&site.address).await?.send(&upload).await?;
    let body: Value = serde_json::from_slice(&answer.body)?;
    let id = body.pointer("/file/id").and_then(Value::as_str);
    Ok(id.ok_or_else(|| format!("the file was not kept: {}, {body}", answer.status))?.to_owned())
}

/// A connection on which this was sent and nothing is read; `None` where the site does not want it.
async fn send_from(number: usize, address: &str, bytes: &[u8]) -> Option<TcpStream> {
    let source = format!("127.0.{}.1", 1 + number % NETWORKS);
    let mut stream = from(&source, address).await.ok()?;
    stream.write_all(bytes).await.ok()?;
    Some(stream)
}

async fn from(source: &str, address: &str) -> io::Result<TcpStream> {
    let parse = |text: String| text.parse().map_err(io::Error::other);
    let socket = TcpSocket::new_v4()?;
    socket.bind(parse(format!("{source}:0"))?)?;
    let stream = socket.connect(parse(address.to_owned())?).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn get(path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n")
}

/// The beginning of a conversation by HTTP/2 (RFC 9113): a window of nothing, and requests for a page.
fn http2_requests() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // SETTINGS_INITIAL_WINDOW_SIZE: 0.
    bytes.extend([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    // `:method: GET` and `:scheme: http` of the static table, `:path` and `:authority` by its names.
    let mut head = vec![0x82, 0x86, 0x04, 11];
    head.extend(b"/auth/login");
    head.extend([0x01, 9]);
    head.extend(b"127.0.0.1");
    for number in 0..STREAMS {
        bytes.extend([0, 0, u8::try_from(head.len()).unwrap_or(0), 1, 5]);
        bytes.extend((2 * number + 1).to_be_bytes());
        bytes.extend(&head);
    }
    bytes
}

/// Uploads that bring a byte now and then, by eight accounts from as many networks as there are.
fn trickle(address: &str, tokens: &[String]) -> Vec<JoinHandle<()>> {
    let writer = |number: usize| {
        let token = tokens.get(2 + number % 8).cloned().unwrap_or_default();
        let address = address.to_owned();
        tokio::spawn(async move {
            loop {
                let head = format!(
                    "POST /api/files?name=slow HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
                     Content-Length: 1000000\r\n\r\n"
                );
                if let Some(mut stream) = send_from(number, &address, head.as_bytes()).await {
                    while stream.write_all(b"x").await.is_ok() {
                        // An answer is a refusal: once more from the beginning.
                        let refused =
                            tokio::time::timeout(Duration::from_secs(5), stream.read_u8());
                        if refused.await.is_ok() {
                            break;
                        }
                    }
                }
                sleep(Duration::from_secs(1)).await;
            }
        })
    };
    (0..WRITERS).map(writer).collect()
}

async fn hang_up(address: &str) -> Outcome {
    let mut workers = Vec::new();
    for worker in 0..WORKERS {
        let address = address.to_owned();
        workers.push(tokio::spawn(async move {
            let login =
                post_json("/api/auth/login", &json!({ "login": "anna", "password": "wrong" }));
            let page = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
            for number in (worker..HANG_UPS).step_by(WORKERS) {
                let request = if number % 4 == 0 { &login[..] } else { page };
                if let Some(stream) = send_from(number, &address, request).await {
                    stream.set_zero_linger()?;
                }
            }
            Ok::<_, io::Error>(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    Ok(())
}
