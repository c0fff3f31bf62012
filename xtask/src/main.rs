//! The project's own commands, started as `cargo xtask COMMAND`.
//!
//! Every command is one module and one line in [`COMMANDS`]. The crate uses the standard library only, so that
//! a fresh machine has its answer to "what is missing here?" within seconds of the first build.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a terminal command speaks through its standard streams"
)]

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use crate::failure::Failure;

mod bench;
mod failure;
mod loss;
mod place;
mod prove;
mod step;
mod stopwatch;
mod tally;
mod test;

/// One `cargo xtask` command.
struct Command {
    /// The word that calls it.
    name: &'static str,
    /// What may follow the word, as the help shows it.
    arguments: &'static str,
    /// What it does; the lines after the first explain its options.
    about: &'static str,
    /// Runs it with the arguments after the word.
    run: fn(&[OsString]) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[test::COMMAND, bench::COMMAND, prove::COMMAND, loss::COMMAND, HELP];

const HELP: Command = Command {
    name: "help",
    arguments: "",
    about: "shows this list",
    run: |_| {
        print!("{}", help());
        Ok(())
    },
};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            if let Failure::Usage(_) = failure {
                eprintln!("\n{}", help().trim_end());
            }
            // Standard output ends with the count, also when it went wrong.
            if let Failure::Tests { tally, .. } = &failure {
                println!("{tally}");
            }
            failure.exit_code()
        }
    }
}

fn dispatch(arguments: &[OsString]) -> Result<(), Failure> {
    let Some((word, rest)) = arguments.split_first() else {
        return Err(Failure::Usage("a command is missing".to_owned()));
    };
    let name = match word.to_str() {
        Some("-h" | "--help") => HELP.name,
        Some(name) => name,
        None => "",
    };
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None => Err(Failure::Usage(format!("there is no command `{}`", word.display()))),
    }
}

fn help() -> String {
    let mut text = "Usage: cargo xtask COMMAND\n".to_owned();
    for command in COMMANDS {
        let call = format!("{} {}", command.name, command.arguments);
        text.push_str(&format!("\n  {}\n", call.trim_end()));
        for line in command.about.lines() {
            text.push_str(&format!("      {line}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{COMMANDS, dispatch, help};
    use crate::failure::Failure;

    #[test]
    fn help_names_every_command() {
        for command in COMMANDS {
            assert!(
                help().contains(&format!("  {} ", command.name).trim_end().to_owned()),
                "{}",
                command.name
            );
        }
    }

    #[test]
    fn an_unknown_command_is_a_usage_error() {
        for words in [vec![], vec![OsString::from("tset")]] {
            assert!(matches!(dispatch(&words), Err(Failure::Usage(_))), "{words:?}");
        }
    }
}
