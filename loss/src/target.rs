//! The server that is visited: the real program, or a rival in this process.

use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use tokio::task::spawn_blocking;
use vestibule_testkit::{
    site::{Place, Site},
    visitors::Loopback,
    wire::{Message, Wire},
};

use crate::{
    Outcome,
    plan::Times,
    rival::{Rival, Rule},
};

/// The `Host` of every request.
pub(crate) const HOST: &str = "127.0.0.1";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "tangerine anvil rocket";
/// How many accounts there are; sessions are shared out among them.
const ACCOUNTS: usize = 40;

/// A server and how it is treated.
pub(crate) enum Target {
    Site(Box<RealSite>),
    /// Runs until this process ends.
    Rival(SocketAddr),
}

/// The release program over a database of its own.
pub(crate) struct RealSite {
    place: Arc<Place>,
    running: Mutex<Option<Site>>,
}

/// What the site's own database says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Books {
    /// Renewals of all sessions: how often one of them moved on by a generation.
    pub(crate) generations: i64,
    /// Sessions that were ended for theft.
    pub(crate) thefts: i64,
}

impl Target {
    /// Starts the site in a folder of its own and makes its accounts.
    pub(crate) async fn site(program: &Path, times: Times) -> Outcome<Self> {
        let place = place(program, times);
        let app = RealSite { place: Arc::new(place), running: Mutex::default() };
        let address = app.start().await?;
        let wire = Wire::to(address);
        for number in 0..ACCOUNTS {
            let name = login(number);
            let body = json!({
                "username": name, "email": format!("{name}@people.test"), "password": PASSWORD,
            });
            let headers = [("Host", HOST), ("Content-Type", "application/json")];
            let request =
                Message::request("POST", "/api/auth/register", &headers, &body.to_string());
            let answer = wire.exchange(&request).await?;
            if answer.status() != Some(202) {
                let said = String::from_utf8_lossy(answer.body()).into_owned();
                return Err(format!("an account could not be made: {said}").into());
            }
        }
        Ok(Self::Site(Box::new(app)))
    }

    /// Starts a server with another rule.
    pub(crate) async fn rival(rule: Rule, times: Times) -> Self {
        Self::Rival(Loopback::serve(Rival::router(rule, times)).await.address())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Outcome<SocketAddr> {
        match self {
            Self::Site(site) => site.address(),
            Self::Rival(address) => Ok(*address),
        }
    }

    /// What the database says, where there is one.
    pub(crate) fn books(&self) -> Outcome<Option<Books>> {
        match self {
            Self::Site(site) => site.books().map(Some),
            Self::Rival(_) => Ok(None),
        }
    }
}

/// The account that the session of this number belongs to.
pub(crate) fn login(number: usize) -> String {
    format!("person-{}", number % ACCOUNTS)
}

impl RealSite {
    /// Kills the program as a crash does and starts it again, at another address; says where.
    pub(crate) async fn crash(&self) -> Outcome<SocketAddr> {
        let running = self.running().take();
        if let Some(site) = running {
            spawn_blocking(|| site.kill()).await?;
        }
        self.start().await
    }

    async fn start(&self) -> Outcome<SocketAddr> {
        let place = Arc::clone(&self.place);
        let site =
            spawn_blocking(move || place.start(&["serve", "--listen", "127.0.0.1:0"])).await?;
        let address = site.address();
        *self.running() = Some(site);
        Ok(address)
    }

    fn address(&self) -> Outcome<SocketAddr> {
        let running = self.running();
        Ok(running.as_ref().ok_or("the site is not running")?.address())
    }

    fn books(&self) -> Outcome<Books> {
        let path = self.place.path().join("data/vestibule.db");
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // The first generation is the sign-in's.
        let counted = "SELECT coalesce(sum(generation - 1), 0), coalesce(sum(end_reason IS 'theft'), 0) \
                       FROM sessions";
        Ok(database.query_row(counted, (), |row| {
            Ok(Books { generations: row.get(0)?, thefts: row.get(1)? })
        })?)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Site>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(program: &Path, times: Times) -> Place {
    let millis = |duration: std::time::Duration| format!("{}ms", duration.as_millis());
    Place::new(program)
        .with("VESTIBULE_TOKENS__GRACE", &millis(times.grace))
        .with("VESTIBULE_TOKENS__ACCESS_TTL", &millis(times.access))
        .with("VESTIBULE_TOKENS__LEEWAY", "0s")
        // They would follow the port, and that changes with a crash.
        .with("VESTIBULE_TOKENS__ISSUER", "https://loss.test")
        .with("VESTIBULE_TOKENS__AUDIENCE", "https://loss.test")
        .with("VESTIBULE_PASSWORDS__ARGON2", "m=8,t=1,p=1")
        .with("VESTIBULE_PASSWORDS__QUEUE", "10000")
        .with("VESTIBULE_LIMITS__ACCOUNT", "off")
        .with("VESTIBULE_LIMITS__ADDRESS", "off")
        .with("VESTIBULE_LIMITS__REGISTER", "off")
        .with("VESTIBULE_LIMITS__MAIL", "off")
        .with("RUST_LOG", "warn")
}

/// The program under test.
///
/// # Errors
/// Where nobody has built it.
pub(crate) fn program() -> Result<PathBuf, Box<dyn Error + Send + Sync>> {
    if let Some(named) = std::env::var_os("TESTED_SERVER") {
        return Ok(named.into());
    }
    // Tests of this crate lie in a folder below the programs of the same build.
    let own = std::env::current_exe()?;
    let found = own.ancestors().skip(1).take(2).find_map(|folder| {
        let program = folder.join(format!("vestibule{}", std::env::consts::EXE_SUFFIX));
        program.is_file().then_some(program)
    });
    Ok(found.ok_or(
        "the site's program is not there; build it with `cargo build`, or name it in TESTED_SERVER",
    )?)
}
