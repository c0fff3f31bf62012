//! What the checks need beside cargo and the crates, and how it gets onto a machine.
//!
//! One line of [`NEEDS`] for each program. Debian's packages are what is known here; elsewhere the command says
//! what is missing and leaves the installing to the person.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Options;
use crate::failure::Failure;
use crate::step::Step;

/// One thing that must be on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    what: Thing,
    why: &'static str,
    from: Source,
    when: When,
}

/// How to tell that it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    /// A program in `PATH`.
    Program(&'static str),
    /// A program outside of `PATH`, in a folder for each of its versions: `/usr/lib/NAME/VERSION/bin/PROGRAM`.
    Versioned {
        /// The folder that has a folder for each version.
        versions: &'static str,
        /// The program's path in such a folder.
        program: &'static str,
    },
    /// A module of the system's own Python, whichever comes first in `PATH`.
    PythonModule(&'static str),
    /// Packages of the npm registry: those that the lock file in this folder of the repository names.
    NodePackages(&'static str),
    /// A cargo command. It has to be tried: rustup leaves a stand-in in `PATH` for those it could install.
    Cargo(&'static str),
}

/// Where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Debian packages.
    Apt(&'static [&'static str]),
    /// The npm registry, into the folder itself.
    Npm(&'static str),
    /// A component of the Rust toolchain.
    Rustup(&'static str),
    /// A program of crates.io, compiled on this machine.
    Crate(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Not with `--fast`.
    Full,
}

/// What judges the pages, below the repository's root.
const JUDGES: &str = "crates/vestibule-server/tests/node";

const NEEDS: &[Need] = &[
    Need {
        what: Thing::Cargo("fmt"),
        why: "checks the format",
        from: Source::Rustup("rustfmt"),
        when: When::Full,
    },
    Need {
        what: Thing::Cargo("clippy"),
        why: "checks the lints",
        from: Source::Rustup("clippy"),
        when: When::Full,
    },
    Need {
        what: Thing::Program("cc"),
        why: "compiles SQLite and the cryptography",
        from: Source::Apt(&["gcc", "libc6-dev"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("chromium"),
        why: "is the browser that walks through the pages",
        from: Source::Apt(&["chromium"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("chromedriver"),
        why: "drives that browser",
        from: Source::Apt(&["chromium-driver"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("firefox-esr"),
        why: "is the second browser",
        from: Source::Apt(&["firefox-esr"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("geckodriver"),
        why: "drives the second browser",
        from: Source::Crate("geckodriver"),
        when: When::Always,
    },
    Need {
        what: Thing::Program("WebKitWebDriver"),
        why: "is the third browser, and drives it",
        from: Source::Apt(&["webkit2gtk-driver"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("Xvfb"),
        why: "is the screen of the third browser",
        from: Source::Apt(&["xvfb"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("faketime"),
        why: "tells one of several nodes another time",
        from: Source::Apt(&["faketime"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("unshare"),
        why: "gives a site a disk of its own, to be filled",
        from: Source::Apt(&["util-linux"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("node"),
        why: "runs what judges the pages",
        from: Source::Apt(&["nodejs"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("npm"),
        why: "installs what judges the pages",
        from: Source::Apt(&["npm"]),
        when: When::Always,
    },
    Need {
        what: Thing::NodePackages(JUDGES),
        why: "are axe-core and Lighthouse, which judge the pages",
        from: Source::Npm(JUDGES),
        when: When::Always,
    },
    Need {
        what: Thing::Program("aiosmtpd"),
        why: "is the mail server that the tests start",
        from: Source::Apt(&["python3-aiosmtpd"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("curl"),
        why: "is a client of HTTP/2 whose uploads the tests refuse",
        from: Source::Apt(&["curl"]),
        when: When::Always,
    },
    Need {
        what: Thing::PythonModule("httpx"),
        why: "is another one",
        from: Source::Apt(&["python3-httpx"]),
        when: When::Always,
    },
    Need {
        what: Thing::PythonModule("h2"),
        why: "is the HTTP/2 of that one",
        from: Source::Apt(&["python3-h2"]),
        when: When::Always,
    },
    Need {
        what: Thing::Versioned { versions: "/usr/lib/postgresql", program: "bin/postgres" },
        why: "is the database that the tests of many nodes start",
        from: Source::Apt(&["postgresql"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("pgbouncer"),
        why: "is the pool that the tests put in front of that database",
        from: Source::Apt(&["pgbouncer"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("nginx"),
        why: "is the gateway that asks the site who is there",
        from: Source::Apt(&["nginx"]),
        when: When::Always,
    },
    Need {
        what: Thing::Program("redis-server"),
        why: "is the Redis that the tests share limits and notifications through",
        from: Source::Apt(&["redis-server"]),
        when: When::Always,
    },
];

/// The needs of a run with `options`.
pub(super) fn of(options: &Options) -> impl Iterator<Item = Need> {
    let fast = options.fast;
    NEEDS.iter().copied().filter(move |need| need.when == When::Always || !fast)
}

/// Sees to it that everything in `needs` is there, and says before it installs what and why.
///
/// # Errors
///
/// [`Failure::Missing`], with the command to run by hand, when something is missing and may not or cannot be
/// installed; the installer's own failure otherwise.
pub(super) fn provide(needs: impl Iterator<Item = Need>, install: bool) -> Result<(), Failure> {
    let missing: Vec<Need> = needs.filter(|need| !need.is_here()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let means = Means::of_this_machine();
    let commands = installers(&missing, &means);
    if !install {
        return Err(Failure::Missing(by_hand(&missing, &commands, "--no-install was given")));
    }
    if let Some(obstacle) = means.obstacle(&missing) {
        return Err(Failure::Missing(by_hand(&missing, &commands, obstacle)));
    }
    println!("{}", announcement(&missing, &commands));
    for command in &commands {
        println!("\n> {}", command.as_typed());
        command.run()?;
    }
    let still: Vec<Need> = missing.into_iter().filter(|need| !need.is_here()).collect();
    if still.is_empty() {
        return Ok(());
    }
    let commands = installers(&still, &means);
    Err(Failure::Missing(by_hand(
        &still,
        &commands,
        "the installation has run, but not put it where it is looked for",
    )))
}

/// What this machine offers for installing.
#[derive(Debug, Clone, Copy)]
struct Means {
    apt: bool,
    rustup: bool,
    root: bool,
    sudo: bool,
}

impl Means {
    fn of_this_machine() -> Self {
        Self {
            apt: find("apt-get").is_some(),
            rustup: find("rustup").is_some(),
            root: Step::new("sh", &["-c", "test \"$(id -u)\" = 0"]).succeeds(),
            sudo: find("sudo").is_some(),
        }
    }

    /// What stands in the way of installing `missing`, if anything does.
    fn obstacle(&self, missing: &[Need]) -> Option<&'static str> {
        let by_apt = missing.iter().any(|need| matches!(need.from, Source::Apt(_)));
        if by_apt && !self.apt {
            Some(
                "there is no apt-get here; take the packages of the same purpose from this system's own installer",
            )
        } else if by_apt && !self.root && !self.sudo {
            Some("it takes root, and there is no sudo here; run this as root")
        } else if !self.rustup && missing.iter().any(|need| matches!(need.from, Source::Rustup(_)))
        {
            Some(
                "this Rust toolchain does not come from rustup; take the components from where it came",
            )
        } else {
            None
        }
    }

    fn apt(&self, arguments: &[&str]) -> Step {
        // Through `env`, since sudo does not pass the variable on; without it a package may stop to ask.
        let mut words = vec!["DEBIAN_FRONTEND=noninteractive", "apt-get"];
        words.extend_from_slice(arguments);
        if self.sudo && !self.root {
            words.insert(0, "env");
            Step::new("sudo", &words)
        } else {
            Step::new("env", &words)
        }
    }
}

/// The commands that install `missing`.
fn installers(missing: &[Need], means: &Means) -> Vec<Step> {
    let mut packages = Vec::new();
    let mut components = Vec::new();
    let mut folders = Vec::new();
    let mut crates = Vec::new();
    for need in missing {
        match need.from {
            Source::Apt(names) => packages.extend_from_slice(names),
            Source::Rustup(name) => components.push(name),
            Source::Npm(folder) => folders.push(folder),
            Source::Crate(name) => crates.push(name),
        }
    }
    let mut commands = Vec::new();
    if !components.is_empty() {
        let mut arguments = vec!["component", "add"];
        arguments.extend(components);
        commands.push(Step::new("rustup", &arguments));
    }
    if !packages.is_empty() {
        // A fresh machine may still be busy with its own first updates: wait for them instead of failing.
        const WAIT: [&str; 2] = ["-o", "DPkg::Lock::Timeout=120"];
        let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
        arguments.extend(WAIT);
        arguments.extend(packages);
        commands.push(means.apt(&["update", WAIT[0], WAIT[1]]));
        commands.push(means.apt(&arguments));
    }
    // After the compiler of C, which crates may want. With the versions that their authors have tested.
    if !crates.is_empty() {
        let mut arguments = vec!["install", "--locked"];
        arguments.extend(crates);
        commands.push(Step::new("cargo", &arguments));
    }
    // Last: npm itself may be among those before. Nothing that a package would run of its own has to.
    for folder in folders {
        const QUIETLY: [&str; 3] = ["--ignore-scripts", "--no-audit", "--no-fund"];
        commands.push(Step::new(
            "npm",
            &["ci", "--prefix", folder, QUIETLY[0], QUIETLY[1], QUIETLY[2]],
        ));
    }
    commands
}

fn announcement(missing: &[Need], commands: &[Step]) -> String {
    format!("{}\nAbout to install:\n{}", list(missing), typed(commands))
}

fn by_hand(missing: &[Need], commands: &[Step], reason: &str) -> String {
    format!(
        "{}\nNothing is installed now: {reason}. On Debian, by hand:\n{}",
        list(missing),
        typed(commands)
    )
}

fn list(missing: &[Need]) -> String {
    let lines: Vec<String> =
        missing.iter().map(|need| format!("\n  {} ({})", need.name(), need.why)).collect();
    format!("Missing on this machine:{}", lines.concat())
}

fn typed(commands: &[Step]) -> String {
    let lines: Vec<String> =
        commands.iter().map(|command| format!("\n    {}", command.as_typed())).collect();
    lines.concat()
}

impl Need {
    fn name(&self) -> String {
        match self.what {
            Thing::Program(name) => name.to_owned(),
            Thing::Versioned { versions, program } => format!("{versions}/*/{program}"),
            Thing::NodePackages(folder) => format!("{folder}/node_modules"),
            Thing::PythonModule(name) => format!("{name} of Python"),
            Thing::Cargo(name) => format!("cargo {name}"),
        }
    }

    fn is_here(&self) -> bool {
        match self.what {
            Thing::Program(name) => find(name).is_some(),
            Thing::Versioned { versions, program } => {
                find_below(Path::new(versions), program).is_some()
            }
            // Of other versions than the lock file's it says that they are invalid, and fails.
            Thing::NodePackages(folder) => Step::new("npm", &["ls", "--prefix", folder]).succeeds(),
            Thing::PythonModule(name) => {
                Step::new("/usr/bin/python3", &["-c", &format!("import {name}")]).succeeds()
            }
            Thing::Cargo(name) => Step::cargo(&[name, "--version"]).succeeds(),
        }
    }
}

/// The program `name` in `PATH`.
fn find(name: &str) -> Option<PathBuf> {
    // Debian keeps servers where not everybody's PATH leads.
    find_in(&env::var_os("PATH")?, name).or_else(|| find_in(OsStr::new("/usr/sbin"), name))
}

fn find_in(path: &OsStr, name: &str) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(name)).find(|program| is_executable(program))
}

/// The program in one of the folders that `versions` has.
fn find_below(versions: &Path, program: &str) -> Option<PathBuf> {
    let versions = versions.read_dir().ok()?.flatten();
    versions.map(|version| version.path().join(program)).find(|program| is_executable(program))
}

#[cfg(unix)]
fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    program.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(program: &Path) -> bool {
    program.with_extension(env::consts::EXE_EXTENSION).is_file()
}

#[cfg(test)]
mod tests;
