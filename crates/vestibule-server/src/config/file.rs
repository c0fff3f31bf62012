//! `vestibule.toml`: flattened to dotted names, each with the line that it stands on.

use std::{fmt, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A value of the file under its dotted name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// `tokens.access_ttl`.
    pub(crate) name: String,
    pub(crate) value: LeafValue,
    /// From 1.
    pub(crate) line: usize,
}

/// What TOML made of a value. It may be a secret, which `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum LeafValue {
    Text(String),
    Whole(i64),
    Switch(bool),
    List(Vec<String>),
    /// A table with nothing in it.
    EmptySection,
    /// Something that no key takes: a fraction, a date, a mixed array.
    Other(&'static str),
}

impl fmt::Debug for LeafValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text(_) => "Text(…)",
            Self::Whole(_) => "Whole(…)",
            Self::Switch(_) => "Switch(…)",
            Self::List(_) => "List(…)",
            Self::EmptySection => "EmptySection",
            Self::Other(what) => what,
        })
    }
}

/// A file that is not TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// From 1.
    pub(crate) line: usize,
    /// What the parser says, without the line's text: that could hold a secret.
    pub(crate) wrong: String,
}

/// Reads a whole file.
pub(crate) fn parse(text: &str) -> Result<Vec<Leaf>, Syntax> {
    let table = DeTable::parse(text).map_err(|error| Syntax {
        line: line_of(text, error.span().unwrap_or_default()),
        wrong: error.message().replace('\n', ", "),
    })?;
    let mut leaves = Vec::new();
    flatten(text, "", table.get_ref(), &mut leaves);
    leaves.sort_by_key(|leaf| leaf.line);
    Ok(leaves)
}

fn flatten(text: &str, section: &str, table: &DeTable<'_>, leaves: &mut Vec<Leaf>) {
    for (key, value) in table {
        let name = if section.is_empty() {
            key.get_ref().to_string()
        } else {
            format!("{section}.{}", key.get_ref())
        };
        let line = line_of(text, key.span());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => flatten(text, &name, inner, leaves),
            value => leaves.push(Leaf { name, value: leaf(value), line }),
        }
    }
}

fn leaf(value: &DeValue<'_>) -> LeafValue {
    match value {
        DeValue::String(text) => LeafValue::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(LeafValue::Other("a number out of range"), LeafValue::Whole),
        DeValue::Boolean(switch) => LeafValue::Switch(*switch),
        DeValue::Array(items) => items
            .iter()
            .map(Spanned::get_ref)
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .map_or(LeafValue::Other("an array that contains more than strings"), LeafValue::List),
        DeValue::Table(_) => LeafValue::EmptySection,
        DeValue::Float(_) => LeafValue::Other("a fraction"),
        DeValue::Datetime(_) => LeafValue::Other("a date"),
    }
}

fn line_of(text: &str, span: Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}
