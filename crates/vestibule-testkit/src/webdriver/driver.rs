//! The driver process between a test and its browser.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use super::{Engine, Look, screen::Screen};
use crate::{site::Child, wait};

const START_WITHIN: Duration = Duration::from_secs(20);

/// A running driver. It ends with the last browser that uses it.
#[derive(Debug)]
pub(super) struct Driver {
    // Fields are dropped in this order: the screen after whoever shows something, the folder last.
    _child: Child,
    _screen: Option<Screen>,
    folder: TempDir,
    address: SocketAddr,
    profiles: AtomicU32,
}

impl Driver {
    /// One for a browser of this engine.
    pub(super) fn of(engine: Engine, look: Look) -> Arc<Self> {
        match engine {
            Engine::Chromium => Self::shared_chromium(),
            // Those drive one browser at a time.
            Engine::Firefox => Arc::new(Self::start(engine, None, |_| {})),
            Engine::WebKit => Arc::new(Self::webkit(look)),
        }
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// An empty folder for the memory of one browser.
    pub(super) fn new_profile(&self) -> String {
        let number = self.profiles.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("profile-{number}"));
        path.to_str().expect("temporary folders have plain names").to_owned()
    }

    /// The one that runs already, or a new one.
    fn shared_chromium() -> Arc<Self> {
        static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Self::start(Engine::Chromium, None, |_| {}));
            *running = Arc::downgrade(&driver);
            driver
        })
    }

    fn webkit(look: Look) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let screen = Screen::start(folder.path());
        let display = screen.name().to_owned();
        Self::start(Engine::WebKit, Some((screen, folder)), |command| {
            // It takes the desk's taste for its own.
            let theme = if look.is_dark { "Adwaita:dark" } else { "Adwaita" };
            command.env("DISPLAY", display).env("GDK_BACKEND", "x11").env("GTK_THEME", theme);
            // There is no bus to ask, and no hardware to draw with.
            command.env("GTK_A11Y", "none").env("LIBGL_ALWAYS_SOFTWARE", "1");
        })
    }

    fn start(
        engine: Engine,
        screen: Option<(Screen, TempDir)>,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        let (screen, folder) = match screen {
            Some((screen, folder)) => (Some(screen), folder),
            None => (None, tempfile::tempdir().expect("a temporary folder")),
        };
        let path = folder.path();
        let said = path.join("said.txt");
        let output = File::create(&said).expect("a file for the output");
        let mut command = Command::new(engine.driver());
        command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        // What browsers leave in the folder for temporary files and in the home is gone afterwards.
        command.env("TMPDIR", path).env("HOME", path).env("XDG_RUNTIME_DIR", path);
        prepare(&mut command);
        let (child, address) = match engine {
            Engine::Chromium => {
                let child = Child::start(command.arg("--port=0"));
                (child, SocketAddr::from((Ipv4Addr::LOCALHOST, said_port(&said))))
            }
            Engine::Firefox | Engine::WebKit => {
                let address = free_address();
                command.arg(format!("--port={}", address.port()));
                if engine == Engine::Firefox {
                    // By itself each would want the same one.
                    command.arg("--websocket-port=0");
                }
                (Child::start(&mut command), address)
            }
        };
        let is_up = || TcpStream::connect(address).ok();
        let up = wait::until(START_WITHIN, is_up);
        assert!(up.is_some(), "{} listens at {address}", engine.driver());
        Self { _child: child, _screen: screen, folder, address, profiles: AtomicU32::new(0) }
    }
}

fn said_port(said: &Path) -> u16 {
    let port = wait::until(START_WITHIN, || {
        let said = fs::read_to_string(said).ok()?;
        let (_, rest) = said.split_once("started successfully on port ")?;
        let (port, _) = rest.split_once('.')?;
        port.parse::<u16>().ok()
    });
    port.expect("chromedriver says on which port it listens")
}

fn free_address() -> SocketAddr {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    free.local_addr().expect("an address")
}
