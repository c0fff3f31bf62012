//! Where a program runs, and what it gets from its surroundings.

use std::{
    any::Any,
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::{Child, Secrets, Site};
use crate::wait;

/// How long a program may take to say where it listens.
const START_WITHIN: Duration = Duration::from_secs(20);
/// How long a command may take.
const RUN_WITHIN: Duration = Duration::from_secs(20);

/// A folder in which a program runs, with the environment that it gets.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    program: PathBuf,
    variables: BTreeMap<String, String>,
    secrets: Secrets,
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

impl Place {
    /// An empty folder for this program. Of this process's environment it gets only what any program
    /// needs.
    ///
    /// # Panics
    /// Where no folder can be made.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            program: program.into(),
            variables: BTreeMap::new(),
            secrets: Secrets::default(),
            kept: Vec::new(),
        }
    }

    /// With an environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Sets an environment variable for what is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// What an environment variable was set to.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// With something that the program needs, such as its database: it is dropped with the place.
    #[must_use]
    pub fn keeping(mut self, something: impl Any + Send + Sync) -> Self {
        self.kept.push(Box::new(something));
        self
    }

    /// With the secrets of somewhere else: what is said in confidence there may appear in no log here
    /// either.
    #[must_use]
    pub fn sharing(mut self, secrets: &Secrets) -> Self {
        self.secrets = secrets.clone();
        self
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What must not be found in any log here.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Runs the program to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Done {
        self.run_with_input(arguments, "")
    }

    /// Runs it to its end, with this on its standard input.
    ///
    /// # Panics
    /// Where it cannot be started, or does not end.
    #[must_use]
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Done {
        let folder = tempfile::tempdir_in(self.path()).expect("a folder for the output");
        let file = |name: &str| folder.path().join(name);
        let text = |name: &str| fs::read_to_string(file(name)).expect("text as output");
        fs::write(file("input"), input).expect("a file for the input");
        let mut command = self.command(arguments);
        command.stdin(File::open(file("input")).expect("the input"));
        command.stdout(File::create(file("results")).expect("a file for the results"));
        command.stderr(File::create(file("messages")).expect("a file for the messages"));
        let mut child = Child::start(&mut command);
        let status = wait::until(RUN_WITHIN, || child.has_ended());
        let Some(status) = status else {
            let said = text("results") + &text("messages");
            panic!("{arguments:?} with {:?} did not end: {said}", self.variables);
        };
        Done { status, stdout: text("results"), stderr: text("messages") }
    }

    /// Starts the program, and waits until it says where it listens.
    ///
    /// # Panics
    /// Where it does not.
    #[must_use]
    pub fn start(&self, arguments: &[&str]) -> Site {
        self.listens(self.spawn(arguments))
    }

    /// Starts it with its log going elsewhere than to [`Place::log`].
    ///
    /// # Panics
    /// Where it does not say where it listens.
    #[must_use]
    pub fn start_logging_to(&self, log: impl Into<Stdio>, arguments: &[&str]) -> Site {
        self.listens(self.spawn_logging_to(log.into(), arguments))
    }

    fn listens(&self, mut child: Child) -> Site {
        let outcome = wait::until(START_WITHIN, || match listening(&self.said()) {
            Some(url) => Some(Ok(url)),
            None => child.has_ended().map(Err),
        });
        let Some(Ok(url)) = outcome else { self.did_not_start(&mut child) };
        let address = url.split_once("://").and_then(|(_, address)| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("{url} is no address to come to"));
        self.site(child, url, address)
    }

    /// Starts a program that does not say where it listens, but always does so there.
    ///
    /// # Panics
    /// Where somebody else listens there, or the program does not.
    #[must_use]
    pub fn start_at(&self, address: SocketAddr, arguments: &[&str]) -> Site {
        assert!(TcpStream::connect(address).is_err(), "somebody else listens on {address}");
        let mut child = self.spawn(arguments);
        let answers = || TcpStream::connect(address).ok();
        if wait::until(START_WITHIN, answers).is_none() {
            self.did_not_start(&mut child);
        }
        self.site(child, format!("http://{address}"), address)
    }

    /// What the running program, or the last one, has said on standard output.
    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(self.path().join("said.txt")).unwrap_or_default()
    }

    /// What all programs that were started here have logged.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.path().join("log.txt")
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path());
        self.spawn_logging_to(log.expect("a file for the log").into(), arguments)
    }

    fn spawn_logging_to(&self, log: Stdio, arguments: &[&str]) -> Child {
        let said = File::create(self.path().join("said.txt")).expect("a file for the output");
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(said).stderr(log);
        Child::start(&mut command)
    }

    /// The program with its surroundings, for a test that starts it by itself.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.path()).env_clear();
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.env("HOME", self.path()).envs(&self.variables);
        command
    }

    fn site(&self, child: Child, url: String, address: SocketAddr) -> Site {
        let (log, secrets) = (self.log_path(), self.secrets.clone());
        Site { child, url, address, log, secrets }
    }

    fn did_not_start(&self, child: &mut Child) -> ! {
        child.kill();
        panic!("the program did not start: {}\n{}", self.said(), self.log());
    }
}

/// The URL that the program says it listens on, once that line is complete.
fn listening(said: &str) -> Option<String> {
    let (lines, _) = said.rsplit_once('\n')?;
    let (_, url) = lines.lines().find_map(|line| line.split_once("istening on "))?;
    url.split_whitespace().next().map(str::to_owned)
}

/// What a command has done.
#[derive(Debug)]
pub struct Done {
    /// How it ended.
    pub status: ExitStatus,
    /// Its result.
    pub stdout: String,
    /// Its messages.
    pub stderr: String,
}

impl Done {
    /// Its exit status as a number, -1 where a signal ended it.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }
}
