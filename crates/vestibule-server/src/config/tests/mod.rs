//! What people write, and what the site makes of it.

mod checks;
mod listing;
mod sources;
mod values;

use std::fs;

use clap::Parser;
use tempfile::TempDir;

use super::{ConfigProblems, Configuration, load, problem::Problem};
use crate::cli::arguments::CommandLine;

/// Good, and made up for these tests.
const SECRET: &str = "vUd7qYh2kX9mB4tRz1wLs8PcNf6JgEo3";

/// A working directory, an environment and a command line, none of them the process's.
struct Given {
    dir: TempDir,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
}

impl Given {
    fn nothing() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            arguments: vec!["vestibule".to_owned()],
        }
    }

    /// The least that production takes.
    fn production() -> Self {
        Self::nothing()
            .variable("VESTIBULE_PROFILE", "production")
            .variable("SECRET_KEY", SECRET)
            .variable("VESTIBULE_PUBLIC_URL", "https://maps.example.org")
            .variable("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1")
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    fn toml(self, text: &str) -> Self {
        self.file("vestibule.toml", text)
    }

    fn dotenv(self, text: &str) -> Self {
        self.file(".env", text)
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    fn flags(mut self, flags: &[&str]) -> Self {
        self.arguments.extend(flags.iter().map(ToString::to_string));
        self
    }

    fn load(&self) -> Result<Configuration, ConfigProblems> {
        let (flags, _) = CommandLine::parse_from(&self.arguments).into_parts();
        load(&flags, self.environment.clone(), self.dir.path())
    }

    #[track_caller]
    fn good(&self) -> Configuration {
        match self.load() {
            Ok(configuration) => configuration,
            Err(problems) => panic!("{problems}"),
        }
    }

    #[track_caller]
    fn problems(&self) -> Vec<Problem> {
        self.load().expect_err("a bad configuration was taken").0
    }

    /// The one problem there is.
    #[track_caller]
    fn problem(&self) -> Problem {
        let mut problems = self.problems();
        assert_eq!(problems.len(), 1, "{}", ConfigProblems(problems));
        problems.remove(0)
    }
}

/// Key, value as listed, and source as listed.
#[track_caller]
fn listed(configuration: &Configuration, key: &str) -> (String, String) {
    let entries = &configuration.entries;
    let entry = entries.iter().find(|entry| entry.key == key).unwrap();
    let value = match &entry.value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (value, entry.source.to_string())
}
