//! What the commands on accounts, sessions and keys work with.

use std::io::IsTerminal as _;

use vestibule::{
    Config, SystemClock, SystemEntropy,
    core::{
        event::{Event, EventName},
        random::Entropy,
        store::{Commit, Committed, Consequences, Obstacle, StoreResult},
        time::Clock,
    },
    log_event,
};
use vestibule_site::store::SiteStore;

use super::output::Console;
use crate::error::CommandError;
use crate::{bootstrap, config::Configuration};

/// The store that a command changes, and the rules of the site. A running server takes in what happens
/// here by the store's feed.
#[derive(Clone, Copy)]
pub(crate) struct CommandContext<'a> {
    pub(crate) store: &'a dyn SiteStore,
    pub(crate) config: &'a Config,
    /// Asked at each step rather than once: a prompt may stay open for long, and the feed is read by
    /// time after a restart.
    pub(crate) clock: &'a dyn Clock,
    pub(crate) entropy: &'a dyn Entropy,
}

impl CommandContext<'_> {
    /// Something that this command does now.
    pub(crate) fn event(&self, name: EventName) -> Event {
        Event::new(name, self.clock.now()).with("via", "command")
    }

    /// Says that something was done that no transaction holds, in the log and in the audit trail. It is done:
    /// where the trail cannot be written, the log says so.
    pub(crate) async fn record(&self, event: Event, in_words: &str) {
        self.record_all(&[event], in_words).await;
    }

    /// Carries out a change with the events of it, in one transaction.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(crate) async fn commit(
        &self,
        commit: Commit,
        events: impl Fn(&Committed) -> Vec<(Event, &'static str)> + Clone + Send + Sync + 'static,
    ) -> StoreResult<Result<Committed, Obstacle>> {
        let written = events.clone();
        let commit = commit.followed_by(move |done| Consequences {
            events: written(done).into_iter().map(|(event, _)| event).collect(),
            ..Consequences::default()
        });
        let done = self.store.commit(&commit, self.clock.now()).await?;
        if let Ok(done) = &done {
            for (event, in_words) in events(done) {
                log_event(&event, in_words);
            }
        }
        Ok(done)
    }

    /// The same as [`CommandContext::record`] for many.
    pub(crate) async fn record_all(&self, events: &[Event], in_words: &str) {
        for some in events.chunks(1000) {
            some.iter().for_each(|event| log_event(event, in_words));
            if let Err(error) = self.store.append_events(some).await {
                tracing::error!(%error, "cannot write the audit trail");
            }
        }
    }
}

/// Opens the store of the site and lets `work` change it, with the process's own streams for what it has
/// to say.
///
/// # Errors
///
/// The store cannot be opened, or what `work` says.
pub(crate) async fn at_desk(
    configuration: &Configuration,
    work: impl AsyncFnOnce(&CommandContext<'_>, &mut Console<'_>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let settings = &configuration.settings;
    let opened = bootstrap::open_store(settings).await?;
    let config = bootstrap::auth_config(settings, bootstrap::site_secret(settings)?)?;
    let (clock, entropy) = (SystemClock::start(), SystemEntropy);
    let store = &*opened.store;
    let context = CommandContext { store, config: &config, clock: &clock, entropy: &entropy };
    let (mut results, mut messages) = (std::io::stdout(), std::io::stderr());
    let is_live = messages.is_terminal();
    work(&context, &mut Console::new(&mut results, &mut messages).live(is_live)).await
}

#[cfg(test)]
pub(super) mod fixture;
