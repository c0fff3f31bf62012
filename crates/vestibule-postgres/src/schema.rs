//! Versions of the schema.

use std::cmp::Ordering;

use sqlx::PgConnection;

use crate::{
    error::{self, DbError},
    rows,
};

/// The steps from an empty database to the present schema; `vestibule_schema` counts how many the database
/// has taken. A step that was released is never changed: a new one comes after it.
const STEPS: [&str; 12] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_files.sql"),
    include_str!("../migrations/0003_audit.sql"),
    include_str!("../migrations/0004_mail.sql"),
    include_str!("../migrations/0005_locale.sql"),
    include_str!("../migrations/0006_deletion.sql"),
    include_str!("../migrations/0007_epoch.sql"),
    include_str!("../migrations/0008_values.sql"),
    include_str!("../migrations/0009_one_time_session.sql"),
    include_str!("../migrations/0010_offers.sql"),
    include_str!("../migrations/0011_erased_names.sql"),
    include_str!("../migrations/0012_oldest_generation.sql"),
];

/// What there is in the schema in which tables are made: our version's table, or else any relation that does
/// not belong to an extension.
const LOOK: &str = "WITH present AS ( \
     SELECT relation.oid, relation.relname FROM pg_class AS relation \
     JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace \
     WHERE schema.nspname = current_schema() AND relation.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')) \
     SELECT EXISTS (SELECT FROM present WHERE relname = 'vestibule_schema'), \
     EXISTS (SELECT FROM present WHERE NOT EXISTS (SELECT FROM pg_depend AS depends \
     WHERE depends.classid = 'pg_class'::regclass AND depends.objid = present.oid \
     AND depends.deptype = 'e')), \
     current_setting('server_encoding')";

const MAKE: &str = "BEGIN; \
     CREATE TABLE vestibule_schema (one boolean PRIMARY KEY CHECK (one), version bigint NOT NULL); \
     INSERT INTO vestibule_schema (one, version) VALUES (true, 0); \
     COMMIT";

const VERSION: &str = "SELECT version FROM vestibule_schema WHERE one";

/// Whoever gets the row migrates; the others wait here, and find it done.
pub(crate) const VERSION_ALONE: &str = "SELECT version FROM vestibule_schema WHERE one FOR UPDATE";

const RAISE: &str = "UPDATE vestibule_schema SET version = $1 WHERE one";

/// How long to wait for somebody else's migration.
const PATIENCE: &str = "SET lock_timeout = '10min'";

/// How a database's schema stands to the one that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// It is the same.
    UpToDate,
    /// It is older: `vestibule migrate` brings it up to date.
    Behind {
        /// The database's version; 0 for an empty one.
        from: u32,
        /// The version that this one knows.
        to: u32,
    },
    /// It was made by a newer version, and only that one may use it.
    Ahead {
        /// The database's version.
        found: u32,
        /// The version that this one knows.
        known: u32,
    },
}

/// What was found in a database.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing, or a schema of ours.
    Ours(SchemaState),
    /// Tables of another program.
    Foreign,
    /// An encoding other than UTF-8.
    Encoding(String),
}

pub(crate) async fn find(connection: &mut PgConnection) -> Result<Found, DbError> {
    let row = sqlx::query(LOOK).fetch_one(&mut *connection).await?;
    let (is_ours, is_used): (bool, bool) = (rows::column(&row, 0)?, rows::column(&row, 1)?);
    let encoding: String = rows::column(&row, 2)?;
    if encoding != "UTF8" {
        Ok(Found::Encoding(encoding))
    } else if is_ours {
        version(connection, VERSION).await.map(|version| Found::Ours(state(version)))
    } else if is_used {
        Ok(Found::Foreign)
    } else {
        Ok(Found::Ours(state(0)))
    }
}

/// Takes the steps that are missing, all or none, and gives the state that was found.
pub(crate) async fn migrate(connection: &mut PgConnection) -> Result<Found, DbError> {
    sqlx::raw_sql(PATIENCE).execute(&mut *connection).await?;
    match find(connection).await? {
        Found::Ours(SchemaState::Behind { from: 0, .. }) => make(connection).await?,
        Found::Ours(SchemaState::Behind { .. }) => {}
        found => return Ok(found),
    }
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    // Asked again inside the transaction: another process may have been at it meanwhile.
    let found = state(version(connection, VERSION_ALONE).await?);
    if let SchemaState::Behind { from, to } = found {
        for step in STEPS.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
            sqlx::raw_sql(*step).execute(&mut *connection).await?;
        }
        sqlx::query(RAISE).bind(i64::from(to)).execute(&mut *connection).await?;
        sqlx::raw_sql("COMMIT").execute(connection).await?;
        tracing::info!(from, to, "migrated the schema of the database");
    } else {
        sqlx::raw_sql("ROLLBACK").execute(connection).await?;
    }
    Ok(Found::Ours(found))
}

/// Makes the table that holds the version, unless somebody else does at the same time. Even with IF NOT
/// EXISTS two could meet here: PostgreSQL looks first and makes later.
async fn make(connection: &mut PgConnection) -> Result<(), DbError> {
    let Err(cause) = sqlx::raw_sql(MAKE).execute(&mut *connection).await else {
        return Ok(());
    };
    if !error::code(&cause).is_some_and(|code| error::MADE_BY_ANOTHER.contains(&&*code)) {
        return Err(cause.into());
    }
    sqlx::raw_sql("ROLLBACK").execute(connection).await?;
    Ok(())
}

async fn version(connection: &mut PgConnection, statement: &'static str) -> Result<u32, DbError> {
    let row = sqlx::query(statement).fetch_one(connection).await?;
    u32::try_from(rows::column::<i64>(&row, 0)?).map_err(DbError::row)
}

fn state(found: u32) -> SchemaState {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    match found.cmp(&known) {
        Ordering::Less => SchemaState::Behind { from: found, to: known },
        Ordering::Equal => SchemaState::UpToDate,
        Ordering::Greater => SchemaState::Ahead { found, known },
    }
}
