//! `vestibule`: the ready-to-run site and its commands.

mod admin;
mod audit;
mod command;
mod commands;
mod config;
mod export;
mod feedback;
mod files;
mod mail;
mod open;
mod pages;
mod places;
mod private;
mod ring;
mod serve;
mod setup;
mod site;
mod texts;

use std::process::ExitCode;

use clap::Parser as _;

use crate::command::CommandLine;

fn main() -> ExitCode {
    private::keep_from_others();
    // Wrong usage ends here, with status 2.
    let (flags, command) = CommandLine::parse().into_parts();
    match commands::run(&flags, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With nobody left to read it, the status still tells.
            serve::log::last_words(format!("vestibule: {error}"));
            ExitCode::from(error.status())
        }
    }
}
