//! Benchmarks of the site: figures of one run, as ratios where a machine's speed would colour them.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod admin;
mod bare;
mod client;
mod flood;
mod import;
mod me;
mod ranks;
mod renew;
mod revoke;
mod server;
mod siege;
mod start;
mod stores;
mod timing;

use std::{error::Error, process::ExitCode};

type Outcome = Result<(), Box<dyn Error>>;

const USAGE: &str = "\
usage: cargo xtask bench [NAME]…

  me      `GET /api/auth/me` against a bare axum route of the same shape, in turns
  start   start-up time with an existing database, and idle memory
  renew   durable renewals each second with 64 sessions at once, on SQLite and on PostgreSQL
  revoke  three nodes on PostgreSQL: how long after an end the others still accept a session
  admin   the administrator's lists over a million users in SQLite: time of each page
  import  `vestibule user import` of 100,000 users into SQLite and into PostgreSQL: time and peak memory
  flood   memory before and after 10,000 sign-ins
  siege   readers that read nothing, writers of single bytes, hang-ups, 20,000 sessions: what they cost, and what
          an honest visitor notices (three minutes)
  timing  whether the time of an answer tells that there is an account, while no mail can be sent

Without a name: `start` and `me`.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names = if names.is_empty() { vec!["start".to_owned(), "me".to_owned()] } else { names };
    for name in &names {
        let outcome = match name.as_str() {
            "me" => me::run().await,
            "start" => start::run().await,
            "admin" => admin::run().await,
            "import" => import::run().await,
            "flood" => flood::run().await,
            "renew" => renew::run().await,
            "revoke" => revoke::run().await,
            "siege" => siege::run().await,
            "timing" => timing::run().await,
            bare::NAME => bare::serve().await,
            "--help" | "-h" => {
                println!("{USAGE}");
                Ok(())
            }
            _ => Err(format!("there is no benchmark {name:?}\n\n{USAGE}").into()),
        };
        if let Err(error) = outcome {
            println!("{name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The value in the middle.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
