//! `cargo xtask test`: every check of the project, from a fresh checkout on a bare machine.
//!
//! The steps run one after the other, so that no more is in flight than cargo itself starts: one job and one
//! test thread for each core.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use crate::failure::Failure;
use crate::step::Step;
use crate::stopwatch::Stopwatch;
use crate::tally::Tally;
use crate::{Command, place};

mod needs;

pub(crate) const COMMAND: Command = Command {
    name: "test",
    arguments: "[--fast] [--no-install]",
    about: "installs what the checks need (it says so first), then runs every check\n\
            --fast        no format, lint and documentation checks, only the tests\n\
            --no-install  installs nothing; says what is missing and stops",
    run,
};

fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let options = Options::read(arguments)?;
    let watch = Stopwatch::start();
    needs::provide(needs::of(&options), options.install)?;

    let (steps, notes) = plan(&options);
    let server = place::release_path("vestibule")?;
    let tests = tests(&server);
    // The tests are steps as well.
    let count = steps.len() + tests.len();
    let mut number = 0;
    for step in &steps {
        number += 1;
        announce(number, count, &watch, step);
        step.run()?;
    }
    // Without it each of the tests from outside would say the same.
    place::release_program("vestibule")?;
    let mut tally = Tally::default();
    let mut failed = None;
    for step in &tests {
        number += 1;
        announce(number, count, &watch, step);
        let status = step.run_seen(|line| {
            tally.add(&String::from_utf8_lossy(line));
            io::stdout().write_all(line)
        })?;
        if !status.success() && failed.is_none() {
            failed = Some((step, status));
        }
    }

    println!("\n[{}] all steps have run", watch.elapsed());
    for note in notes {
        println!("note: {note}");
    }
    if tally.ignored > 0 {
        println!("note: {} tests are marked `#[ignore]` and did not run", tally.ignored);
    }
    let problem = match failed {
        _ if tally.failed > 0 => "some tests failed".to_owned(),
        Some((_, status)) => format!("the tests did not run to their end ({status})"),
        None if tally.passed == 0 => "no test ran".to_owned(),
        None => {
            println!("{tally}");
            return Ok(());
        }
    };
    let step = failed.map(|(step, _)| step).or(tests.first());
    let command = step.map(Step::as_typed).unwrap_or_default();
    Err(Failure::Tests { command, tally, problem })
}

struct Options {
    fast: bool,
    install: bool,
}

impl Options {
    fn read(arguments: &[OsString]) -> Result<Self, Failure> {
        let mut options = Self { fast: false, install: true };
        for argument in arguments {
            match argument.to_str() {
                Some("--fast") => options.fast = true,
                Some("--no-install") => options.install = false,
                _ => {
                    let problem =
                        format!("`cargo xtask test` has no option `{}`", argument.display());
                    return Err(Failure::Usage(problem));
                }
            }
        }
        Ok(options)
    }
}

/// The steps before the tests, and what the person should know about those left out.
fn plan(options: &Options) -> (Vec<Step>, Vec<&'static str>) {
    let mut steps = Vec::new();
    let mut notes = Vec::new();
    if options.fast {
        notes.push("format, lint and documentation checks were left out (--fast)");
    } else {
        steps.push(Step::cargo(&["fmt", "--all", "--check"]));
        steps.push(Step::cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]));
        steps.push(
            Step::cargo(&["doc", "--workspace", "--no-deps"])
                .variable("RUSTDOCFLAGS", "-Dwarnings"),
        );
    }
    if Step::cargo(&["deny", "--version"]).succeeds() {
        // All platforms' crates, since the licences of all are checked; the builds above load only their own.
        steps.push(Step::cargo(&["fetch"]));
        // Without `advisories`: its database comes from the network and changes daily, so that yesterday's
        // green commit would be red today.
        steps.push(Step::cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]));
    } else {
        notes.push("licences and duplicates were not checked: `cargo install --locked cargo-deny` adds that");
    }
    // What `cargo run --release` starts is what the tests drive from outside.
    steps.push(Step::cargo(&["build", "--release"]));
    (steps, notes)
}

/// All tests, documentation examples included; all of them, so that the count is whole when one fails. Then
/// once more those that come to the finished program from outside, on what many nodes share; those of several nodes
/// and of outages choose their stores themselves and are not repeated.
///
/// They are planned before there is a `server`, since a fresh checkout has none until the steps before have run.
fn tests(server: &Path) -> [Step; 2] {
    let all = Step::cargo(&["test", "--workspace", "--no-fail-fast"]);
    let outside = ["test", "--package", "vestibule-server", "--test", "it", "--"];
    let own_stores = ["--skip", "cluster::", "--skip", "faults::"];
    let outside = Step::cargo(&[&outside[..], &own_stores].concat());
    let outside = outside.variable("TESTED_STORE", "postgres+redis");
    [all, outside].map(|step| step.variable("TESTED_SERVER", server))
}

fn announce(number: usize, count: usize, watch: &Stopwatch, step: &Step) {
    println!("\n[{number}/{count} {:>6}] {}", watch.elapsed(), step.as_typed());
}

#[cfg(test)]
mod tests;
