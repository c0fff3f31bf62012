//! What PostgreSQL's failures mean to the contract, and to the connection they came from.
//!
//! Errors are told apart by their codes (SQLSTATE), never by their words, which are in the language of the
//! server.

use sqlx::postgres::{PgDatabaseError, PgSeverity};
use vestibule_core::store::StoreError;

use crate::{DEADLINE, pool::ATTEMPTS};

/// Why an operation was not carried out, or not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    /// The database or the way to it failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A row cannot be read by this version.
    #[error(transparent)]
    Row(Box<dyn std::error::Error + Send + Sync>),
    /// Somebody else was in the way, and the operation has to be carried out again.
    #[error(
        "the transaction kept conflicting with others and was given up after {ATTEMPTS} attempts"
    )]
    Raced,
    /// More wait than could be served in time.
    #[error("too many operations are waiting for the database")]
    Full,
    /// No connection in time.
    #[error("could not connect to the database in time")]
    NoConnection,
    /// No answer in time.
    #[error("the database did not answer within {} s", DEADLINE.as_secs())]
    TooSlow,
    /// The task that carried it out is gone, with the runtime.
    #[error("the operation was aborted because the program is stopping")]
    GivenUp,
}

/// What is to be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryClass {
    /// It is this operation's own, and the connection is as good as before.
    Final,
    /// The transaction was taken back for the sake of another one: carry it out again.
    Again,
    /// The connection is of no use any more, and probably neither are those made before it.
    Lost,
}

impl DbError {
    /// A row cannot be read, because of `cause`.
    pub(crate) fn row(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Row(cause.into())
    }

    pub(crate) fn verdict(&self) -> RetryClass {
        match self {
            Self::Raced => RetryClass::Again,
            Self::Row(_) => RetryClass::Final,
            Self::Database(cause) => verdict(cause),
            Self::Full | Self::NoConnection | Self::TooSlow | Self::GivenUp => RetryClass::Lost,
        }
    }

    /// Whether a row or a name is there already that may be there only once.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(self, Self::Database(cause) if code(cause).as_deref() == Some(UNIQUE_VIOLATION))
    }
}

impl From<DbError> for StoreError {
    fn from(trouble: DbError) -> Self {
        match &trouble {
            DbError::Row(_) => Self::unreadable(trouble),
            DbError::Database(cause) if is_unreadable(cause) => Self::unreadable(trouble),
            _ => Self::unavailable(trouble),
        }
    }
}

/// `unique_violation`.
const UNIQUE_VIOLATION: &str = "23505";
/// `duplicate_table`, `duplicate_object` and `unique_violation`: what is said to one of two who make a table,
/// depending on how far the other has come.
pub(crate) const MADE_BY_ANOTHER: [&str; 3] = ["42P07", "42710", UNIQUE_VIOLATION];
/// `invalid_catalog_name`: there is no such database.
pub(crate) const NO_DATABASE: &str = "3D000";
/// `invalid_authorization_specification` and `invalid_password`.
pub(crate) const NOT_LET_IN: [&str; 2] = ["28000", "28P01"];

/// The server is there, and has no connection to give at this moment: `cannot_connect_now`, while it starts or
/// recovers; `crash_shutdown` and `admin_shutdown`; `too_many_connections`.
pub(crate) const NOT_NOW: [&str; 4] = ["57P03", "57P02", "57P01", "53300"];

/// `serialization_failure` and `deadlock_detected`. Both have surely changed nothing.
const CONFLICTS: [&str; 2] = ["40001", "40P01"];
/// `read_only_sql_transaction`: this was the primary once, and another one is now.
const READ_ONLY: &str = "25006";
/// `undefined_table`, `undefined_column`, `undefined_function` and `datatype_mismatch`: the statement does
/// not fit the schema, which a newer version has changed meanwhile. `data_corrupted`, `index_corrupted`.
const LASTING: [&str; 6] = ["42P01", "42703", "42883", "42804", "XX001", "XX002"];

pub(crate) fn code(cause: &sqlx::Error) -> Option<String> {
    cause.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

fn verdict(cause: &sqlx::Error) -> RetryClass {
    let Some(answer) = cause.as_database_error() else {
        // Whatever the client itself has found wrong, the conversation is at an unknown place.
        return if is_unreadable(cause) { RetryClass::Final } else { RetryClass::Lost };
    };
    let code = answer.code().unwrap_or_default();
    let severity = answer.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
    if matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic)) || code == READ_ONLY {
        RetryClass::Lost
    } else if CONFLICTS.contains(&&*code) {
        RetryClass::Again
    } else {
        RetryClass::Final
    }
}

/// Whether trying again would read the same again. Everything else may pass: the server comes back, the lock
/// is released, the disk gets room.
fn is_unreadable(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Database(answer) => {
            answer.code().is_some_and(|code| LASTING.contains(&&*code))
        }
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::RowNotFound => true,
        _ => false,
    }
}
