//! `vestibule openapi`

use crate::web::api;
use crate::{error::CommandError, terminal::print};

/// Prints the description of the API, without a configuration: it is the same on every site.
///
/// # Errors
/// [`CommandError::Failed`] where it cannot be written.
pub(crate) fn run() -> Result<(), CommandError> {
    let json = api::description().to_pretty_json();
    let json = json.map_err(|error| CommandError::Failed(error.to_string()))?;
    print(&format!("{json}\n"))
}
