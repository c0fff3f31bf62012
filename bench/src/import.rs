//! `vestibule user import` of many users with hashes of other systems: how fast, and in how much memory.

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::process::{Child, Command};

use crate::{
    Outcome,
    server::now,
    stores::{Kind, Surroundings},
};

const USERS: usize = 100_000;
const FILE: &str = "users.csv";
/// How often the memory of the import is looked at.
const LOOKED_AFTER: Duration = Duration::from_millis(5);

/// What the systems write, in turns. That they repeat costs or saves nothing: no password is checked.
const HASHES: [&str; 6] = [
    "scrypt:32768:8:1$rHK7mdlzCY3kiCme$6d1a20a8787157c1386b113f24d8330cf4fa127129379ce853384ab44f9203cdd0d7c288a612ab5bdf29548af21ae7988e213346b9464420b07ad73f31e034d0",
    "pbkdf2:sha256:1000000$egTyVZJaZDG0V9pf$21d351ef5083129a69f4b3999366383460aeb5916ac3ed2b1cbf3d56a20357e4",
    "$pbkdf2-sha512$25000$UkpJKcUYo1TqfQ.B8N4bgw$VL07Z.MIiWZTkAoxt6IeCBASVUFB2MWN3bMXNztN1wPIqzvQ8HeZmkIH5xYD..wkAqeIpbo3HhwIzkMP2HZBfw",
    "pbkdf2_sha256$1000000$ws8Q928sv8OfI1DTNUQbYp$cju4QW6rqtZp3jKAKhfy/xxGMaFN94X//DbJ5SmalVU=",
    "\"argon2$argon2id$v=19$m=102400,t=2,p=8$RDlQalZyR3VmZXZBNm9WWkRLRFhsMA$Y9d3cgwEqlV60myDZm6D/uP5QZDyx4CX8X1uFeEDWvM\"",
    "$2b$12$5tdXpSuvqU0R4cuPAvJVEe1gHNT2md114dAbQ.XSHB7BiY7f6hZ..",
];

pub(crate) async fn run() -> Outcome {
    for kind in Kind::ALL {
        let surroundings = Surroundings::of(kind)?;
        write_users(&surroundings.folder().join(FILE))?;
        // The tables are made before, so that the first step is not about them.
        step(&surroundings, &["migrate"]).await?;
        for (what, arguments) in [
            ("dry run", &["user", "import", FILE, "--dry-run"][..]),
            ("import", &["user", "import", FILE]),
            ("again, all there", &["user", "import", FILE]),
        ] {
            let (seconds, peak_mib) = step(&surroundings, arguments).await?;
            let rate = f64::from(u32::try_from(USERS)?) / seconds;
            println!(
                "import: {kind}: {USERS} rows in {seconds:6.2} s, {rate:7.0} rows/s, at most {peak_mib:5.1} MiB: \
                 {what}"
            );
        }
    }
    Ok(())
}

fn write_users(path: &Path) -> Outcome {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "username,email,password_hash,created_at,roles")?;
    for (number, hash) in (0..USERS).zip(HASHES.iter().cycle()) {
        // In another order than the names, as people come.
        let name = number * 7919 % USERS;
        writeln!(file, "person{name:06},p{number}@people.test,{hash},2019-01-31T12:00:00Z,")?;
    }
    Ok(file.flush()?)
}

/// Runs the program to its end: the time in seconds, and the most memory in MiB (`VmHWM`).
async fn step(
    surroundings: &Surroundings,
    arguments: &[&str],
) -> Result<(f64, f64), Box<dyn Error>> {
    let program = std::env::var_os("TESTED_SERVER")
        .ok_or("TESTED_SERVER does not name the site's program; `cargo xtask bench` sets it")?;
    let started = now();
    let mut child = Command::new(program)
        .current_dir(surroundings.folder())
        .env_remove("TESTED_SERVER")
        .envs(surroundings.variables())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut peak_mib = 0.0_f64;
    let status = loop {
        peak_mib = peak_mib.max(peak(&child).unwrap_or_default());
        tokio::select! {
            status = child.wait() => break status?,
            () = tokio::time::sleep(LOOKED_AFTER) => {}
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    if status.success() {
        Ok((seconds, peak_mib))
    } else {
        Err(format!("{arguments:?} ended with {status}").into())
    }
}

/// Nothing, once it has ended.
fn peak(child: &Child) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()? / 1024.0)
}
