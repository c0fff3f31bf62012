//! `vestibule key …`

use serde::Serialize;
use vestibule::{
    Signing,
    core::{
        event::EventName,
        jws::Algorithm,
        ring::{KeyRing, KeyState, StoredKey},
        time::Timestamp,
    },
};

use super::{
    context::{CommandContext, at_desk},
    output::{Console, Listed, counted, json, utc, visible},
};
use crate::error::CommandError;
use crate::{
    bootstrap,
    cli::arguments::{KeyAlgorithm, KeyCommand, Listing},
    config::Configuration,
    services::{
        keys::{Ring, RingChangeError},
        mail,
    },
};

#[cfg(test)]
mod tests;

/// Carries out one command.
///
/// # Errors
///
/// What could not be found or done.
pub(crate) async fn run(
    command: KeyCommand,
    configuration: &Configuration,
) -> Result<(), CommandError> {
    at_desk(configuration, async |context, console| carry_out(command, context, console).await)
        .await
}

async fn carry_out(
    command: KeyCommand,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    match command {
        KeyCommand::List(listing) => list(listing, context, console).await,
        KeyCommand::Rotate { algorithm: None } => rotate(context, console).await,
        KeyCommand::Rotate { algorithm: Some(algorithm) } => {
            change_algorithm(algorithm, context, console).await
        }
        KeyCommand::Retire { kid } => retire(&kid, context, console).await,
        KeyCommand::Reseal => reseal(context, console).await,
    }
}

/// A key for programs, without anything private. Times are seconds since the Unix epoch, and `null`
/// for the one key of the configuration.
#[derive(Serialize)]
struct KeyJson {
    kid: String,
    algorithm: &'static str,
    state: &'static str,
    created_at: Option<i64>,
    changed_at: Option<i64>,
}

impl From<&StoredKey> for KeyJson {
    fn from(key: &StoredKey) -> Self {
        Self {
            kid: key.kid.clone(),
            algorithm: key.algorithm.name(),
            state: key.state.name(),
            created_at: Some(key.created_at.seconds()),
            changed_at: Some(key.changed_at.seconds()),
        }
    }
}

async fn list(
    listing: Listing,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let keys: Vec<KeyJson> = match &context.config.signing {
        Signing::Ring(_) => {
            let (_, keys) = context.store.key_ring().await?;
            keys.iter().map(KeyJson::from).collect()
        }
        Signing::Shared(key) => vec![configured(key)],
    };
    let time =
        |at: Option<i64>| at.map_or("configured".to_owned(), |at| utc(Timestamp::from_seconds(at)));
    let heads = ["KID", "ALGORITHM", "STATE", "CREATED (UTC)", "SINCE (UTC)"];
    let mut listed = Listed::new(heads, listing.json);
    listed.page(
        &keys,
        json,
        |key| {
            [
                key.kid.clone(),
                key.algorithm.to_owned(),
                key.state.to_owned(),
                time(key.created_at),
                time(key.changed_at),
            ]
        },
        console,
    )?;
    listed.finish("There are no keys yet. The server creates them on first start.", console)
}

async fn rotate(
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let event = context.event(EventName::AuthzAdmin).with("action", "rotate_keys");
    let said = (&event, "the keys were rotated");
    let keys = ring(context).await?.rotate(context.clock.now(), said).await.map_err(failed)?;
    for key in keys.iter().filter(|key| key.state == KeyState::Active) {
        console.say(format_args!("Now signing with key {}.", key.kid))?;
    }
    Ok(())
}

async fn change_algorithm(
    algorithm: KeyAlgorithm,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let wanted = match algorithm {
        KeyAlgorithm::Es256 => Algorithm::ES256,
        KeyAlgorithm::EdDsa => Algorithm::EdDSA,
    };
    let event = context.event(EventName::AuthzAdmin).with("action", "rotate_keys");
    let event = event.with("algorithm", wanted.name());
    let keys = ring(context)
        .await?
        .change_algorithm(wanted, context.clock, (&event, "the keys were rotated"), |kid, wait| {
            console.note(format_args!(
                "Published key {kid} ({}); it starts signing in {} seconds.",
                wanted.name(),
                wait.as_secs()
            ));
        })
        .await?;
    for key in keys.iter().filter(|key| key.state == KeyState::Active) {
        let algorithm = key.algorithm.name();
        console.say(format_args!("Now signing with key {} ({algorithm}).", key.kid))?;
    }
    let Signing::Ring(configured) = &context.config.signing else {
        return Ok(());
    };
    if *configured != wanted {
        console.note(format_args!(
            "Set tokens.algorithm to {} on every node as well: new databases use it.",
            wanted.name()
        ));
    }
    Ok(())
}

async fn retire(
    kid: &str,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let event = context.event(EventName::AuthzAdmin).with("action", "retire_key").with("kid", kid);
    let said = (&event, "a key was retired");
    let keys = ring(context).await?.retire(kid, context.clock.now(), said).await.map_err(failed)?;
    console.say(format_args!(
        "Retired key {}: tokens that it signed are refused from now on.",
        visible(kid)
    ))?;
    for key in keys.iter().filter(|key| key.state == KeyState::Active) {
        console.say(format_args!("Signing key: {}.", key.kid))?;
    }
    Ok(())
}

/// Seals everything that lies in the store under the present secret.
async fn reseal(
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let secret = &context.config.secret;
    bootstrap::check_secret(context.store, secret, context.entropy).await?;
    let mails = reseal_mails(context).await?;
    let keys = vestibule::reseal(context.store, secret, context.entropy, context.clock.now()).await;
    let keys = keys.map_err(|error| CommandError::Failed(error.to_string()))?;
    let event = context.event(EventName::AuthzAdmin).with("action", "reseal");
    context.record(event, "the stored secrets were resealed").await;
    console.say(format_args!(
        "Resealed with the current secret: {} and {}.",
        counted(keys, "key"),
        counted(mails, "mail")
    ))?;
    if secret.previous().is_some() {
        console.note(
            "Keep secret_key_previous until all older refresh tokens have been renewed or have expired \
             (tokens.refresh_ttl). Without it, their sessions end.",
        );
    }
    Ok(())
}

async fn reseal_mails(context: &CommandContext<'_>) -> Result<usize, CommandError> {
    const PAGE: u32 = 100;
    let seal = mail::sealing_key(&context.config.secret);
    let (mut count, mut after) = (0, None);
    loop {
        let page = context.store.sealed_mails(after, PAGE).await?;
        for (id, sealed) in &page {
            // One that opens under neither secret was lost before, and is of no use to anybody.
            let Ok(Some(anew)) = seal.reseal(&id.to_string(), sealed, context.entropy) else {
                continue;
            };
            count += usize::from(context.store.reseal_mail(*id, sealed, &anew).await?);
        }
        match page.last() {
            Some((last, _)) => after = Some(*last),
            None => return Ok(count),
        }
    }
}

async fn ring<'a>(context: &CommandContext<'a>) -> Result<Ring<'a>, CommandError> {
    bootstrap::check_secret(context.store, &context.config.secret, context.entropy).await?;
    Ring::of(context.config, context.store, context.entropy).map_err(failed)
}

fn failed(error: RingChangeError) -> CommandError {
    CommandError::Failed(error.to_string())
}

fn configured(key: &[u8]) -> KeyJson {
    KeyJson {
        kid: KeyRing::symmetric(key).active().kid().to_owned(),
        algorithm: "HS256",
        state: KeyState::Active.name(),
        created_at: None,
        changed_at: None,
    }
}
