//! What is wrong with a configuration, said so that the person at the terminal can mend it.

use std::fmt;

use crate::error::CommandError;

/// One thing that keeps the site from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The key, variable or file it is about.
    pub(crate) key: String,
    /// Where the value was given; `None` where nothing was given.
    pub(crate) place: Option<String>,
    /// What is wrong, as a sentence.
    pub(crate) wrong: String,
    /// What to do about it, as a sentence.
    pub(crate) hint: String,
}

/// Everything that is wrong with a configuration. Never empty. The command ends with status 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigProblems(pub(crate) Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => writeln!(out, "{} ({place})", self.key)?,
            None => writeln!(out, "{}", self.key)?,
        }
        writeln!(out, "    {}", self.wrong)?;
        write!(out, "    Fix: {}", self.hint)
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(out, "The configuration has a problem:")?,
            count => write!(out, "The configuration has {count} problems:")?,
        }
        for problem in &self.0 {
            write!(out, "\n\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigProblems {}

/// Why a text is not a value of its key's kind. Holds no part of the text, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{wrong}; {hint}")]
pub(crate) struct ValueError {
    /// A phrase that follows the value: "is not a duration".
    pub(crate) wrong: String,
    /// What to write instead, without a full stop.
    pub(crate) hint: String,
}

impl ValueError {
    pub(crate) fn new(wrong: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { wrong: wrong.into(), hint: hint.into() }
    }
}

impl From<ConfigProblems> for CommandError {
    fn from(problems: ConfigProblems) -> Self {
        Self::Usage(problems.to_string())
    }
}
