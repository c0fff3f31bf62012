//! The listing of `vestibule config show`.

use std::fmt::Write;

use serde_json::{Value, json};

use super::sources::Source;

/// What is in force for one key, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: &'static str,
    /// Null where nothing is set.
    pub(crate) value: Value,
    pub(crate) source: Source,
}

/// For people: a line a key, in three columns.
pub(crate) fn text(entries: &[Entry]) -> String {
    let values: Vec<_> = entries
        .iter()
        .map(|entry| match &entry.value {
            Value::Null => absent(entry.key).to_owned(),
            value => value_text(value),
        })
        .collect();
    let key_width = entries.iter().map(|entry| entry.key.len()).max().unwrap_or(0);
    // One long URL does not push every source off the screen.
    let widths = values.iter().map(|value| value.chars().count());
    let value_width = widths.filter(|width| *width <= 48).max().unwrap_or(0);
    let mut listing = String::new();
    for (entry, value) in entries.iter().zip(&values) {
        let Entry { key, source, .. } = entry;
        // Writing to a string cannot fail.
        let _ = writeln!(listing, "{key:key_width$}  {value:value_width$}  {source}");
    }
    listing
}

/// For programs: an array of `{"key", "value", "source", "at"}`, `at` being the file and line, the
/// variable, the flag, the profile or the key that is followed, or null.
pub(crate) fn json(entries: &[Entry]) -> Value {
    entries.iter().map(entry_json).collect()
}

fn entry_json(entry: &Entry) -> Value {
    let (source, at) = match &entry.source {
        Source::Default => ("default", None),
        Source::Follows(key) => ("follows", Some((*key).to_owned())),
        Source::Profile(profile) => ("profile", Some(profile.to_string())),
        Source::File { path, line } => ("file", Some(format!("{}:{line}", path.display()))),
        Source::DotEnv { name, line } => ("dotenv", Some(format!(".env:{line}:{name}"))),
        Source::Environment { name } => ("environment", Some(name.clone())),
        Source::Flag { name } => ("flag", Some((*name).to_owned())),
    };
    json!({ "key": entry.key, "value": entry.value, "source": source, "at": at })
}

/// What happens without a value.
fn absent(key: &str) -> &'static str {
    match key {
        "secret_key" => "(generated on first start)",
        "mail.url" => "(files in data_dir)",
        _ => "-",
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(value_text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
