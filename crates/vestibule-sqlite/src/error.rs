//! What SQLite's failures mean to the contract.

use std::sync::Arc;

use rusqlite::ErrorCode;
use tokio::{sync::oneshot, time};
use vestibule_core::store::{StoreError, StoreResult};

use crate::DEADLINE;

/// Why an operation was not carried out, or not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum DbError {
    /// The operation itself failed.
    #[error(transparent)]
    Statement(Arc<rusqlite::Error>),
    /// The transaction that it was part of could not be begun or written.
    #[error("cannot write the transaction: {0}")]
    Transaction(Arc<rusqlite::Error>),
    /// Another operation failed in a way that took back the whole transaction.
    #[error("the transaction was rolled back because another operation in it failed")]
    TakenBack,
    /// More wait than could be served in time.
    #[error("too many operations are waiting for the database")]
    QueueFull,
    /// No answer in time.
    #[error("the database did not answer within {} s", DEADLINE.as_secs())]
    TooSlow,
    /// The thread is gone.
    #[error("the database is closed")]
    Closed,
}

impl DbError {
    pub(crate) fn statement(cause: rusqlite::Error) -> Self {
        Self::Statement(Arc::new(cause))
    }

    pub(crate) fn transaction(cause: rusqlite::Error) -> Self {
        Self::Transaction(Arc::new(cause))
    }
}

impl From<DbError> for StoreError {
    fn from(trouble: DbError) -> Self {
        match &trouble {
            DbError::Statement(cause) if is_unreadable(cause) => Self::unreadable(trouble),
            _ => Self::unavailable(trouble),
        }
    }
}

/// Waits for an answer, at most until the deadline.
pub(crate) async fn answer<T>(receiver: oneshot::Receiver<Result<T, DbError>>) -> StoreResult<T> {
    match time::timeout(DEADLINE, receiver).await {
        Ok(Ok(result)) => Ok(result?),
        Ok(Err(_)) => Err(DbError::Closed.into()),
        Err(_) => Err(DbError::TooSlow.into()),
    }
}

/// Whether trying again would read the same again. Everything else may pass: the disk gets room, the lock
/// is given back, the file system returns.
fn is_unreadable(cause: &rusqlite::Error) -> bool {
    match cause {
        rusqlite::Error::SqliteFailure(failure, _) => is_lasting(failure.code),
        // The statement does not fit the schema, which a newer version has changed meanwhile.
        rusqlite::Error::SqlInputError { error, .. } => is_lasting(error.code),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::InvalidColumnName(_)
        | rusqlite::Error::InvalidColumnIndex(_)
        | rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::ToSqlConversionFailure(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

const fn is_lasting(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::TypeMismatch
            | ErrorCode::Unknown
    )
}
