//! Versions of the schema.

use rusqlite::{Connection, TransactionBehavior};

/// The steps from an empty file to the present schema; the file counts in `user_version` how many it has
/// taken. A step that was released is never changed: a new one comes after it.
const STEPS: [&str; 13] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_history.sql"),
    include_str!("../migrations/0003_files.sql"),
    include_str!("../migrations/0004_audit.sql"),
    include_str!("../migrations/0005_mail.sql"),
    include_str!("../migrations/0006_locale.sql"),
    include_str!("../migrations/0007_deletion.sql"),
    include_str!("../migrations/0008_epoch.sql"),
    include_str!("../migrations/0009_values.sql"),
    include_str!("../migrations/0010_one_time_session.sql"),
    include_str!("../migrations/0011_offers.sql"),
    include_str!("../migrations/0012_erased_names.sql"),
    include_str!("../migrations/0013_oldest_generation.sql"),
];

/// What `application_id` says of a file of ours: `Vsti`.
const APPLICATION: i32 = 0x5673_7469;

/// How a file's schema stands to the one that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// It is the same.
    UpToDate,
    /// It is older: `vestibule migrate` brings it up to date.
    Behind {
        /// The file's version; 0 for an empty file.
        from: u32,
        /// The version that this one knows.
        to: u32,
    },
    /// It was made by a newer version, and only that one may use it.
    Ahead {
        /// The file's version.
        found: u32,
        /// The version that this one knows.
        known: u32,
    },
}

/// How the file stands, or `None` where it belongs to another program.
pub(crate) fn state(connection: &Connection) -> rusqlite::Result<Option<SchemaState>> {
    // One snapshot for all that is asked: somebody may be migrating at this moment.
    let snapshot = connection.unchecked_transaction()?;
    read(&snapshot)
}

/// Takes the steps that are missing, all or none, and gives the state that was found. Of two processes
/// that do so at once, the second finds nothing to do.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<Option<SchemaState>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = read(&transaction)?;
    if let Some(SchemaState::Behind { from, to }) = found {
        for step in STEPS.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", to)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.commit()?;
        tracing::info!(from, to, "migrated the schema of the database");
    }
    Ok(found)
}

fn read(connection: &Connection) -> rusqlite::Result<Option<SchemaState>> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION && !(application == 0 && found == 0 && is_empty(connection)?) {
        return Ok(None);
    }
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    Ok(Some(match found.cmp(&known) {
        std::cmp::Ordering::Less => SchemaState::Behind { from: found, to: known },
        std::cmp::Ordering::Equal => SchemaState::UpToDate,
        std::cmp::Ordering::Greater => SchemaState::Ahead { found, known },
    }))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}
