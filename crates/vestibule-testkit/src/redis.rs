//! A real Redis: Debian's `redis-server`, on a free port of loopback, in a temporary folder. It keeps nothing
//! on disk.
//!
//! ```no_run
//! use vestibule_testkit::redis::Redis;
//!
//! let server = Redis::start();
//! println!("{}", server.url());
//! server.stop();
//! ```
//!
//! A server ends with its handle.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a server that does not do as it is told is a failed test"
)]

use std::{
    env,
    fs::{self, File},
    io::Read as _,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    site::{Child, Signal},
    wait,
};

const START_WITHIN: Duration = Duration::from_secs(20);

/// A Redis server. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Redis {
    // Fields are dropped in this order: the folder only after the server.
    server: Mutex<Option<Child>>,
    folder: TempDir,
    port: u16,
    password: String,
    tls: Option<Tls>,
}

/// What a server shows to those who come by TLS, as PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Its certificate.
    pub certificate: String,
    /// The private key of that.
    pub key: String,
}

impl Redis {
    /// Starts one, and waits until it can be used.
    ///
    /// # Panics
    /// Where Redis is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts one that speaks TLS and nothing else.
    ///
    /// # Panics
    /// Where Redis is not installed or does not start.
    #[must_use]
    pub fn start_with_tls(tls: Tls) -> Self {
        Self::start_with(Some(tls))
    }

    /// The port of `127.0.0.1` that it listens on, also after it was started again.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The password in its url.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Its url.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://:{}@127.0.0.1:{}", self.password, self.port)
    }

    /// Stops it where it is (SIGSTOP): connections stay open, new ones are taken by the kernel, and nobody
    /// ever answers. A black hole.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn cont(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends it at once (SIGKILL), as a crash does. What it knew is gone.
    pub fn kill(&self) {
        drop(self.server().take());
    }

    /// Starts it again on the same port and with the same password, after [`Self::kill`].
    ///
    /// # Panics
    /// Where it runs already, or does not start.
    pub fn restart(&self) {
        let mut server = self.server();
        assert!(server.is_none(), "the server runs already");
        *server = Some(self.serve());
    }

    fn start_with(tls: Option<Tls>) -> Self {
        let redis = Self {
            server: Mutex::new(None),
            folder: tempfile::tempdir().expect("a temporary folder"),
            port: free_port(),
            password: draw_password(),
            tls,
        };
        redis.restart();
        redis
    }

    fn serve(&self) -> Child {
        let said = self.path().join("said.txt");
        let output = File::create(&said).expect("a file for the output");
        let mut command = Command::new(program());
        // Through a file of its own: what stands in a command line is there for everybody to read.
        command.arg(self.write_configuration()).current_dir(self.path()).env_clear();
        command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        let mut server = Child::start(&mut command);
        let ready = wait::until(START_WITHIN, || {
            let said = fs::read_to_string(&said).unwrap_or_default();
            let ready = said.contains("Ready to accept connections");
            if ready { Some(true) } else { server.has_ended().map(|_| false) }
        });
        if ready != Some(true) {
            server.kill();
            panic!("Redis did not start: {}", fs::read_to_string(&said).unwrap_or_default());
        }
        server
    }

    fn write_configuration(&self) -> PathBuf {
        let (port, password) = (self.port, &self.password);
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            // On a machine with several users, not everybody who can reach loopback becomes its master.
            format!("requirepass {password}"),
            "save \"\"".to_owned(),
            "appendonly no".to_owned(),
            "maxmemory 64mb".to_owned(),
        ];
        match &self.tls {
            None => lines.push(format!("port {port}")),
            Some(tls) => {
                for (name, text) in [("certificate", &tls.certificate), ("key", &tls.key)] {
                    fs::write(self.path().join(name), text).expect("a file for TLS");
                }
                lines.extend(["port 0".to_owned(), format!("tls-port {port}")]);
                lines.extend(["tls-cert-file certificate", "tls-key-file key"].map(str::to_owned));
                // Whom it shows its certificate to need not show one back, but it wants to know an issuer.
                lines.extend(
                    ["tls-ca-cert-file certificate", "tls-auth-clients no"].map(str::to_owned),
                );
            }
        }
        let path = self.path().join("redis.conf");
        fs::write(&path, lines.join("\n")).expect("a file for the configuration");
        path
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn signal(&self, signal: Signal) {
        self.server().as_ref().expect("the server runs").signal(signal);
    }

    fn server(&self) -> MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one in `PATH`, else where Debian puts it.
fn program() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/bin")]);
    let program =
        folders.map(|folder| folder.join("redis-server")).find(|program| program.is_file());
    program.expect("redis-server is installed: apt-get install redis-server")
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn draw_password() -> String {
    let mut bytes = [0; 16];
    let mut source = File::open("/dev/urandom").expect("the system's randomness");
    source.read_exact(&mut bytes).expect("enough of it");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::TcpStream,
    };

    use super::*;

    /// Says something to it as a person at a terminal does, and gives the first line of each answer.
    fn say(redis: &Redis, words: &[&str]) -> std::io::Result<Vec<String>> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, redis.port()))?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        let mut answers = BufReader::new(&stream).lines();
        let mut heard = Vec::new();
        for words in words {
            (&stream).write_all(format!("{words}\r\n").as_bytes())?;
            heard.extend(answers.next().transpose()?);
        }
        Ok(heard)
    }

    #[test]
    fn it_answers_stops_ends_and_comes_back_empty() {
        let redis = Redis::start();
        let auth = format!("AUTH {}", redis.password());
        let heard = say(&redis, &["PING", &auth, "SET a 1", "EXISTS a"]).unwrap();
        assert_eq!(heard, ["-NOAUTH Authentication required.", "+OK", "+OK", ":1"]);
        redis.stop();
        assert!(say(&redis, &[&auth]).is_err(), "nobody answers");
        redis.cont();
        let answers = || say(&redis, &[&auth]).ok();
        assert_eq!(wait::until(START_WITHIN, answers), Some(vec!["+OK".to_owned()]));
        redis.kill();
        assert!(say(&redis, &[&auth]).is_err(), "nobody is there");
        redis.restart();
        assert_eq!(say(&redis, &[&auth, "EXISTS a"]).unwrap(), ["+OK", ":0"]);
    }
}
