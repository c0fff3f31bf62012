//! The driver process that all browsers of this test process share.

use std::{
    fs::{self, File},
    net::SocketAddr,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use crate::{site::Child, visitors::Loopback, wait};

const START_WITHIN: Duration = Duration::from_secs(20);

/// A running `chromedriver`. It ends with the last browser that uses it.
#[derive(Debug)]
pub(super) struct Driver {
    // Fields are dropped in this order: the folder only after the process.
    _child: Child,
    folder: TempDir,
    address: SocketAddr,
    profiles: AtomicU32,
}

impl Driver {
    /// The one that runs already, or a new one.
    pub(super) fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Self::start());
            *running = Arc::downgrade(&driver);
            driver
        })
    }

    /// The way to it.
    pub(super) const fn way(&self) -> Loopback {
        Loopback::to(self.address)
    }

    /// An empty folder for the memory of one browser.
    pub(super) fn new_profile(&self) -> String {
        let number = self.profiles.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("profile-{number}"));
        path.to_str().expect("temporary folders have plain names").to_owned()
    }

    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let said = folder.path().join("said.txt");
        let output = File::create(&said).expect("a file for the output");
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        // What browsers leave in the folder for temporary files and in the home is gone afterwards.
        command.env("TMPDIR", folder.path()).env("HOME", folder.path());
        let child = Child::start(&mut command);
        let port = wait::until(START_WITHIN, || {
            let said = fs::read_to_string(&said).ok()?;
            let (_, rest) = said.split_once("started successfully on port ")?;
            let (port, _) = rest.split_once('.')?;
            port.parse::<u16>().ok()
        });
        let port = port.expect("chromedriver says on which port it listens");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Self { _child: child, folder, address, profiles: AtomicU32::new(0) }
    }
}
