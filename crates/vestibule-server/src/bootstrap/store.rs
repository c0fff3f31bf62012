//! The store that the settings name: opened, made, brought up to date.

use std::{path::Path, sync::Arc};

use vestibule::core::store::FeedNotifier;
use vestibule_postgres::{PoolOptions, PostgresStore};
use vestibule_site::store::SiteStore;
use vestibule_sqlite::{OpenOptions, SchemaState, ServerLock, SqliteStore};

use super::make_data_dir;
use crate::blocking;
use crate::{
    config::{DatabaseUrl, Profile, ServiceUrl, Settings},
    error::CommandError,
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
/// [`CommandError::Usage`] where the schema is not the present one, [`CommandError::Away`] where a server
/// cannot be reached, [`CommandError::Failed`] where the store cannot be used.
pub(crate) async fn open_store(settings: &Settings) -> Result<Opened, CommandError> {
    let may_change = settings.profile == Profile::Development;
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) => {
            if may_change {
                make_data_dir(settings)?;
            }
            let path = path.clone();
            let options = OpenOptions { create: may_change, migrate: may_change };
            let opened = blocking::run(move || SqliteStore::open(&path, options)).await?;
            let store = Arc::new(opened.map_err(sqlite_error)?);
            // Its one server reads the feed for what commands change, and they have nobody to wake it by.
            Ok(Opened { store, notifier: None })
        }
        DatabaseUrl::Postgres(url) => {
            if may_change {
                PostgresStore::migrate(url.expose()).await.map_err(postgres_error)?;
            }
            let opened = PostgresStore::connect(url.expose(), PoolOptions::default()).await;
            let store = opened.map_err(postgres_error)?;
            let notifier = Arc::new(store.notifier());
            Ok(Opened { store: Arc::new(store), notifier: Some(notifier) })
        }
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
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) => {
            make_data_dir(settings)?;
            let file = path.clone();
            let found = blocking::run(move || SqliteStore::migrate(&file)).await?;
            Ok(migrated_sqlite(path, found.map_err(sqlite_error)?))
        }
        DatabaseUrl::Postgres(url) => {
            let found = PostgresStore::migrate(url.expose()).await.map_err(postgres_error)?;
            Ok(migrated_postgres(url, found))
        }
    }
}

fn migrated_sqlite(path: &Path, found: SchemaState) -> String {
    let shown = path.display();
    match found {
        SchemaState::Behind { from: 0, to } => {
            format!("Created the database {shown} with schema version {to}.\n")
        }
        SchemaState::Behind { from, to } => {
            format!("Migrated the database {shown} from schema version {from} to {to}.\n")
        }
        SchemaState::UpToDate | SchemaState::Ahead { .. } => {
            format!("The database {shown} is up to date.\n")
        }
    }
}

fn migrated_postgres(url: &ServiceUrl, found: vestibule_postgres::SchemaState) -> String {
    use vestibule_postgres::SchemaState;
    match found {
        SchemaState::Behind { from: 0, to } => {
            format!("Created the tables of the database {url} with schema version {to}.\n")
        }
        SchemaState::Behind { from, to } => {
            format!("Migrated the database {url} from schema version {from} to {to}.\n")
        }
        SchemaState::UpToDate | SchemaState::Ahead { .. } => {
            format!("The database {url} is up to date.\n")
        }
    }
}

/// What a database server that does not open means to a command.
fn postgres_error(error: vestibule_postgres::OpenError) -> CommandError {
    use vestibule_postgres::OpenError;
    match error {
        OpenError::Unreachable { .. } => CommandError::Away(error.to_string()),
        OpenError::Postgres { .. } => CommandError::Failed(error.to_string()),
        _ => CommandError::Usage(error.to_string()),
    }
}

/// What a database file that does not open means to a command.
fn sqlite_error(error: vestibule_sqlite::OpenError) -> CommandError {
    use vestibule_sqlite::OpenError;
    match error {
        OpenError::Behind { .. }
        | OpenError::Ahead { .. }
        | OpenError::Missing { .. }
        | OpenError::Foreign { .. } => CommandError::Usage(error.to_string()),
        _ => CommandError::Failed(error.to_string()),
    }
}
