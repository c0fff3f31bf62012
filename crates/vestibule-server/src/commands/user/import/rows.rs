//! Rows of CSV with a header line (RFC 4180), or of JSON lines.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Read as _},
};

use serde::Deserialize;
use vestibule::core::{
    name::{EmailAddress, RoleName, UserName},
    time::Timestamp,
    user::{MAX_ROLES, UserStatus},
};

use super::moment;
use crate::commands::CommandError;

/// The most bytes of a row. One that has more is cut off there by a missing quotation mark or is no row of
/// this kind, and it must not fill the memory.
const MAX_ROW_BYTES: usize = 64 * 1024;

const FIELDS: &str = "username, email, password_hash, status, is_super_user, roles, created_at";

/// An account as the file has it, checked.
pub(super) struct Account {
    pub(super) username: UserName,
    pub(super) email: EmailAddress,
    pub(super) password_hash: Option<String>,
    pub(super) status: UserStatus,
    pub(super) is_super_user: bool,
    pub(super) roles: BTreeSet<RoleName>,
    pub(super) created_at: Option<Timestamp>,
}

/// A row, and the line that it begins on, counted from 1.
pub(super) struct Row {
    pub(super) line: u64,
    /// The user name as the file has it, as far as there is one.
    pub(super) name: String,
    /// Or why it is none.
    pub(super) account: Result<Account, String>,
}

/// The rows of a file, read as they are needed.
pub(super) enum Rows<R: BufRead> {
    /// `None` once the stream broke.
    Csv(Option<Box<csv::DeserializeRecordsIntoIter<Measured<R>, CsvRow>>>),
    /// `None` once the stream broke.
    JsonLines { input: Option<R>, line: u64, bytes: u64 },
}

impl<R: BufRead> Rows<R> {
    /// Looks which of the two it is: a JSON line begins with `{`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is neither.
    pub(super) fn begin(mut input: R) -> Result<Self, CommandError> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let failed = CommandError::Failed;
        let unreadable = |error| failed(format!("the file cannot be read: {error}"));
        if input.fill_buf().map_err(unreadable)?.starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        let start = input.fill_buf().map_err(unreadable)?;
        match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => {
                return Ok(Self::JsonLines { input: Some(input), line: 0, bytes: 0 });
            }
            Some(b'[') => {
                return Err(failed(
                    "the file is one JSON array; write one object a line".to_owned(),
                ));
            }
            Some(_) => {}
            None => return Err(failed(format!("the file is empty; its fields are {FIELDS}"))),
        }
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(Measured { input, left: MAX_ROW_BYTES });
        check_heads(reader.headers().map_err(|error| failed(error.to_string()))?)?;
        Ok(Self::Csv(Some(Box::new(reader.into_deserialize()))))
    }

    /// How much of the file is behind the rows so far, in bytes.
    pub(super) fn bytes_read(&self) -> u64 {
        match self {
            Self::Csv(records) => {
                records.as_ref().map_or(0, |records| records.reader().position().byte())
            }
            Self::JsonLines { bytes, .. } => *bytes,
        }
    }
}

const BUFFER_BYTES: usize = 8 * 1024;

/// A stream that breaks where a row goes on for too long.
pub(super) struct Measured<R> {
    input: R,
    /// So much may be read before the next row.
    left: usize,
}

impl<R: BufRead> io::Read for Measured<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.left = self.left.checked_sub(read).ok_or_else(|| {
            io::Error::other(format!(
                "a row is longer than {MAX_ROW_BYTES} bytes, perhaps for want of a quotation mark"
            ))
        })?;
        Ok(read)
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        match self {
            Self::Csv(source) => next_csv(source),
            Self::JsonLines { input, line, bytes } => next_json(input, line, bytes),
        }
    }
}

/// A row of CSV: everything is text, and what is missing is empty.
#[derive(Deserialize)]
pub(super) struct CsvRow {
    username: String,
    email: String,
    #[serde(default)]
    password_hash: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    is_super_user: String,
    #[serde(default)]
    roles: String,
    #[serde(default)]
    created_at: String,
}

impl CsvRow {
    fn account(self) -> Result<Account, String> {
        let is_super_user = match self.is_super_user.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" => true,
            "false" | "f" | "0" | "no" | "" => false,
            _ => return Err("is_super_user is neither true nor false".to_owned()),
        };
        JsonRow {
            username: self.username,
            email: self.email,
            password_hash: Some(self.password_hash),
            status: Some(self.status),
            is_super_user: Some(is_super_user),
            roles: Some(self.roles.split_whitespace().map(str::to_owned).collect()),
            created_at: Some(self.created_at.into()),
        }
        .account()
    }
}

/// A JSON line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRow {
    username: String,
    email: String,
    password_hash: Option<String>,
    status: Option<String>,
    is_super_user: Option<bool>,
    roles: Option<Vec<String>>,
    created_at: Option<serde_json::Value>,
}

