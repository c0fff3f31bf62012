//! Passwords for new accounts: typed at the terminal, or one line of standard input. Never an argument,
//! which everybody on the machine can read.

use std::io::{self, BufRead, Read as _};

use vestibule::TypedPassword;

use crate::error::CommandError;

/// More than the longest password that is accepted, in any normalisation form.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// Where a new password comes from.
pub(crate) trait NewPassword {
    /// The password as typed.
    fn first(&mut self) -> Result<TypedPassword, CommandError>;

    /// The password once more, or `None` where a slip of the finger is not to be feared.
    fn again(&mut self) -> Result<Option<TypedPassword>, CommandError>;
}

/// Standard input where `from_stdin`, otherwise the terminal.
pub(crate) fn source(from_stdin: bool) -> Box<dyn NewPassword> {
    if from_stdin { Box::new(OneLine(io::stdin().lock())) } else { Box::new(Terminal) }
}

/// The terminal, without echo.
struct Terminal;

impl NewPassword for Terminal {
    fn first(&mut self) -> Result<TypedPassword, CommandError> {
        ask("Password: ")
    }

    fn again(&mut self) -> Result<Option<TypedPassword>, CommandError> {
        ask("Repeat password: ").map(Some)
    }
}

fn ask(prompt: &str) -> Result<TypedPassword, CommandError> {
    rpassword::prompt_password(prompt).map(TypedPassword::from).map_err(|error| {
        CommandError::Failed(format!(
            "cannot ask for a password here ({error}); write it to standard input and add --password-stdin"
        ))
    })
}

/// The first line of a stream. Exactly one line ending is taken off: every other character counts.
pub(crate) struct OneLine<R>(pub(crate) R);

impl<R: BufRead> NewPassword for OneLine<R> {
    fn first(&mut self) -> Result<TypedPassword, CommandError> {
        let failed = |what: &str| {
            CommandError::Failed(format!(
                "{what}; --password-stdin reads the password as one line of UTF-8"
            ))
        };
        let mut line = Vec::new();
        (&mut self.0)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(|error| failed(&format!("cannot read standard input: {error}")))?;
        if line.pop_if(|last| *last == b'\n').is_some() {
            line.pop_if(|last| *last == b'\r');
        }
        if line.is_empty() {
            return Err(failed("standard input contains no password"));
        }
        String::from_utf8(line)
            .map(TypedPassword::from)
            .map_err(|_| failed("standard input is not UTF-8"))
    }

    fn again(&mut self) -> Result<Option<TypedPassword>, CommandError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::{NewPassword, OneLine};

    fn line(text: &[u8]) -> Option<String> {
        OneLine(text).first().ok().map(|typed| typed.expose().to_owned())
    }

    #[test]
    fn exactly_one_line_ending_is_taken_off() {
        for (input, password) in [
            (&b"correct horse\n"[..], Some("correct horse")),
            (b"correct horse\r\n", Some("correct horse")),
            (b"correct horse", Some("correct horse")),
            (b"correct horse\r", Some("correct horse\r")),
            (b" spaces count \n", Some(" spaces count ")),
            (b"first\nsecond\n", Some("first")),
            (b"\r\r\n", Some("\r")),
            (b"\n", None),
            (b"\r\n", None),
            (b"", None),
            (b"\xff\n", None),
        ] {
            assert_eq!(line(input).as_deref(), password, "{input:?}");
        }
    }

    #[test]
    fn an_endless_line_does_not_fill_the_memory() {
        let endless = vec![b'x'; 1024 * 1024];
        assert_eq!(line(&endless).map(|text| text.len()), Some(64 * 1024));
    }
}
