//! Telling whether something between here and PostgreSQL gives each transaction another connection.

use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgConnectOptions};

use crate::{error::DbError, pool};

/// How often it is looked: a pool that hands its connections out in turn gives the same one now and then.
const LOOKS: u32 = 3;

/// Whether a connection of ours is one connection to the server, as everything that lasts longer than a transaction
/// needs: prepared statements, settings, `LISTEN`.
///
/// A pool in transaction mode (PgBouncer's `pool_mode = transaction`, and others like it) gives a transaction whichever
/// connection is free. So while a transaction holds one, what another connection of ours says outside of any comes from
/// the same server process, or from one process now and another one then.
pub(crate) async fn keeps_its_connections(options: &PgConnectOptions) -> Result<bool, DbError> {
    let mut one = pool::connect_patiently(options).await?;
    let mut other = pool::connect_patiently(options).await?;
    let mine = process(&mut one).await?;
    let mut is_kept = true;
    for _ in 0..LOOKS {
        sqlx::raw_sql("BEGIN").execute(&mut other).await?;
        is_kept = process(&mut other).await? != mine && process(&mut one).await? == mine;
        sqlx::raw_sql("COMMIT").execute(&mut other).await?;
        if !is_kept {
            break;
        }
    }
    // Whether they part in good order changes nothing.
    let _ = one.close().await;
    let _ = other.close().await;
    Ok(is_kept)
}

/// The process of the server that answers. Asked without preparing a statement, which may not be there the next moment.
async fn process(connection: &mut PgConnection) -> Result<i32, DbError> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}
