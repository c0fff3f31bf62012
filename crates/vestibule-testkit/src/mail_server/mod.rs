//! A real mail server (aiosmtpd), started by a test on a free port, which keeps every mail that it takes. It can
//! be taken away like a crash does, and comes back where it was.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a mail server that does not start or keep mails is a failed test"
)]

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{site::Child, wait};

/// The program, from Debian's `python3-aiosmtpd`.
const PROGRAM: &str = "aiosmtpd";
/// How long it may take to start.
const START_WITHIN: Duration = Duration::from_secs(20);

/// A mail server. When it is dropped, it is ended, and its mails are gone.
#[derive(Debug)]
pub struct MailServer {
    folder: TempDir,
    address: SocketAddr,
    /// Certificate and key, where it offers `STARTTLS` and takes no mail without.
    tls: Option<(PathBuf, PathBuf)>,
    child: Option<Child>,
}

/// A mail that it has taken.
#[derive(Clone, Debug)]
pub struct Received {
    /// From whom the server was told that it comes.
    pub from: String,
    /// To whom it goes.
    pub to: Vec<String>,
    /// Whether the connection was encrypted.
    pub encrypted: bool,
    /// Who had logged in.
    pub login: Option<String>,
    /// The mail, with `\n` at the end of each line.
    pub content: String,
}

impl MailServer {
    /// One that knows no encryption.
    #[must_use]
    pub fn start() -> Self {
        Self::with(None)
    }

    /// One that takes mails over encrypted connections only, with this certificate and key (PEM files).
    #[must_use]
    pub fn encrypted(certificate: &Path, key: &Path) -> Self {
        Self::with(Some((certificate.to_owned(), key.to_owned())))
    }

    fn with(tls: Option<(PathBuf, PathBuf)>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("vestibule_box.py"), include_str!("box.py")).expect("a file");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let mut server = Self { folder, address, tls, child: None };
        server.start_again();
        server
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it where it was before.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_again(&mut self) {
        let mut command = Command::new(PROGRAM);
        command
            .args(["-n", "-u", "-c", "vestibule_box.Box", "-l", &self.address.to_string()])
            .env("PYTHONPATH", self.folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((certificate, key)) = &self.tls {
            command.arg("--tlscert").arg(certificate).arg("--tlskey").arg(key);
        }
        command.arg(self.folder.path());
        let mut child = Child::start(&mut command);
        let started = wait::until(START_WITHIN, || match child.has_ended() {
            Some(status) => Some(Err(status)),
            None => TcpStream::connect(self.address).ok().map(Ok),
        });
        match started {
            Some(Ok(_)) => self.child = Some(child),
            other => panic!("the mail server did not start: {other:?}"),
        }
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.child = None;
    }

    /// Lets this account log in.
    pub fn admit(&self, login: &str, password: &str) {
        self.set("login", &format!("{login}\n{password}"));
    }

    /// Refuses every mail with this reply, such as `550 Nobody here`, until it is the empty one.
    pub fn refuse(&self, reply: &str) {
        self.set("refuse", reply);
    }

    /// All mails that it has taken, in the order of their arrival.
    #[must_use]
    pub fn mails(&self) -> Vec<Received> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder is there");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let mut files: Vec<_> = paths
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .map(|path| (fs::metadata(&path).and_then(|file| file.modified()).ok(), path))
            .collect();
        files.sort();
        files.iter().map(|(_, path)| read(path)).collect()
    }

    fn set(&self, name: &str, value: &str) {
        let draft = self.folder.path().join("setting");
        fs::write(&draft, value).expect("a file");
        fs::rename(&draft, self.folder.path().join(name)).expect("a file");
    }
}

fn read(path: &Path) -> Received {
    let text = fs::read_to_string(path).expect("a mail");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let to = value.get("to").and_then(Value::as_array).into_iter().flatten();
    Received {
        from: text("from").unwrap_or_default(),
        to: to.filter_map(Value::as_str).map(str::to_owned).collect(),
        encrypted: value.get("encrypted").and_then(Value::as_bool) == Some(true),
        login: text("login"),
        content: text("content").unwrap_or_default().replace("\r\n", "\n"),
    }
}
