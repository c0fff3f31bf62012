//! Rows of CSV with a header line (RFC 4180), or of JSON lines.

use std::{collections::BTreeSet, io::BufRead};

use serde::Deserialize;
use vestibule::core::{
    name::{EmailAddress, RoleName, UserName},
    user::{MAX_ROLES, UserStatus},
};

use crate::commands::CommandError;

const FIELDS: &str = "username, email, password_hash, status, is_super_user, roles, created_at";

/// An account as the file has it, checked.
pub(super) struct Account {
    pub(super) username: UserName,
    pub(super) email: EmailAddress,
    pub(super) password_hash: Option<String>,
    pub(super) status: UserStatus,
    pub(super) is_super_user: bool,
    pub(super) roles: BTreeSet<RoleName>,
    pub(super) has_created_at: bool,
}

/// A row, and the line that it begins on, counted from 1.
pub(super) struct Row {
    pub(super) line: u64,
    /// Or why it is none.
    pub(super) account: Result<Account, String>,
}

/// The rows of a file, read as they are needed.
pub(super) enum Rows<R: BufRead> {
    Csv(csv::DeserializeRecordsIntoIter<R, CsvRow>),
    /// `None` once the stream broke.
    JsonLines {
        input: Option<R>,
        line: u64,
    },
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
                return Ok(Self::JsonLines { input: Some(input), line: 0 });
            }
            Some(b'[') => {
                return Err(failed(
                    "the file is one JSON array; write one object a line".to_owned(),
                ));
            }
            Some(_) => {}
            None => return Err(failed(format!("the file is empty; its fields are {FIELDS}"))),
        }
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
        check_heads(reader.headers().map_err(|error| failed(error.to_string()))?)?;
        Ok(Self::Csv(reader.into_deserialize()))
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        match self {
            Self::Csv(records) => {
                let line = records.reader().position().line();
                let account = match records.next()? {
                    Ok(row) => row.account(),
                    Err(error) => Err(error.to_string()),
                };
                Some(Row { line, account })
            }
            Self::JsonLines { input, line } => next_json(input, line),
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
            created_at: (!self.created_at.is_empty()).then_some(self.created_at.into()),
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
            password_hash: filled(self.password_hash),
            status,
            is_super_user: self.is_super_user.unwrap_or(false),
            roles,
            has_created_at: self.created_at.is_some(),
        })
    }
}

/// The next line that is not blank. A line that is no row is refused; where the stream breaks, that is
/// the last refusal.
fn next_json(source: &mut Option<impl BufRead>, line: &mut u64) -> Option<Row> {
    loop {
        let mut bytes = Vec::new();
        *line += 1;
        let account = match source.as_mut()?.read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(_) if bytes.trim_ascii().is_empty() => continue,
            Ok(_) => serde_json::from_slice::<JsonRow>(bytes.trim_ascii())
                .map_err(|error| error.to_string())
                .and_then(JsonRow::account),
            Err(error) => {
                *source = None;
                Err(format!("the file cannot be read further: {error}"))
            }
        };
        return Some(Row { line: *line, account });
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
    for needed in ["username", "email"] {
        if !heads.iter().any(|head| head == needed) {
            return Err(CommandError::Failed(format!(
                "the header line has no field {needed}; the fields are {FIELDS}"
            )));
        }
    }
    Ok(())
}
