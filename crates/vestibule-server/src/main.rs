//! `vestibule`: the ready-to-run site and its commands.

mod blocking;
mod bootstrap;
mod cli;
mod config;
mod error;
mod i18n;
mod listener;
mod log;
mod permits;
mod secure_file;
mod services;
mod templates;
mod terminal;
mod web;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::arguments::CommandLine;

fn main() -> ExitCode {
    secure_file::keep_from_others();
    // Wrong usage ends here, with status 2.
    let (flags, command) = CommandLine::parse().into_parts();
    match cli::run(&flags, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With nobody left to read it, the status still tells.
            log::last_words(format!("vestibule: {error}"));
            ExitCode::from(error.status())
        }
    }
}
