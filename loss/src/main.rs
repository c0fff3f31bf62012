//! Renewal where answers get lost and thieves are about: how many are signed out who should not be, and how
//! long a thief stays.

#![expect(clippy::print_stdout, reason = "a measurement prints what it finds")]

mod door;
mod plan;
mod report;
mod rival;
mod run;
mod target;
#[cfg(test)]
mod tests;
mod thieves;
mod visitor;
mod world;

use std::{error::Error, process::ExitCode};

use crate::plan::Times;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "\
usage: cargo xtask loss [--quick] [ROW]…
       cargo xtask loss thieves

Starts the site behind a network that loses, delays, doubles and reorders requests and answers, and kills it
now and then. Thousands of browsers and apps renew their sessions through it, without any locks. Prints how
many of them were signed out who should not be; beside it, the same for two other rules.

  --quick  a bounded size: two networks, a few hundred renewals, a minute
  ROW      only the networks whose name in the table holds this
  thieves  instead of all that: refresh tokens are copied and used, and it is told when that is noticed";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match *arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        ["--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ["thieves"] => thieves::run().await,
        ["--quick", ref rows @ ..] => {
            run::all(plan::named(plan::quick(), rows), Times::QUICK).await
        }
        ref rows if !rows.iter().any(|row| row.starts_with('-')) => {
            run::all(plan::named(plan::full(), rows), Times::FULL).await
        }
        _ => {
            println!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("loss: {error}");
            ExitCode::FAILURE
        }
    }
}
