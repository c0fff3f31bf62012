//! Servers under measurement, each a process of its own.

use std::{
    error::Error,
    net::TcpListener,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    bare,
    client::{Answer, Connection, post_json},
};

pub(crate) const USER: &str = "anna";
pub(crate) const PASSWORD: &str = "tangerine anvil rocket";

/// What a sign-in or a renewal gives.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Result<Self, Box<dyn Error>> {
        let body: Value = serde_json::from_slice(&answer.body)?;
        let token = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(access), Some(refresh)) = (token("access_token"), token("refresh_token")) else {
            return Err(format!("no tokens came, but {}: {body}", answer.status).into());
        };
        Ok(Self { access, refresh })
    }
}

/// A running server. It is ended when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts the site over a database in `folder` and waits until it answers; says how long that took.
    pub(crate) async fn site(folder: &Path) -> Result<(Self, Duration), Box<dyn Error>> {
        Self::site_with(folder, &[]).await
    }

    /// The same with these environment variables.
    pub(crate) async fn site_with(
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> Result<(Self, Duration), Box<dyn Error>> {
        let program = std::env::var_os("TESTED_SERVER")
            .ok_or("TESTED_SERVER does not name the site's program; `cargo xtask bench` sets it")?;
        // Freed at once: nobody else on this machine takes a port of this range in between.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let started = now();
        let process = Command::new(program)
            .current_dir(folder)
            .env_remove("TESTED_SERVER")
            .env("VESTIBULE_LIMITS__ACCOUNT", "off")
            .envs(variables.iter().copied())
            .args(["serve", "--listen", &address])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let server = Self { process, address };
        loop {
            if let Ok(mut connection) = Connection::open(&server.address).await
                && connection
                    .send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                    .await
                    .is_ok()
            {
                return Ok((server, started.elapsed()));
            }
            if started.elapsed() > Duration::from_secs(20) {
                return Err("the site did not answer within 20 s".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Starts the bare server.
    pub(crate) async fn bare() -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(bare::NAME)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().ok_or("no output of the bare server")?;
        let line = BufReader::new(output).lines().next_line().await?.unwrap_or_default();
        let address = line.strip_prefix("listening on ").ok_or("the bare server did not start")?;
        Ok(Self { address: address.to_owned(), process })
    }

    /// Makes the user if there is none yet, and signs in.
    pub(crate) async fn access_token(&self) -> Result<String, Box<dyn Error>> {
        Ok(self.sign_in().await?.access)
    }

    /// Makes the user if there is none yet, and begins a session.
    pub(crate) async fn sign_in(&self) -> Result<Tokens, Box<dyn Error>> {
        let mut connection = Connection::open(&self.address).await?;
        let user = json!({ "username": USER, "email": "anna@site.test", "password": PASSWORD });
        connection.send(&post_json("/api/auth/register", &user)).await?;
        let login = json!({ "login": USER, "password": PASSWORD });
        let answer = connection.send(&post_json("/api/auth/login", &login)).await?;
        Tokens::of(&answer)
    }

    /// The memory of the process, in MiB (`VmRSS`).
    pub(crate) fn memory(&self) -> Result<f64, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let kib =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("no VmRSS")?.trim().parse::<f64>()? / 1024.0)
    }

    /// Connections and files that the process has open.
    pub(crate) fn open_files(&self) -> Result<usize, Box<dyn Error>> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.id()?))?.count())
    }

    /// The processor time of the process so far, in seconds.
    pub(crate) fn processor_time(&self) -> Result<f64, Box<dyn Error>> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()?))?;
        // After the name, which may hold anything, `utime` and `stime` are the 12th and 13th; the unit
        // is a hundredth of a second on every Linux.
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |index: usize| {
            fields.get(index).and_then(|text| text.parse::<f64>().ok()).ok_or("no time")
        };
        Ok((field(11)? + field(12)?) / 100.0)
    }

    fn id(&self) -> Result<u32, &'static str> {
        self.process.id().ok_or("the server has ended")
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time of the machine")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
