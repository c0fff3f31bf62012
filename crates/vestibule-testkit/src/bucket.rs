//! A bucket of an S3 store: a real server on a port of its own, which takes signed requests only.
#![expect(clippy::expect_used, reason = "a server that cannot be started is a failed test")]

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

const NAME: &str = "site-files";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A running server with one empty bucket. Its things lie in a folder, and are gone with this value.
#[derive(Debug)]
pub struct Bucket {
    server: Option<Server>,
    address: SocketAddr,
    folder: TempDir,
}

impl Bucket {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join(NAME)).expect("a folder for the bucket");
        let server = Server::start(folder.path(), SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = server.address;
        Self { server: Some(server), address, folder }
    }

    /// Its URL, as a site is told it, with key and secret.
    #[must_use]
    pub fn url(&self) -> String {
        let secret = SECRET.replace('/', "%2F").replace('+', "%2B");
        format!("s3://{KEY}:{secret}@{}", self.rest())
    }

    /// Its URL with a key that the server does not know.
    #[must_use]
    pub fn foreign_url(&self) -> String {
        format!("s3://{KEY}:not-the-secret@{}", self.rest())
    }

    /// What signs requests to it; no log may hold it.
    #[must_use]
    pub const fn secret(&self) -> &'static str {
        SECRET
    }

    /// Ends the server, with all its connections. What the bucket holds stays.
    pub fn take_down(&mut self) {
        self.server = None;
    }

    /// Starts it again where it was.
    ///
    /// # Panics
    /// Where somebody else has taken its port meanwhile.
    pub fn bring_back(&mut self) {
        self.server = Some(Server::start(self.folder.path(), self.address));
    }

    /// How many objects it holds.
    ///
    /// # Panics
    /// Where the folder cannot be read.
    #[must_use]
    pub fn len(&self) -> usize {
        count(&self.folder.path().join(NAME))
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn rest(&self) -> String {
        format!("{NAME}?region=eu-central-1&endpoint=http%3A%2F%2F{}", self.address)
    }
}

fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder of the bucket");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

/// The server has a thread of its own, so that it answers also while a test waits.
#[derive(Debug)]
struct Server {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(folder: &Path, wanted: SocketAddr) -> Self {
        let (end, ended) = oneshot::channel();
        let (bound, address) = mpsc::channel();
        let folder = folder.to_owned();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::bind(wanted).await.expect("a free port");
                let address = listener.local_addr().expect("a bound socket has an address");
                bound.send(address).expect("somebody waits for it");
                tokio::select! {
                    () = serve(&listener, folder) => {}
                    _ = ended => {}
                }
            });
        });
        let address = address.recv().expect("the server listens");
        Self { address, end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // Where it has panicked, it has said so.
            let _ = thread.join();
        }
    }
}

async fn serve(listener: &TcpListener, folder: PathBuf) {
    let files = FileSystem::new(folder).expect("a folder for the buckets");
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = builder.build();
    let http = auto::Builder::new(TokioExecutor::new());
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let connection = http.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
        connections.spawn(async move {
            // Clients go away as they like.
            let _ = connection.await;
        });
    }
}
