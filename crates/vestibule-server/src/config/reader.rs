//! Reads one key at a time: given or default, well written or not, and from where.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    str::FromStr,
};

use serde_json::Value;

use super::{
    addresses::MASK,
    keys::{self, Secrecy, Shape},
    problem::{Problem, ValueError},
    secret::Secret,
    show::Entry,
    sources::{Gathered, Given, GivenValue, Source},
    values::Switch,
};

/// The longest part of a value that a message quotes.
const LONGEST_QUOTE: usize = 80;

/// Hands out typed values and keeps account of what it met.
#[derive(Debug)]
pub(crate) struct Reader {
    given: BTreeMap<&'static str, Given>,
    pub(crate) service_port: Option<Given>,
    pub(crate) service_links: Vec<String>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) problems: Vec<Problem>,
    /// Keys whose value could not be read, so that no check is made against their default.
    pub(crate) broken: BTreeSet<&'static str>,
}

impl Reader {
    pub(crate) fn new(gathered: Gathered) -> Self {
        Self {
            given: gathered.values,
            service_port: gathered.service_port,
            service_links: gathered.service_links,
            entries: Vec::new(),
            problems: gathered.problems,
            broken: BTreeSet::new(),
        }
    }

    /// Lays a profile's defaults under what was given.
    pub(crate) fn underlay(&mut self, defaults: &[(&'static str, &str)], source: &Source) {
        for (name, text) in defaults {
            self.given.entry(name).or_insert_with(|| Given {
                value: GivenValue::Text((*text).to_owned()),
                source: source.clone(),
            });
        }
    }

    /// Whether anybody gave the key, however badly.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// A value in its own notation.
    pub(crate) fn value<T>(&mut self, name: &'static str, default: T) -> T
    where
        T: FromStr<Err = ValueError> + Display,
    {
        self.value_or(name, str::parse, (default, Source::Default))
    }

    /// A value that `read` understands, or a default with the reason for it.
    pub(crate) fn value_or<T: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, ValueError>,
        default: (T, Source),
    ) -> T {
        let (value, source) = self.take(name, read).unwrap_or(default);
        self.record(name, shown(name, &value), source);
        value
    }

    /// A value that may be absent.
    pub(crate) fn optional<T: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let (value, source) = self.take(name, read).unzip();
        let json = value.as_ref().map_or(Value::Null, |value| shown(name, value));
        self.record(name, json, source.unwrap_or(Source::Default));
        value
    }

    pub(crate) fn switch(&mut self, name: &'static str) -> bool {
        self.value(name, Switch(false)).0
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn number(
        &mut self,
        name: &'static str,
        default: u32,
        (least, most): (u32, u32),
    ) -> u32 {
        let read = |text: &str| match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(ValueError::new(
                format!("is not a whole number from {least} to {most}"),
                format!("write a number from {least} to {most}"),
            )),
        };
        self.value_or(name, read, (default, Source::Default))
    }

    /// A signing secret, which is neither shown nor quoted.
    pub(crate) fn secret(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<Secret, ValueError>,
    ) -> Option<Secret> {
        let (secret, source) = self.take(name, read).unzip();
        let json = secret.as_ref().map_or(Value::Null, |_| MASK.into());
        self.record(name, json, source.unwrap_or(Source::Default));
        secret
    }

    /// A list, each item read by `read`.
    pub(crate) fn list<T: Display>(
        &mut self,
        name: &'static str,
        read: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Vec<T> {
        let (items, source) = match self.given.get(name).cloned() {
            Some(Given { value, source }) => match value {
                GivenValue::List(items) => (items, source),
                GivenValue::Text(item) => (vec![item], source),
            },
            None => (Vec::new(), Source::Default),
        };
        let mut values = Vec::new();
        for item in items {
            match read(item.trim()) {
                Ok(value) => values.push(value),
                Err(error) => self.misread(name, &item, &source, error),
            }
        }
        let json = values.iter().map(ToString::to_string).collect();
        self.record(name, json, source);
        values
    }

    /// Replaces what the listing says of a key, where the value in force is not the one written.
    pub(crate) fn amend(&mut self, name: &str, value: &str, source: Option<Source>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == name) {
            entry.value = value.into();
            entry.source = source.unwrap_or(entry.source.clone());
        }
    }

    /// Notes a value that cannot be read.
    pub(crate) fn misread(
        &mut self,
        name: &'static str,
        text: &str,
        source: &Source,
        error: ValueError,
    ) {
        self.broken.insert(name);
        let subject = match keys::find(name).map(|key| key.secrecy) {
            Some(Secrecy::Open) => quoted(text),
            _ => "The value".to_owned(),
        };
        self.problems.push(Problem {
            key: name.to_owned(),
            place: Some(source.to_string()),
            wrong: format!("{subject} {}.", error.wrong),
            hint: sentence(&error.hint),
        });
    }

    fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<(T, Source)> {
        let Given { value, source } = self.given.get(name)?.clone();
        let text = match value {
            GivenValue::Text(text) => text,
            GivenValue::List(items) => items.join(","),
        };
        match read(&text) {
            Ok(value) => Some((value, source)),
            Err(error) => {
                self.misread(name, &text, &source, error);
                None
            }
        }
    }

    fn record(&mut self, key: &'static str, value: Value, source: Source) {
        self.entries.push(Entry { key, value, source });
    }
}

/// The value as JSON shows it: numbers and switches as such, everything else as it is written.
fn shown(name: &str, value: &impl Display) -> Value {
    let text = value.to_string();
    let json = match keys::find(name).map(|key| key.shape) {
        Some(Shape::Switch | Shape::Number) => serde_json::from_str(&text).ok(),
        _ => None,
    };
    json.unwrap_or(Value::String(text))
}

fn quoted(text: &str) -> String {
    let mut quote: String = text.chars().take(LONGEST_QUOTE).collect();
    if quote.len() < text.len() {
        quote.push('…');
    }
    // `{:?}` keeps control characters from reaching the terminal.
    format!("{quote:?}")
}

fn sentence(phrase: &str) -> String {
    let mut characters = phrase.chars();
    let first = characters.next().map(char::to_uppercase);
    let rest = characters.as_str();
    let stop = if phrase.ends_with('.') { "" } else { "." };
    first.into_iter().flatten().collect::<String>() + rest + stop
}
