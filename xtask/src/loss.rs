//! `cargo xtask loss`: renewal on a network that loses things.

use std::ffi::OsString;

use crate::failure::Failure;
use crate::step::Step;
use crate::{Command, place};

pub(crate) const COMMAND: Command = Command {
    name: "loss",
    arguments: "[--quick] [ROW]… | thieves",
    about: "builds the server in release mode and has thousands of browsers and apps renew through a network that\n\
            loses, doubles and reorders, beside two other rules; prints who was signed out (a quarter of an hour)\n\
            --quick  two networks, half a minute\n\
            thieves  instead of that: copies refresh tokens, and tells when it is noticed",
    run,
};

fn run(arguments: &[OsString]) -> Result<(), Failure> {
    // In one build, as for the benchmarks.
    Step::cargo(&[
        "build",
        "--release",
        "--package",
        "vestibule-server",
        "--package",
        "vestibule-loss",
    ])
    .run()?;
    Step::new(place::release_program("vestibule-loss")?, &[])
        .arguments(arguments)
        .variable("TESTED_SERVER", place::release_program("vestibule")?)
        .run()
}
