//! A real PostgreSQL: Debian's programs, on a free port of loopback, in a temporary folder.
//!
//! ```no_run
//! use vestibule_testkit::postgres::{Durability, Postgres};
//!
//! // One for all tests of this process, and a database for this one.
//! let database = Postgres::shared().create_database();
//! println!("{}", database.url());
//!
//! // One of this test's own, to be stopped and killed.
//! let server = Postgres::start(Durability::Full);
//! server.stop();
//! ```
//!
//! A server ends with its handle, and the shared one with the process. A small shell script is its parent
//! and holds the reading end of a pipe: whatever becomes of this process, the script notices, ends the
//! server and removes the folder.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a server that does not do as it is told is a failed test"
)]

mod programs;
mod server;

use std::{
    fs,
    io::Read as _,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tempfile::TempDir;

use programs::Programs;
use server::Server;

/// The one user of these servers.
const USER: &str = "vestibule";

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk, as in production.
    Full,
    /// The kernel alone: a crash of the *machine* may lose everything. Killing the server loses nothing, since
    /// what it has written is with the kernel. For tests of behaviour.
    None,
}

/// A PostgreSQL server. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Postgres {
    // Fields are dropped in this order: the folder only after the server.
    server: Mutex<Option<Server>>,
    folder: TempDir,
    programs: Programs,
    durability: Durability,
    port: u16,
    password: String,
    databases: AtomicU32,
}

impl Postgres {
    /// The server that all tests of this process share. It waits for no disk.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Durability::None))
    }

    /// Starts one, and waits until it can be used.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn start(durability: Durability) -> Self {
        let programs = Programs::find();
        let folder = tempfile::tempdir().expect("a temporary folder");
        programs.hand_over(folder.path());
        let password = draw_password();
        initialise(&programs, folder.path(), &password);
        let port = free_port();
        let postgres = Self {
            server: Mutex::new(None),
            folder,
            programs,
            durability,
            port,
            password,
            databases: AtomicU32::new(0),
        };
        *postgres.server() = Some(postgres.serve());
        postgres
    }

    /// The port of `127.0.0.1` that it listens on, also after it was started again.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The password in its urls.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The url of a database of this name, whether there is one or not.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Makes an empty database.
    ///
    /// # Panics
    /// Where the server does not.
    pub fn create_database(&self) -> Database<'_> {
        self.create_database_like("template0")
    }

    /// Makes a copy of a database that nobody is connected to.
    ///
    /// # Panics
    /// Where the server does not.
    pub fn create_database_like(&self, template: &str) -> Database<'_> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        // A copy of the files is faster than one through the log, and nothing of it has to outlive a crash
        // that the template does not.
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"),
        );
        Database { postgres: self, name }
    }

    /// Runs one statement with PostgreSQL's own client, and gives what it answers: columns separated by
    /// `|`, one row a line.
    ///
    /// # Panics
    /// Where it fails.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        run_sql(&self.programs, &self.url(database), statement)
    }

    /// Stops all of its processes where they are (SIGSTOP): connections stay open, new ones are taken by
    /// the kernel, and nobody ever answers. A black hole.
    pub fn stop(&self) {
        self.running(Server::stop);
    }

    /// Lets it go on (SIGCONT).
    pub fn cont(&self) {
        self.running(Server::cont);
    }

    /// Ends all of its processes at once (SIGKILL), as a crash does.
    pub fn kill(&self) {
        if let Some(mut server) = self.server().take() {
            server.kill();
        }
    }

    /// Asks it to end, with every connection, and waits for that.
    pub fn shut_down(&self) {
        if let Some(mut server) = self.server().take() {
            server.shut_down();
        }
    }

    /// Starts it again on the same port and folder, after [`Self::kill`] or [`Self::shut_down`].
    ///
    /// # Panics
    /// Where it runs already, or does not start.
    pub fn restart(&self) {
        let mut server = self.server();
        assert!(server.is_none(), "the server runs already");
        *server = Some(self.serve());
    }

    /// A copy of the whole server as it is now, that listens on the same port once this one has ended and the
    /// copy was started ([`Self::restart`]): a replica that hears of nothing more. It takes no writes before it
    /// is promoted ([`Self::promote`]).
    ///
    /// # Panics
    /// Where it cannot be copied.
    #[must_use]
    pub fn replica(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        self.programs.hand_over(folder.path());
        let data = data_folder(folder.path()).display().to_string();
        let url = self.url("postgres");
        let options =
            ["--pgdata", &data, "--dbname", &url, "--write-recovery-conf", "--checkpoint=fast"];
        self.programs.run_unprivileged("pg_basebackup", &options);
        Self {
            server: Mutex::new(None),
            folder,
            programs: Programs::find(),
            durability: self.durability,
            port: self.port,
            password: self.password.clone(),
            databases: AtomicU32::new(0),
        }
    }

    /// Has a replica take writes from now on.
    ///
    /// # Panics
    /// Where it does not.
    pub fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote()");
    }

    /// What is in a database, as the statements that make it so again.
    ///
    /// # Panics
    /// Where `pg_dump` fails.
    #[must_use]
    pub fn dump(&self, database: &str) -> String {
        let mut client = self.programs.client("pg_dump");
        client.args(["--clean", "--if-exists", "--dbname", &self.url(database)]);
        let done = client.output().expect("pg_dump runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "pg_dump: {said}");
        String::from_utf8(done.stdout).expect("text")
    }

    /// Puts a dump back, all of it in one moment, whoever is connected.
    ///
    /// # Panics
    /// Where it cannot be.
    pub fn restore(&self, database: &str, dump: &str) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), dump).expect("room for the dump");
        let mut client = self.programs.client("psql");
        client.args(["--no-psqlrc", "--quiet", "--single-transaction"]);
        client.args(["--set", "ON_ERROR_STOP=1", "--dbname", &self.url(database), "--file"]);
        let done = client.arg(file.path()).output().expect("psql runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "psql: {said}");
    }

    fn serve(&self) -> Server {
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            // In no folder but its own.
            "unix_socket_directories=".to_owned(),
            // As files of its folder, which go with it; segments of the kernel would stay after SIGKILL.
            "dynamic_shared_memory_type=mmap".to_owned(),
            "shared_buffers=32MB".to_owned(),
            "max_connections=200".to_owned(),
            "jit=off".to_owned(),
        ];
        if self.durability == Durability::None {
            // Not `synchronous_commit`: without it a commit is only in the server's own memory for a while.
            settings.extend(["fsync=off", "full_page_writes=off"].map(str::to_owned));
        }
        let mut command: Vec<_> = self.programs.unprivileged("postgres");
        command.extend(["-D".into(), data_folder(self.folder.path())]);
        command.extend(settings.iter().flat_map(|setting| ["-c".into(), setting.into()]));
        Server::start(self.folder.path(), &data_folder(self.folder.path()), &command)
    }

    fn running(&self, act: impl FnOnce(&Server)) {
        act(self.server().as_ref().expect("the server runs"));
    }

    fn server(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A database of one test. Dropping it removes it, whoever is still connected.
#[derive(Debug)]
pub struct Database<'server> {
    postgres: &'server Postgres,
    name: String,
}

