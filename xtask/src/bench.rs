//! `cargo xtask bench`: the benchmarks, built as they are shipped.

use std::ffi::OsString;

use crate::failure::Failure;
use crate::step::Step;
use crate::{Command, place};

pub(crate) const COMMAND: Command = Command {
    name: "bench",
    arguments: "[NAME]…",
    about: "builds the server and the benchmarks in release mode and runs them; all arguments go to the\n\
            benchmark program, whose `--help` lists the names",
    run,
};

fn run(arguments: &[OsString]) -> Result<(), Failure> {
    // Both in one build: built apart, features would differ and half the tree would be compiled twice. The
    // server is among them because its start-up time and its memory are measured from outside.
    Step::cargo(&[
        "build",
        "--release",
        "--package",
        "vestibule-server",
        "--package",
        "vestibule-bench",
    ])
    .run()?;
    Step::new(place::release_program("vestibule-bench")?, &[])
        .arguments(arguments)
        .variable("TESTED_SERVER", place::release_program("vestibule")?)
        .run()
}
