//! Shares that wait to be accepted.

use sqlx::PgConnection;
use vestibule_core::{id::UserId, name::UserName, time::Timestamp};
use vestibule_site::{
    file::{MAX_SHARES, ShareAccess},
    id::FileId,
    store::{Offer, Shared},
};

use crate::{
    error::DbError,
    rows::{self, column},
};

/// Where somebody of this name has a share already.
pub(crate) const CHANGE_SHARE: &str = "UPDATE shares SET access = $3 WHERE file_id = $1 \
     AND user_id = (SELECT id FROM users WHERE username_key = $2)";

/// Shares and offers to others.
pub(crate) const COUNT: &str = "SELECT (SELECT COUNT(*) FROM shares WHERE file_id = $1) \
     + (SELECT COUNT(*) FROM offers WHERE file_id = $1 AND name_key <> $2)";

/// Where there is such a file.
pub(crate) const MAKE: &str = "INSERT INTO offers (file_id, name_key, name, access, created_at, made_at) \
     SELECT id, $2, $3, $4, created_at, $5 FROM files WHERE id = $1 \
     ON CONFLICT (file_id, name_key) DO UPDATE SET name = excluded.name, access = excluded.access, \
     made_at = excluded.made_at";

pub(crate) const ACCEPT: &str = "INSERT INTO shares (file_id, user_id, access, created_at) \
     SELECT offers.file_id, users.id, offers.access, offers.created_at FROM users \
     JOIN offers ON offers.file_id = $1 AND offers.name_key = users.username_key \
     WHERE users.id = $2 AND offers.made_at >= users.created_at \
     ON CONFLICT (file_id, user_id) DO UPDATE SET access = excluded.access";

pub(crate) const ACCEPTED: &str = "DELETE FROM offers WHERE file_id = $1 \
     AND name_key = (SELECT username_key FROM users WHERE id = $2)";

pub(crate) const WITHDRAW: &str = "DELETE FROM offers WHERE file_id = $1 AND name_key = $2";

pub(crate) const OF_FILES: &str = "SELECT offers.file_id, offers.name, offers.access \
     FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (id, number) \
     JOIN offers ON offers.file_id = wanted.id ORDER BY wanted.number, offers.name_key";

pub(super) async fn make(
    connection: &mut PgConnection,
    id: FileId,
    to: &UserName,
    access: ShareAccess,
    now: Timestamp,
) -> Result<Shared, DbError> {
    // Two who share one file count one after the other.
    if super::hold(connection, id).await?.is_none() {
        return Ok(Shared::Nobody);
    }
    let bytes = &id.as_bytes()[..];
    let change = sqlx::query(CHANGE_SHARE).bind(bytes).bind(to.key()).bind(access.name());
    if change.execute(&mut *connection).await?.rows_affected() == 1 {
        return Ok(Shared::Done);
    }
    let count = sqlx::query(COUNT).bind(bytes).bind(to.key());
    let others: i64 = column(&count.fetch_one(&mut *connection).await?, 0)?;
    if others >= i64::from(MAX_SHARES) {
        return Ok(Shared::TooMany);
    }
    let make = sqlx::query(MAKE).bind(bytes).bind(to.key()).bind(to.as_str());
    make.bind(access.name()).bind(now.millis()).execute(connection).await?;
    Ok(Shared::Done)
}

pub(super) async fn accept(
    connection: &mut PgConnection,
    id: FileId,
    reader: UserId,
) -> Result<bool, DbError> {
    let bytes = &id.as_bytes()[..];
    let accept = sqlx::query(ACCEPT).bind(bytes).bind(reader.0);
    if accept.execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(ACCEPTED).bind(bytes).bind(reader.0).execute(connection).await?;
    Ok(true)
}

pub(super) async fn withdraw(
    connection: &mut PgConnection,
    id: FileId,
    to: &UserName,
) -> Result<bool, DbError> {
    let withdraw = sqlx::query(WITHDRAW).bind(&id.as_bytes()[..]).bind(to.key());
    Ok(withdraw.execute(connection).await?.rows_affected() == 1)
}

pub(super) async fn of(
    connection: &mut PgConnection,
    files: &[FileId],
) -> Result<Vec<Offer>, DbError> {
    let files: Vec<_> = files.iter().map(|id| &id.as_bytes()[..]).collect();
    rows::all(&sqlx::query(OF_FILES).bind(files).fetch_all(connection).await?, rows::offer)
}
