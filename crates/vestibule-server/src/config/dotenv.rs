//! `.env` files: `NAME=value` lines, as written for shells and containers.
//!
//! Values are taken as they stand. Nothing is expanded, so that a `$` in a password stays one.

use std::{fmt, iter::Peekable, str::Chars};

/// One `NAME=value` of a `.env` file. The value may be a secret, which `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The line it begins on, from 1.
    pub(crate) line: usize,
}

impl fmt::Debug for Assignment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}=… (line {})", self.name, self.line)
    }
}

/// A line that is no assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) wrong: &'static str,
}

/// Reads a whole file: its assignments in order, and the lines that are none.
pub(crate) fn parse(text: &str) -> (Vec<Assignment>, Vec<BadLine>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text.chars().peekable(), line: 1 };
    let (mut assignments, mut bad) = (Vec::new(), Vec::new());
    while reader.rest.peek().is_some() {
        match reader.assignment() {
            Ok(Some(assignment)) => assignments.push(assignment),
            Ok(None) => {}
            Err(line) => bad.push(line),
        }
    }
    (assignments, bad)
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    line: usize,
}

impl Reader<'_> {
    /// Reads one line, or several where quotes hold line ends. An empty line or a comment is `None`.
    fn assignment(&mut self) -> Result<Option<Assignment>, BadLine> {
        let line = self.line;
        let bad = |wrong| BadLine { line, wrong };
        let name = self.until(|character| matches!(character, '=' | '\n' | '#'));
        let name = name.trim();
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        if self.rest.next_if_eq(&'=').is_none() {
            self.skip_line();
            return if name.is_empty() { Ok(None) } else { Err(bad("is not NAME=value")) };
        }
        let name_is_good = !name.is_empty()
            && name
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character));
        if !name_is_good {
            self.skip_line();
            return Err(bad("has no name before the ="));
        }
        while self.rest.next_if(|blank| matches!(blank, ' ' | '\t')).is_some() {}
        let value = match self.rest.peek() {
            Some('\'') => self.single_quoted(),
            Some('"') => self.double_quoted(),
            _ => Ok(self.bare()),
        }
        .map_err(bad)?;
        let name = name.to_owned();
        Ok(Some(Assignment { name, value, line }))
    }

    /// Up to the end of the line, or up to a comment that a blank sets apart.
    fn bare(&mut self) -> String {
        let line = self.until(|character| character == '\n');
        self.skip_line();
        let comment = line
            .char_indices()
            .zip(line.chars().skip(1))
            .find(|((_, before), after)| before.is_whitespace() && *after == '#')
            .map(|((at, _), _)| at);
        let value = match comment {
            _ if line.starts_with('#') => "",
            Some(at) => line.get(..at).unwrap_or_default(),
            None => &line,
        };
        value.trim().to_owned()
    }

    fn single_quoted(&mut self) -> Result<String, &'static str> {
        self.step();
        let value = self.until(|character| character == '\'');
        self.close('\'', value)
    }

    fn double_quoted(&mut self) -> Result<String, &'static str> {
        self.step();
        let mut value = String::new();
        while let Some(character) = self.rest.next_if(|character| *character != '"') {
            self.count(character);
            let escaped = (character == '\\').then(|| self.step()).flatten();
            match escaped {
                None => value.push(character),
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(sign @ ('"' | '\\' | '$' | '`' | '\'')) => value.push(sign),
                // Not an escape: both characters were meant.
                Some(other) => value.extend(['\\', other]),
            }
        }
        self.close('"', value)
    }

    /// Takes the closing quote and refuses anything but a comment behind it.
    fn close(&mut self, quote: char, value: String) -> Result<String, &'static str> {
        if self.rest.next_if_eq(&quote).is_none() {
            return Err("opens a quotation mark and does not close it");
        }
        let behind = self.until(|character| character == '\n');
        self.skip_line();
        let behind = behind.trim();
        if behind.is_empty() || behind.starts_with('#') {
            Ok(value)
        } else {
            Err("continues after the closing quotation mark")
        }
    }

    fn until(&mut self, end: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(character) = self.rest.next_if(|character| !end(*character)) {
            self.count(character);
            text.push(character);
        }
        text
    }

    fn skip_line(&mut self) {
        while let Some(character) = self.step() {
            if character == '\n' {
                break;
            }
        }
    }

    fn step(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        self.count(character);
        Some(character)
    }

    fn count(&mut self, character: char) {
        if character == '\n' {
            self.line += 1;
        }
    }
}
