//! `vestibule migrate`

use super::{CommandError, print};
use crate::{config::Configuration, open};

/// Brings the database up to date, making it where there is none.
///
/// # Errors
/// [`CommandError::Usage`] where the schema is newer than this version.
pub(crate) async fn run(configuration: &Configuration) -> Result<(), CommandError> {
    print(&open::migrate(&configuration.settings).await?)
}
