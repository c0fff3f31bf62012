//! What the commands on accounts, sessions and keys work with.

use vestibule::{
    Config, SystemClock, SystemEntropy,
    core::{random::Entropy, store::SiteStore, time::Clock},
};

use super::{CommandError, output::Console};
use crate::{config::Configuration, open};

/// The store that a command changes, and the rules of the site. A running server takes in what happens
/// here by the store's feed.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a dyn SiteStore,
    pub(crate) config: &'a Config,
    /// Asked at each step rather than once: a prompt may stay open for long, and the feed is read by
    /// time after a restart.
    pub(crate) clock: &'a dyn Clock,
    pub(crate) entropy: &'a dyn Entropy,
}

/// Opens the store of the site and lets `work` change it, with the process's own streams for what it has
/// to say.
///
/// # Errors
///
/// The store cannot be opened, or what `work` says.
pub(crate) async fn at_desk(
    configuration: &Configuration,
    work: impl AsyncFnOnce(&Desk<'_>, &mut Console<'_>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let settings = &configuration.settings;
    let opened = open::open_store(settings).await?;
    let config = open::hall_config(settings, open::site_secret(settings)?)?;
    let (clock, entropy) = (SystemClock::start(), SystemEntropy);
    let store = &*opened.store;
    let desk = Desk { store, config: &config, clock: &clock, entropy: &entropy };
    let (mut results, mut messages) = (std::io::stdout(), std::io::stderr());
    work(&desk, &mut Console::new(&mut results, &mut messages)).await
}

#[cfg(test)]
pub(super) mod fixture;
