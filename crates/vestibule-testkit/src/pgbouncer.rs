//! A real PgBouncer in front of a [`Postgres`]: Debian's program, on a free port of loopback.
#![expect(clippy::expect_used, reason = "a pool that does not do as it is told is a failed test")]

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::MetadataExt as _,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{postgres::Postgres, wait};

/// Where Debian's package puts it.
const PROGRAM: &str = "/usr/sbin/pgbouncer";
/// For a busy machine: it starts within milliseconds.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// For how long a client keeps its connection to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// For as long as it is connected.
    Session,
    /// For one transaction.
    Transaction,
}

/// A pool in front of a server. Dropping it ends it.
#[derive(Debug)]
pub struct PgBouncer {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts one, and waits until it listens.
    ///
    /// # Panics
    /// Where PgBouncer is not installed or does not start.
    #[must_use]
    pub fn start(server: &Postgres, mode: PoolMode) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let path = |name: &str| folder.path().join(name);
        let users = format!("\"vestibule\" \"{}\"\n", server.password());
        fs::write(path("users.txt"), users).expect("a file in a new folder");
        let mode = match mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\n\
             pool_mode = {mode}\n",
            server.port(),
            path("users.txt").display(),
        );
        fs::write(path("pgbouncer.ini"), settings).expect("a file in a new folder");
        let mut command = Command::new(PROGRAM);
        let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
        if is_root {
            // It refuses to run as root, and becomes this user after it has read what only root may.
            command.args(["-u", "postgres"]);
            for name in ["", "users.txt", "pgbouncer.ini"] {
                let owner = fs::metadata(folder.path()).expect("the folder").gid();
                std::os::unix::fs::chown(path(name), Some(postgres_user()), Some(owner))
                    .expect("root may give files away");
            }
        }
        command.arg("-q").arg(path("pgbouncer.ini"));
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer; install it: apt-get install pgbouncer");
        let bouncer = Self { process, port, _folder: folder };
        let listens = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok();
        wait::until(STARTS_WITHIN, listens).expect("pgbouncer listens");
        bouncer
    }

    /// The url of a database of the server, by way of this pool.
    #[must_use]
    pub fn url(&self, server: &Postgres, database: &str) -> String {
        let port = |port: u16| format!("@127.0.0.1:{port}/");
        server.url(database).replace(&port(server.port()), &port(self.port))
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // It is over either way.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn postgres_user() -> u32 {
    let done = Command::new("id").args(["-u", "postgres"]).output().expect("`id` runs");
    let said = String::from_utf8_lossy(&done.stdout);
    said.trim().parse().expect("Debian's package has made its user")
}
