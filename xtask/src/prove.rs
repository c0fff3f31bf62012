//! `cargo xtask prove`: the renewal rule in every order of events.

use std::ffi::OsString;

use crate::Command;
use crate::failure::Failure;
use crate::step::Step;

pub(crate) const COMMAND: Command = Command {
    name: "prove",
    arguments: "",
    about: "explores every order of events around one session with the rule that the server runs, and with\n\
            rules that are known to break; prints how many states it looked at (a few minutes)",
    run,
};

fn run(arguments: &[OsString]) -> Result<(), Failure> {
    Step::cargo(&["run", "--release", "--quiet", "--package", "vestibule-proofs", "--"])
        .arguments(arguments)
        .run()
}
