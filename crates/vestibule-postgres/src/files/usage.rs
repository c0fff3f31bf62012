//! What files an account has, counted on its quota.

use sqlx::PgConnection;
use vestibule_core::id::UserId;
use vestibule_site::{
    file::{Quota, Usage},
    store::NotKept,
};

use crate::{
    error::DbError,
    rows::{self, signed},
};

pub(crate) const READ: &str = "SELECT bytes, files FROM usages WHERE owner = $1";

pub(crate) const HOLD: &str = "SELECT bytes, files FROM usages WHERE owner = $1 FOR NO KEY UPDATE";

const MAKE: &str =
    "INSERT INTO usages (owner, bytes, files) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING";

pub(crate) const SET: &str = "UPDATE usages SET bytes = $2, files = $3 WHERE owner = $1";

pub(crate) const GIVE_BACK: &str = "UPDATE usages SET bytes = GREATEST(bytes - $2, 0), \
     files = GREATEST(files - 1, 0) WHERE owner = $1";

/// Counts another file of this size on the owner's quota.
pub(super) async fn reserve(
    connection: &mut PgConnection,
    owner: UserId,
    size: u64,
    quota: &Quota,
) -> Result<Result<(), NotKept>, DbError> {
    if !super::hold_user(connection, owner).await? {
        return Ok(Err(NotKept::NoOwner));
    }
    sqlx::query(MAKE).bind(owner.0).execute(&mut *connection).await?;
    match quota.add(read(connection, HOLD, owner).await?, size) {
        Ok(after) => set(connection, owner, after).await.map(Ok),
        Err(over) => Ok(Err(over.into())),
    }
}

/// Takes back what was counted of a file of this size.
pub(super) async fn give_back(
    connection: &mut PgConnection,
    owner: UserId,
    size: u64,
) -> Result<(), DbError> {
    sqlx::query(GIVE_BACK).bind(owner.0).bind(signed(size)).execute(connection).await?;
    Ok(())
}

pub(super) async fn read(
    connection: &mut PgConnection,
    statement: &'static str,
    owner: UserId,
) -> Result<Usage, DbError> {
    match sqlx::query(statement).bind(owner.0).fetch_optional(connection).await? {
        Some(row) => Ok(Usage { bytes: rows::unsigned(&row, 0)?, files: rows::unsigned(&row, 1)? }),
        None => Ok(Usage::default()),
    }
}

pub(super) async fn set(
    connection: &mut PgConnection,
    owner: UserId,
    usage: Usage,
) -> Result<(), DbError> {
    let set = sqlx::query(SET).bind(owner.0);
    set.bind(signed(usage.bytes)).bind(signed(usage.files)).execute(connection).await?;
    Ok(())
}
