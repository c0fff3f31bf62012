//! `vestibule restored`

use vestibule::{
    Signing,
    core::{event::EventName, session::EndReason},
};

use super::{
    context::{CommandContext, at_desk},
    output::{Console, counted},
    session,
};
use crate::error::CommandError;
use crate::{
    bootstrap,
    cli::arguments::Restored,
    config::{Configuration, Settings},
    services::files::{self, Home, HomeError},
};

#[cfg(test)]
mod tests;

/// Why mails of the backup are not sent.
const GIVEN_UP: &str = "the database was restored from a backup";

/// Sees to a database that was put back from a backup.
///
/// # Errors
///
/// What could not be done; running it again does the rest.
pub(crate) async fn run(
    what: &Restored,
    configuration: &Configuration,
) -> Result<(), CommandError> {
    let settings = &configuration.settings;
    let blobs = files::open_blobs(settings).await?;
    at_desk(configuration, async |context, console| {
        carry_out(what, settings, &blobs, context, console).await
    })
    .await
}

async fn carry_out(
    what: &Restored,
    settings: &Settings,
    blobs: &vestibule_files::Blobs,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    bootstrap::check_secret(context.store, &context.config.secret, context.entropy).await?;
    // Before anything is changed: with another site's files it is perhaps the wrong database.
    let at = |error: HomeError| error.at(settings);
    let home = match what.adopt_files {
        true => None,
        false => Some(files::settle(blobs, context.store, context.entropy).await.map_err(at)?),
    };

    let tokens = context.store.drop_all_one_time().await?;
    console.say(format_args!("Voided {}.", counted_of(tokens, "mailed link")))?;
    let mails = context.store.give_up_mails(GIVEN_UP, context.clock.now()).await?;
    if mails > 0 {
        console.say(format_args!("Dropped {} from the mail queue.", counted_of(mails, "mail")))?;
    }
    // Last, since every running server then reads everything again.
    let now = context.clock.now();
    let ended = vestibule::after_restore(context.store, context.config, context.entropy, now)
        .await
        .map_err(|error| CommandError::Failed(error.to_string()))?;
    session::record_ends(&ended, EndReason::EndedByAdmin, context).await;
    console.say(format_args!("Ended {}.", counted(ended.len(), "session")))?;
    match &context.config.signing {
        Signing::Ring(_) => console.say("Replaced the signing keys.")?,
        Signing::Shared(_) => console.note(
            "Tokens are signed with JWT_SECRET_KEY, which was not replaced: this site renews older tokens \
             before it accepts them, but other services accept them until they expire.",
        ),
    }
    console.say("Began a new epoch: every running server reloads its state.")?;
    let event = context.event(EventName::AuthzAdmin).with("action", "restored");
    context.record(event, "the database was restored from a backup").await;

    match home {
        Some(home) => {
            let now = context.clock.now();
            files::begin_anew(&home, blobs, context.store, now).await.map_err(at)
        }
        None => adopt(blobs, context, console).await.map_err(|error| match error {
            Adopting::Home(error) => error.at(settings),
            Adopting::Console(error) => error,
        }),
    }
}

enum Adopting {
    Home(HomeError),
    Console(CommandError),
}

/// Takes the files over, and lists those that this database does not know.
async fn adopt(
    blobs: &vestibule_files::Blobs,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), Adopting> {
    let _: Home = files::adopt(blobs, context.store, context.entropy, context.clock.now())
        .await
        .map_err(Adopting::Home)?;
    let mut unknown = files::unknown_blobs(blobs, context.store).await.map_err(Adopting::Home)?;
    unknown.sort_unstable();
    let mut say = || {
        console.say("The files now belong to this database.")?;
        if unknown.is_empty() {
            return Ok(());
        }
        console.say(format_args!(
            "Kept {} that this database does not know:",
            counted(unknown.len(), "piece")
        ))?;
        unknown.iter().try_for_each(|key| console.say(format_args!("  {key}")))
    };
    say().map_err(Adopting::Console)
}

fn counted_of(count: u64, noun: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), noun)
}