impl Database<'_> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its url.
    #[must_use]
    pub fn url(&self) -> String {
        self.postgres.url(&self.name)
    }

    /// The server that it is on.
    #[must_use]
    pub const fn server(&self) -> &Postgres {
        self.postgres
    }

    /// Runs one statement in it, see [`Postgres::sql`].
    ///
    /// # Panics
    /// Where it fails.
    pub fn sql(&self, statement: &str) -> String {
        self.postgres.sql(&self.name, statement)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // Where the server has ended already, so has the database.
        if self.postgres.server().is_some() && !std::thread::panicking() {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            self.postgres.sql("postgres", &drop);
        }
    }
}

/// Runs one statement in the database at `url`, see [`Postgres::sql`].
///
/// # Panics
/// Where it fails.
#[must_use]
pub fn sql(url: &str, statement: &str) -> String {
    run_sql(&Programs::find(), url, statement)
}

fn run_sql(programs: &Programs, url: &str, statement: &str) -> String {
    let mut client = programs.client("psql");
    client.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
    client.args(["--set", "ON_ERROR_STOP=1", "--command", statement]);
    client.env("PGCONNECT_TIMEOUT", "10").arg("--dbname").arg(url);
    let done = client.output().expect("psql runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{statement}: {said}");
    String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
}

fn data_folder(folder: &Path) -> std::path::PathBuf {
    folder.join("data")
}

/// A cluster whose one user has to show a password: on a machine with several users, not everybody who can
/// reach loopback becomes its master.
fn initialise(programs: &Programs, folder: &Path, password: &str) {
    let secret = folder.join("password.txt");
    fs::write(&secret, password).expect("a file for the password");
    programs.hand_over(&secret);
    let data = data_folder(folder);
    let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
    programs.run_unprivileged(
        "initdb",
        &[
            option("pgdata", &data),
            option("pwfile", &secret),
            format!("--username={USER}"),
            "--auth=scram-sha-256".to_owned(),
            "--encoding=UTF8".to_owned(),
            "--locale=C".to_owned(),
            "--no-sync".to_owned(),
            "--no-instructions".to_owned(),
        ],
    );
    fs::remove_file(&secret).expect("the file is ours");
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn draw_password() -> String {
    let mut bytes = [0; 16];
    let mut source = fs::File::open("/dev/urandom").expect("the system's randomness");
    source.read_exact(&mut bytes).expect("enough of it");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
