//! `vestibule migrate`

use crate::{bootstrap, config::Configuration};
use crate::{error::CommandError, terminal::print};

/// Brings the database up to date, making it where there is none.
///
/// # Errors
/// [`CommandError::Usage`] where the schema is newer than this version.
pub(crate) async fn run(configuration: &Configuration) -> Result<(), CommandError> {
    print(&bootstrap::migrate(&configuration.settings).await?)
}
