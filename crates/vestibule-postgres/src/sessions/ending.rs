//! Ending sessions.

use sqlx::PgConnection;
use vestibule_core::{
    id::{SessionId, UserId},
    session::EndReason,
    time::Timestamp,
};

use super::{Statement, bytes};
use crate::{error::DbError, feed, rows};

pub(crate) const END: &str = "UPDATE sessions SET end_at = $2, end_reason = $3 \
     WHERE id = $1 AND end_at IS NULL RETURNING user_id";

/// What changes many rows locks them first, in the order of their ids, so that nobody waits in a circle. By a
/// statement of its own: one that locked and changed would change what its snapshot showed, and on the way
/// from there to the row that it has locked it could wait for whoever waits for that row.
pub(crate) const OPEN_OF_USER: &str = "SELECT id FROM sessions \
     WHERE user_id = $1 AND end_at IS NULL AND id IS DISTINCT FROM $2 \
     ORDER BY id LIMIT $3 FOR NO KEY UPDATE";

pub(crate) const OPEN_OF_THESE: &str = "SELECT id FROM sessions \
     WHERE id = ANY($1::bytea[]) AND end_at IS NULL ORDER BY id FOR NO KEY UPDATE";

/// The next ones after an id.
pub(crate) const OPEN_AFTER: &str = "SELECT id FROM sessions \
     WHERE id > $1 AND end_at IS NULL ORDER BY id LIMIT $2 FOR NO KEY UPDATE";

pub(crate) const END_THESE: &str = "UPDATE sessions SET end_at = $2, end_reason = $3 \
     WHERE id = ANY($1::bytea[]) AND end_at IS NULL";

/// Ends one session; whose it was, or `None` where there is none that had not ended. The feed is for the caller
/// to append to, at the end of the transaction.
pub(crate) async fn end_one(
    connection: &mut PgConnection,
    id: SessionId,
    reason: EndReason,
    now: Timestamp,
) -> Result<Option<UserId>, DbError> {
    let end = sqlx::query(END).bind(bytes(&id)).bind(now.millis()).bind(reason.name());
    let row = end.fetch_optional(connection).await?;
    row.map(|row| rows::column(&row, 0).map(UserId)).transpose()
}

/// Ends a user's sessions and says which, likewise.
pub(crate) async fn end_of(
    connection: &mut PgConnection,
    user: UserId,
    except: Option<SessionId>,
    reason: EndReason,
    now: Timestamp,
) -> Result<Vec<SessionId>, DbError> {
    // All at once, with what belongs to it: an account has a bound.
    let open = sqlx::query(OPEN_OF_USER).bind(user.0).bind(except.as_ref().map(bytes));
    let open = open.bind(i64::MAX);
    end_found(connection, open, reason, now).await
}

/// Ends the sessions that the statement finds and locks, and appends each to the feed.
pub(super) async fn end_and_tell(
    connection: &mut PgConnection,
    open: Statement<'_>,
    reason: EndReason,
    now: Timestamp,
) -> Result<Vec<SessionId>, DbError> {
    let ended = end_found(connection, open, reason, now).await?;
    if !ended.is_empty() {
        feed::append_ended(connection, &ended, now).await?;
    }
    Ok(ended)
}

async fn end_found(
    connection: &mut PgConnection,
    open: Statement<'_>,
    reason: EndReason,
    now: Timestamp,
) -> Result<Vec<SessionId>, DbError> {
    let open = open.fetch_all(&mut *connection).await?;
    let open = rows::all(&open, |row| rows::session_id(row, 0))?;
    if open.is_empty() {
        return Ok(open);
    }
    sqlx::query(END_THESE)
        .bind(open.iter().map(bytes).collect::<Vec<_>>())
        .bind(now.millis())
        .bind(reason.name())
        .execute(&mut *connection)
        .await?;
    Ok(open)
}
