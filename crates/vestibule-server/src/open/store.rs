//! The store that the settings name: opened, made, brought up to date.

use std::{path::Path, sync::Arc};

use vestibule::core::store::{FeedNotifier, SiteStore};
use vestibule_sqlite::{OpenError, OpenOptions, SchemaState, ServerLock, SqliteStore};

use super::{blocking, check_parts, make_data_dir};
use crate::{
    commands::CommandError,
    config::{DatabaseUrl, Profile, Settings},
};

/// The store of a site, and what came with it.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn SiteStore>,
    /// What wakes the other nodes, where there may be any.
    pub(crate) notifier: Option<Arc<dyn FeedNotifier>>,
}

/// Opens the store. In development it is made and brought up to date where it has to be; elsewhere
/// `vestibule migrate` does that.
///
/// # Errors
/// [`CommandError::Usage`] where the schema is not the present one, or the store is of a kind that this
/// version does not have; [`CommandError::Failed`] where it cannot be used.
pub(crate) async fn open_store(settings: &Settings) -> Result<Opened, CommandError> {
    check_parts(settings)?;
    let may_change = settings.profile == Profile::Development;
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) => {
            if may_change {
                make_data_dir(settings)?;
            }
            let path = path.clone();
            let options = OpenOptions { create: may_change, migrate: may_change };
            let opened = blocking(move || SqliteStore::open(&path, options)).await?;
            let store = Arc::new(opened.map_err(sqlite_error)?);
            // Its one server reads the feed for what commands change, and they have nobody to wake it by.
            Ok(Opened { store, notifier: None })
        }
        DatabaseUrl::Postgres(_) => Err(no_postgres(settings)),
    }
}

/// Keeps other servers away from a database that only one may serve; `None` where there may be many. Held
/// for as long as the site is served.
///
/// # Errors
/// [`CommandError::Failed`] where another server is at it.
pub(crate) fn lock_for_serving(settings: &Settings) -> Result<Option<ServerLock>, CommandError> {
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) => vestibule_sqlite::lock_for_serving(path)
            .map(Some)
            .map_err(|error| CommandError::Failed(error.to_string())),
        DatabaseUrl::Postgres(_) => Ok(None),
    }
}

/// Brings the database up to date, making it where there is none, and says what was done.
///
/// # Errors
/// [`CommandError::Usage`] where the schema is newer than this version.
pub(crate) async fn migrate(settings: &Settings) -> Result<String, CommandError> {
    check_parts(settings)?;
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) => {
            make_data_dir(settings)?;
            let file = path.clone();
            let found = blocking(move || SqliteStore::migrate(&file)).await?;
            Ok(migrated_sqlite(path, found.map_err(sqlite_error)?))
        }
        DatabaseUrl::Postgres(_) => Err(no_postgres(settings)),
    }
}

fn migrated_sqlite(path: &Path, found: SchemaState) -> String {
    let shown = path.display();
    match found {
        SchemaState::Behind { from: 0, to } => {
            format!("The database {shown} was made, with schema version {to}.\n")
        }
        SchemaState::Behind { from, to } => {
            format!("The database {shown} was brought from schema version {from} to {to}.\n")
        }
        SchemaState::UpToDate | SchemaState::Ahead { .. } => {
            format!("The database {shown} is up to date.\n")
        }
    }
}

fn no_postgres(settings: &Settings) -> CommandError {
    check_parts(settings).err().unwrap_or_else(|| {
        CommandError::Usage("database_url is not a SQLite file; write sqlite://FILE".to_owned())
    })
}

/// What [`OpenError`] means to a command.
fn sqlite_error(error: OpenError) -> CommandError {
    match error {
        OpenError::Behind { .. }
        | OpenError::Ahead { .. }
        | OpenError::Missing { .. }
        | OpenError::Foreign { .. } => CommandError::Usage(error.to_string()),
        _ => CommandError::Failed(error.to_string()),
    }
}
