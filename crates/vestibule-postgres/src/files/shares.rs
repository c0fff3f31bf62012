//! With whom files are shared.

use sqlx::PgConnection;
use vestibule_core::id::UserId;
use vestibule_site::{
    file::{MAX_SHARES, ShareAccess},
    id::FileId,
    store::{Share, Shared},
};

use crate::{
    error::DbError,
    rows::{self, column},
};

/// The others: whoever has a share already keeps a place.
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM shares WHERE file_id = $1 AND user_id <> $2";

/// Where there is such a file.
pub(crate) const SET: &str = "INSERT INTO shares (file_id, user_id, access, created_at) \
     SELECT id, $2, $3, created_at FROM files WHERE id = $1 \
     ON CONFLICT (file_id, user_id) DO UPDATE SET access = excluded.access";

pub(crate) const REMOVE: &str = "DELETE FROM shares WHERE file_id = $1 AND user_id = $2";

pub(crate) const OF_FILES: &str = "SELECT shares.file_id, shares.user_id, users.username, shares.access \
     FROM unnest($1::bytea[]) WITH ORDINALITY AS wanted (id, number) \
     JOIN shares ON shares.file_id = wanted.id JOIN users ON users.id = shares.user_id \
     WHERE users.status <> 'deleted' ORDER BY wanted.number, shares.user_id";

pub(super) async fn set(
    connection: &mut PgConnection,
    id: FileId,
    with: UserId,
    access: ShareAccess,
) -> Result<Shared, DbError> {
    // Two who share one file count one after the other.
    if !super::hold_user(connection, with).await? || super::hold(connection, id).await?.is_none() {
        return Ok(Shared::Nobody);
    }
    let count = sqlx::query(COUNT).bind(&id.as_bytes()[..]).bind(with.0);
    let others: i64 = column(&count.fetch_one(&mut *connection).await?, 0)?;
    if others >= i64::from(MAX_SHARES) {
        return Ok(Shared::TooMany);
    }
    let set = sqlx::query(SET).bind(&id.as_bytes()[..]).bind(with.0).bind(access.name());
    set.execute(connection).await?;
    Ok(Shared::Done)
}

pub(super) async fn remove(
    connection: &mut PgConnection,
    id: FileId,
    with: UserId,
) -> Result<bool, DbError> {
    let remove = sqlx::query(REMOVE).bind(&id.as_bytes()[..]).bind(with.0);
    Ok(remove.execute(connection).await?.rows_affected() == 1)
}

pub(super) async fn of(
    connection: &mut PgConnection,
    files: &[FileId],
) -> Result<Vec<Share>, DbError> {
    let files: Vec<_> = files.iter().map(|id| &id.as_bytes()[..]).collect();
    rows::all(&sqlx::query(OF_FILES).bind(files).fetch_all(connection).await?, rows::share)
}
