//! `vestibule config …`

use crate::{bootstrap, cli::arguments::ConfigCommand, config::Configuration};
use crate::{error::CommandError, terminal::print};

/// Says whether the configuration is good, or shows it. That it could be loaded means that it passed every
/// check of its own.
///
/// # Errors
/// [`CommandError::Usage`] where the site would not start with it.
pub(crate) fn run(
    command: ConfigCommand,
    configuration: &Configuration,
) -> Result<(), CommandError> {
    match command {
        ConfigCommand::Check => {
            // What only the library can judge: a cost or an origin beyond what it takes.
            let stand_in = vestibule::SiteSecret::new([7; 32])
                .map_err(|error| CommandError::Failed(error.to_string()))?;
            bootstrap::auth_config(&configuration.settings, stand_in)?;
            let mut text = "The configuration is valid.\n".to_owned();
            for warning in &configuration.warnings {
                text.push_str(&format!("Note: {warning}.\n"));
            }
            print(&text)
        }
        ConfigCommand::Show(listing) if listing.json => {
            let json = serde_json::to_string_pretty(&configuration.listing_json());
            let json = json.map_err(|error| CommandError::Failed(error.to_string()))?;
            print(&format!("{json}\n"))
        }
        ConfigCommand::Show(_) => print(&configuration.listing()),
    }
}
