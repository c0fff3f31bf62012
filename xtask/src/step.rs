//! One program that a command runs, and how it reads when typed by hand.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::Failure;
use crate::place;

/// A program with its arguments and the environment it needs, run from the repository's root.
pub(crate) struct Step {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
}

impl Step {
    pub(crate) fn new(program: impl Into<OsString>, arguments: &[&str]) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.iter().map(OsString::from).collect(),
            variables: Vec::new(),
        }
    }

    /// A cargo command.
    pub(crate) fn cargo(arguments: &[&str]) -> Self {
        Self::new(place::cargo(), arguments)
    }

    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn arguments(mut self, more: &[OsString]) -> Self {
        self.arguments.extend_from_slice(more);
        self
    }

    /// The line that repeats this step in a shell.
    pub(crate) fn as_typed(&self) -> String {
        let mut line = String::new();
        for (name, value) in &self.variables {
            let _infallible = write!(line, "{name}={} ", quoted(value));
        }
        // The full path of the toolchain's cargo would only hide what is being run.
        if self.program == place::cargo() {
            line.push_str("cargo");
        } else {
            line.push_str(&quoted(&self.program));
        }
        for argument in &self.arguments {
            line.push(' ');
            line.push_str(&quoted(argument));
        }
        line
    }

    /// Runs the step with its output going straight to the terminal.
    ///
    /// # Errors
    ///
    /// [`Failure::Start`] when it cannot be started, [`Failure::Step`] when it does not end well.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let status = self.command().status().map_err(|source| self.not_started(source))?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::Step { command: self.as_typed(), status: status.to_string() })
        }
    }

    /// Runs the step and hands every line of its standard output to `pass_on` as it comes.
    ///
    /// # Errors
    ///
    /// [`Failure::Start`] when it cannot be started or a line cannot be passed on.
    pub(crate) fn run_seen(
        &self,
        mut pass_on: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<ExitStatus, Failure> {
        self.watched(&mut pass_on).map_err(|source| self.not_started(source))
    }

    /// Whether the step ends well; what it prints is dropped.
    pub(crate) fn succeeds(&self) -> bool {
        self.command()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn watched(&self, pass_on: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<ExitStatus> {
        let mut child = self.command().stdout(Stdio::piped()).spawn()?;
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            // Bytes, not `lines()`: a test may print what is no UTF-8, and the rest still counts.
            while output.read_until(b'\n', &mut line)? > 0 {
                pass_on(&line)?;
                line.clear();
            }
        }
        child.wait()
    }

    fn not_started(&self, source: io::Error) -> Failure {
        Failure::Start { command: self.as_typed(), source }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(place::root());
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }
}

/// `text` as a POSIX shell takes it literally.
fn quoted(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{Step, quoted};
    use crate::failure::Failure;

    #[test]
    fn a_step_reads_as_one_would_type_it() {
        let step = Step::cargo(&["test", "--", "a name"]).variable("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(step.as_typed(), "RUSTDOCFLAGS='-D warnings' cargo test -- 'a name'");
    }

    #[test]
    fn shell_quoting_keeps_every_character() {
        for (text, shell) in
            [("", "''"), ("it's", r"'it'\''s'"), ("a$b", "'a$b'"), ("/a/b-c_1.2", "/a/b-c_1.2")]
        {
            assert_eq!(quoted(OsStr::new(text)), shell);
        }
    }

    #[test]
    fn lines_are_seen_also_when_they_are_no_text_and_the_status_is_handed_back() {
        let mut seen = Vec::new();
        let step = Step::new("sh", &["-c", r"printf 'one\n\377two\nlast'; exit 3"]);
        let status = step
            .run_seen(|line| {
                seen.push(line.to_owned());
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, [&b"one\n"[..], b"\xfftwo\n", b"last"]);
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn a_failed_step_names_its_command() {
        let failure = Step::new("sh", &["-c", "exit 3"]).run().unwrap_err();
        assert!(matches!(&failure, Failure::Step { .. }), "{failure}");
        assert!(failure.to_string().contains("sh -c 'exit 3'"), "{failure}");
    }

    #[test]
    fn a_program_that_is_not_there_is_said_to_be_so() {
        let failure = Step::new("no-such-program-here", &[]).run().unwrap_err();
        assert!(matches!(&failure, Failure::Start { .. }), "{failure}");
    }
}
