//! Rows of CSV with a header line (RFC 4180), or of JSON lines.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Read as _},
};

use serde::Deserialize;
use serde_json::Value;
use vestibule::core::{
    name::{EmailAddress, RoleName, UserName},
    time::Timestamp,
    user::{MAX_ROLES, UserStatus},
};

use super::moment;
use crate::error::CommandError;

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
        let unreadable = |error| failed(format!("cannot read the file: {error}"));
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
                    "the file is a JSON array; write one object per line".to_owned(),
                ));
            }
            Some(_) => {}
            None => return Err(failed(format!("the file is empty; the fields are {FIELDS}"))),
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
                "a row is longer than {MAX_ROW_BYTES} bytes; perhaps a quotation mark is missing"
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
        JsonRow {
            username: self.username.into(),
            email: self.email.into(),
            password_hash: self.password_hash.into(),
            status: self.status.into(),
            is_super_user: self.is_super_user.into(),
            roles: self.roles.into(),
            created_at: self.created_at.into(),
        }
        .account()
    }
}

/// A JSON line. What is missing is `null`, and each field is read by itself, so that a refusal can name it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct JsonRow {
    username: Value,
    email: Value,
    password_hash: Value,
    status: Value,
    is_super_user: Value,
    roles: Value,
    created_at: Value,
}

impl JsonRow {
    fn account(self) -> Result<Account, String> {
        let status = match &*text("status", self.status)? {
            "" => UserStatus::Active,
            word => word
                .parse()
                .map_err(|_| "status must be active, suspended or deleted".to_owned())?,
        };
        let password_hash = text("password_hash", self.password_hash)?;
        // Django writes it, with chance letters behind, for an account that has no password.
        let has_password = !password_hash.is_empty() && !password_hash.starts_with('!');
        Ok(Account {
            username: UserName::parse(&text("username", self.username)?)
                .map_err(|error| format!("username: {error}"))?,
            email: EmailAddress::parse(&text("email", self.email)?)
                .map_err(|error| format!("email: {error}"))?,
            password_hash: has_password.then_some(password_hash),
            status,
            is_super_user: switch("is_super_user", self.is_super_user)?,
            roles: roles(self.roles)?,
            created_at: created_at(self.created_at)?,
        })
    }
}

fn text(field: &str, value: Value) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        _ => Err(format!("{field} must be a string")),
    }
}

/// Yes or no, in the ways in which databases write it.
fn switch(field: &str, value: Value) -> Result<bool, String> {
    let word = match value {
        Value::Null => return Ok(false),
        Value::Bool(is_on) => return Ok(is_on),
        Value::String(word) => word.to_ascii_lowercase(),
        other => other.to_string(),
    };
    match &*word {
        "true" | "t" | "1" | "yes" => Ok(true),
        "false" | "f" | "0" | "no" | "" => Ok(false),
        _ => Err(format!("{field} must be true or false")),
    }
}

/// Words in an array, or in a text with spaces between them.
fn roles(value: Value) -> Result<BTreeSet<RoleName>, String> {
    let words = match value {
        Value::Array(words) => {
            words.into_iter().map(|word| text("roles", word)).collect::<Result<_, _>>()?
        }
        other => text("roles", other)?.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
    };
    let parsed = words.iter().map(|word| RoleName::parse(word)).collect::<Result<BTreeSet<_>, _>>();
    let roles = parsed.map_err(|error| format!("roles: {error}"))?;
    if roles.len() > MAX_ROLES {
        return Err(format!("roles: an account can have at most {MAX_ROLES}"));
    }
    Ok(roles)
}

fn created_at(value: Value) -> Result<Option<Timestamp>, String> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => text,
        // Whatever else it is, it is no number of seconds.
        other => other.to_string(),
    };
    let moment = moment::parse(&text).ok_or(
        "created_at must be a date with or without time, such as 2019-01-31T12:00:00Z, or seconds since 1970",
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
            let reason = format!("cannot read the rest of the file: {error}");
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
                        .map_err(|error| Refusal::Row(without_place(&error)))
                }
            }
            Err(error) => Err(Refusal::Stream(error)),
        };
        let (name, account) = match row {
            Ok(row) => (row.username.as_str().unwrap_or_default().to_owned(), row.account()),
            Err(Refusal::Row(reason)) => (String::new(), Err(reason)),
            Err(Refusal::Stream(error)) => {
                *source = None;
                (String::new(), Err(format!("cannot read the rest of the file: {error}")))
            }
        };
        return Some(Row { line: *line, name, account });
    }
}

/// What is wrong with a line, without the place in it: for JSON each line is the first.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line 1 ").next().unwrap_or_default().to_owned()
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
            "the header line has the unknown field “{}”; the fields are {FIELDS}",
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
                "the header line lacks the field {needed}; the fields are {FIELDS}"
            )));
        }
    }
    Ok(())
}
