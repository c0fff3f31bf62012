//! `vestibule migrate`

use vestibule_sqlite::{SchemaState, SqliteStore};

use super::{CommandError, print};
use crate::{config::Configuration, open};

/// Brings the database up to date, making it where there is none.
///
/// # Errors
/// [`CommandError::Usage`] where the schema is newer than this version.
pub(crate) async fn run(configuration: &Configuration) -> Result<(), CommandError> {
    let settings = &configuration.settings;
    open::check_parts(settings)?;
    let path = open::sqlite_path(settings)?.to_owned();
    open::make_data_dir(settings)?;
    let shown = path.display().to_string();
    let found = open::blocking(move || SqliteStore::migrate(&path)).await?;
    let said = match found.map_err(open::open_error)? {
        SchemaState::Behind { from: 0, to } => {
            format!("The database {shown} was made, with schema version {to}.\n")
        }
        SchemaState::Behind { from, to } => {
            format!("The database {shown} was brought from schema version {from} to {to}.\n")
        }
        SchemaState::UpToDate | SchemaState::Ahead { .. } => {
            format!("The database {shown} is up to date.\n")
        }
    };
    print(&said)
}