impl JsonRow {
    fn account(self) -> Result<Account, String> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let roles = self.roles.unwrap_or_default();
        let roles: BTreeSet<_> = roles
            .iter()
            .map(|word| RoleName::parse(word))
            .collect::<Result<_, _>>()
            .map_err(|error| format!("roles: {error}"))?;
        if roles.len() > MAX_ROLES {
            return Err(format!("roles: one account can have {MAX_ROLES}"));
        }
        let status = match filled(self.status) {
            Some(word) => word
                .parse()
                .map_err(|_| "status is none of active, suspended, deleted".to_owned())?,
            None => UserStatus::Active,
        };
        Ok(Account {
            username: UserName::parse(&self.username)
                .map_err(|error| format!("username: {error}"))?,
            email: EmailAddress::parse(&self.email).map_err(|error| format!("email: {error}"))?,
            // Django writes it, with chance letters behind, for an account that has no password.
            password_hash: filled(self.password_hash).filter(|hash| !hash.starts_with('!')),
            status,
            is_super_user: self.is_super_user.unwrap_or(false),
            roles,
            created_at: created_at(self.created_at)?,
        })
    }
}

fn created_at(value: Option<serde_json::Value>) -> Result<Option<Timestamp>, String> {
    let text = match value {
        None | Some(serde_json::Value::Null) => return Ok(None),
        Some(serde_json::Value::String(text)) if text.is_empty() => return Ok(None),
        Some(serde_json::Value::String(text)) => text,
        // Whatever else it is, it is no number of seconds.
        Some(other) => other.to_string(),
    };
    let moment = moment::parse(&text).ok_or(
        "created_at is neither a date with or without time, like 2019-01-31T12:00:00Z, nor seconds since 1970",
    )?;
    Ok(Some(moment))
}

/// The next row. One that is none is refused; where the stream breaks, that is the last refusal.
fn next_csv<R: BufRead>(
    source: &mut Option<Box<csv::DeserializeRecordsIntoIter<Measured<R>, CsvRow>>>,
) -> Option<Row> {
    let records = source.as_mut()?;
    let line = records.reader().position().line();
    // What is in the buffer was counted for an earlier row, and may belong to this one.
    records.reader_mut().get_mut().left = MAX_ROW_BYTES;
    match records.next()? {
        Ok(row) => Some(Row { line, name: row.username.clone(), account: row.account() }),
        Err(error) if error.is_io_error() => {
            *source = None;
            let reason = format!("the file cannot be read further: {error}");
            Some(Row { line, name: String::new(), account: Err(reason) })
        }
        Err(error) => Some(Row { line, name: String::new(), account: Err(error.to_string()) }),
    }
}

/// The next line that is not blank. A line that is no row is refused; where the stream breaks, that is
/// the last refusal.
fn next_json(source: &mut Option<impl BufRead>, line: &mut u64, read: &mut u64) -> Option<Row> {
    loop {
        let mut bytes = Vec::new();
        *line += 1;
        let input = source.as_mut()?;
        let limit = u64::try_from(MAX_ROW_BYTES).unwrap_or(u64::MAX);
        let row = match input.by_ref().take(limit).read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(count) => {
                *read += u64::try_from(count).unwrap_or_default();
                if count == MAX_ROW_BYTES && !bytes.ends_with(b"\n") {
                    let skipped = skip_line(input);
                    *read += skipped.as_ref().copied().unwrap_or_default();
                    skipped.and(Err(Refusal::Row(format!(
                        "the line is longer than {MAX_ROW_BYTES} bytes"
                    ))))
                } else if bytes.trim_ascii().is_empty() {
                    continue;
                } else {
                    serde_json::from_slice::<JsonRow>(bytes.trim_ascii())
                        .map_err(|error| Refusal::Row(error.to_string()))
                }
            }
            Err(error) => Err(Refusal::Stream(error)),
        };
        let (name, account) = match row {
            Ok(row) => (row.username.clone(), row.account()),
            Err(Refusal::Row(reason)) => (String::new(), Err(reason)),
            Err(Refusal::Stream(error)) => {
                *source = None;
                (String::new(), Err(format!("the file cannot be read further: {error}")))
            }
        };
        return Some(Row { line: *line, name, account });
    }
}

enum Refusal {
    Row(String),
    Stream(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

/// Passes over what is left of a line, and says how much that was.
fn skip_line(input: &mut impl BufRead) -> Result<u64, Refusal> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(buffer.len(), |end| end + 1);
        let is_over = end.is_some() || count == 0;
        input.consume(count);
        skipped += u64::try_from(count).unwrap_or_default();
        if is_over {
            return Ok(skipped);
        }
    }
}

fn check_heads(heads: &csv::StringRecord) -> Result<(), CommandError> {
    let known: Vec<_> = FIELDS.split(", ").collect();
    if let Some(foreign) = heads.iter().find(|head| !known.contains(head)) {
        return Err(CommandError::Failed(format!(
            "the header line has the field “{}”, which is not known here; the fields are {FIELDS}",
            foreign.escape_debug()
        )));
    }
    if let Some(twice) =
        known.iter().find(|known| heads.iter().filter(|head| head == *known).count() > 1)
    {
        return Err(CommandError::Failed(format!("the header line has the field {twice} twice")));
    }
    for needed in ["username", "email"] {
        if !heads.iter().any(|head| head == needed) {
            return Err(CommandError::Failed(format!(
                "the header line has no field {needed}; the fields are {FIELDS}"
            )));
        }
    }
    Ok(())
}
