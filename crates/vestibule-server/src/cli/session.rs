//! `vestibule session …`

use std::collections::HashMap;

use serde::Serialize;
use vestibule::core::{
    event::EventName,
    id::{SessionId, UserId},
    session::{EndReason, Over, Session},
    store::{
        Commit, Committed, EndedSession, Ending, RenewalNote, SessionCursor, SessionQuery,
        SessionSelection,
    },
    time::Timestamp,
};

use super::{
    context::{CommandContext, at_desk},
    output::{Console, Listed, counted, json, utc, visible},
    user,
};
use crate::error::CommandError;
use crate::{
    cli::arguments::{SessionCommand, SessionEnd, SessionList, SessionShow},
    config::Configuration,
};

#[cfg(test)]
mod tests;

/// How many sessions are read at once.
const PAGE: u32 = 500;

/// Carries out one command.
///
/// # Errors
///
/// What could not be found or done.
pub(crate) async fn run(
    command: SessionCommand,
    configuration: &Configuration,
) -> Result<(), CommandError> {
    at_desk(configuration, async |context, console| carry_out(command, context, console).await)
        .await
}

async fn carry_out(
    command: SessionCommand,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    match command {
        SessionCommand::List(what) => list(&what, context, console).await,
        SessionCommand::Show(what) => show(&what, context, console).await,
        SessionCommand::End(which) => end(&which, context, console).await,
    }
}

/// A session for programs: the fields of `GET /api/auth/sessions`, and whose it is. Times are seconds
/// since the Unix epoch.
#[derive(Serialize)]
struct SessionJson<'a> {
    id: String,
    user_id: i64,
    username: &'a str,
    carrier: &'static str,
    device: Option<&'a str>,
    user_agent: &'a str,
    address: &'a str,
    remembered: bool,
    created_at: i64,
    last_seen_at: i64,
    auth_time: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    end_reason: Option<&'static str>,
}

impl<'a> SessionJson<'a> {
    fn new(session: &'a Session, username: &'a str, now: Timestamp) -> Self {
        let over = session.over(now);
        Self {
            id: session.id.to_string(),
            user_id: session.user_id.0,
            username,
            carrier: session.carrier.name(),
            device: session.device.as_deref(),
            user_agent: &session.agent,
            address: &session.address,
            remembered: session.remembered,
            created_at: session.created_at.seconds(),
            last_seen_at: session.last_seen_at.seconds(),
            auth_time: session.auth_time.seconds(),
            expires_at: session.expires_at.seconds(),
            ended_at: over.map(|over| over.since.seconds()),
            end_reason: over.map(Over::name),
        }
    }
}

/// What became of the refresh token of one generation, for programs.
#[derive(Serialize)]
struct RenewalJson<'a> {
    generation: u64,
    outcome: &'static str,
    count: u64,
    first_at: i64,
    last_at: i64,
    address: &'a str,
    user_agent: &'a str,
}

impl<'a> From<&'a RenewalNote> for RenewalJson<'a> {
    fn from(note: &'a RenewalNote) -> Self {
        Self {
            generation: note.presented,
            outcome: note.outcome.name(),
            count: note.count,
            first_at: note.first_at.seconds(),
            last_at: note.last_at.seconds(),
            address: &note.address,
            user_agent: &note.agent,
        }
    }
}

async fn list(
    what: &SessionList,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let now = context.clock.now();
    let user = match &what.user {
        Some(typed) => Some(user::find(context.store, typed).await?.id),
        None => None,
    };
    let heads = ["ID", "USER", "CARRIER", "LAST USE (UTC)", "ADDRESS", "DEVICE"];
    let mut listed = Listed::new(heads, what.listing.json);
    let mut behind: Option<Session> = None;
    loop {
        let page = page(user, behind.as_ref(), now, context).await?;
        let names = names(&page, context).await?;
        let name = |session: &Session| names.get(&session.user_id).map_or("", String::as_str);
        let as_row = |session: &Session| {
            [
                session.id.to_string(),
                name(session).to_owned(),
                session.carrier.name().to_owned(),
                utc(session.last_seen_at),
                session.address.clone(),
                shortened(session.device.as_deref().unwrap_or(&session.agent)),
            ]
        };
        let is_last = page.len() < PAGE as usize;
        behind = page.last().cloned();
        let mut open = page;
        open.iter_mut().for_each(|session| session.limit(&context.config.lifetimes));
        open.retain(|session| session.over(now).is_none());
        listed.page(
            &open,
            |session| json(&SessionJson::new(session, name(session), now)),
            as_row,
            console,
        )?;
        if is_last {
            break;
        }
    }
    listed.finish("There are no active sessions.", console)
}

/// The next sessions: of one user the last used first, of all in the order of their ids.
async fn page(
    user: Option<UserId>,
    behind: Option<&Session>,
    now: Timestamp,
    context: &CommandContext<'_>,
) -> Result<Vec<Session>, CommandError> {
    Ok(match user {
        Some(user) => {
            let behind = behind.map(SessionCursor::of);
            let query = SessionQuery { user, over_since: now, behind, limit: PAGE };
            context.store.sessions_of(&query).await?
        }
        None => {
            let after = behind.map(|session| session.id);
            context.store.active_sessions(now, after, PAGE).await?
        }
    })
}

async fn show(
    what: &SessionShow,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let (session, now) = (find(&what.id, context).await?, context.clock.now());
    let renewals = context.store.renewals_of(session.id).await?;
    let names = names(std::slice::from_ref(&session), context).await?;
    let name = names.get(&session.user_id).map_or("", String::as_str);
    if what.listing.json {
        let renewals: Vec<_> = renewals.iter().map(RenewalJson::from).collect();
        let session = SessionJson::new(&session, name, now);
        return console.say_json(&serde_json::json!({ "session": session, "renewals": renewals }));
    }
    let in_words = |over: Over| format!("{} UTC: {}", utc(over.since), over.name());
    let end = session.over(now).map_or("no".to_owned(), in_words);
    for (label, value) in [
        ("id", session.id.to_string()),
        ("user", name.to_owned()),
        ("carrier", session.carrier.name().to_owned()),
        ("device", session.device.clone().unwrap_or_default()),
        ("agent", session.agent.clone()),
        ("address", session.address.clone()),
        ("signed in", format!("{} UTC", utc(session.created_at))),
        ("last use", format!("{} UTC", utc(session.last_seen_at))),
        ("expires", format!("{} UTC", utc(session.expires_at))),
        ("ended", end),
        ("renewals", session.generation.saturating_sub(1).to_string()),
    ] {
        let line = format!("{label:<12}{}", visible(&value));
        console.say(line.trim_end_matches(' '))?;
    }
    console.say("")?;
    let heads = ["LAST TIME (UTC)", "GENERATION", "OUTCOME", "TIMES", "ADDRESS"];
    let mut listed = Listed::new(heads, false);
    let as_row = |note: &RenewalNote| {
        [
            utc(note.last_at),
            note.presented.to_string(),
            note.outcome.to_string(),
            note.count.to_string(),
            note.address.clone(),
        ]
    };
    listed.page(&renewals, |note| json(&RenewalJson::from(note)), as_row, console)?;
    listed.finish("Its refresh token has not been used yet.", console)
}

/// The session with this id, ended or not.
async fn find(typed: &str, context: &CommandContext<'_>) -> Result<Session, CommandError> {
    let id: SessionId = typed.parse().map_err(|_| unknown(typed))?;
    context.store.session(id).await?.ok_or_else(|| unknown(typed))
}

fn unknown(typed: &str) -> CommandError {
    CommandError::Failed(format!(
        "there is no session “{}”; `vestibule session list` shows the active ones",
        visible(typed)
    ))
}

/// The user names of those whose sessions these are.
async fn names(
    sessions: &[Session],
    context: &CommandContext<'_>,
) -> Result<HashMap<UserId, String>, CommandError> {
    let mut names = HashMap::new();
    for session in sessions {
        if !names.contains_key(&session.user_id)
            && let Some(user) = context.store.user(session.user_id).await?
        {
            names.insert(user.id, user.username);
        }
    }
    Ok(names)
}

async fn end(
    which: &SessionEnd,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let ended = if let Some(typed) = &which.id {
        usize::from(end_one(typed, context, console).await?)
    } else {
        let selection = match &which.user {
            Some(typed) => SessionSelection::User {
                id: user::find(context.store, typed).await?.id,
                except: None,
            },
            None if which.all => SessionSelection::All,
            None => {
                return Err(CommandError::Usage(
                    "name the sessions to end: an id, --user USER or --all".to_owned(),
                ));
            }
        };
        end_all(selection, EndReason::EndedByAdmin, context).await?.len()
    };
    console.say(format_args!("Ended {}.", counted(ended, "session")))
}

/// Ends every session of the selection and logs it. All of everybody are too many for one transaction: what is
/// said of those comes after it.
pub(super) async fn end_all(
    selection: SessionSelection,
    reason: EndReason,
    context: &CommandContext<'_>,
) -> Result<Vec<SessionId>, CommandError> {
    match selection {
        SessionSelection::User { id, except } => {
            let ending = Ending::OfUser { id, except, reason };
            Ok(end_and_record(ending, context).await?.iter().map(|ended| ended.id).collect())
        }
        SessionSelection::All => {
            let ended = context.store.end_sessions(selection, reason, context.clock.now()).await?;
            record_ends(&ended, reason, context).await;
            Ok(ended)
        }
    }
}

/// Says of sessions of everybody that they were ended.
pub(super) async fn record_ends(
    ended: &[SessionId],
    reason: EndReason,
    context: &CommandContext<'_>,
) {
    let event = context.event(EventName::SessionLogout).with("reason", reason.name());
    let events: Vec<_> = ended.iter().map(|id| event.clone().in_session(*id)).collect();
    context.record_all(&events, "a session was ended").await;
}

/// Whether it was this command that ended it.
async fn end_one(
    typed: &str,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<bool, CommandError> {
    let id: SessionId = typed.parse().map_err(|_| unknown(typed))?;
    let ending = Ending::Session { id, reason: EndReason::EndedByAdmin };
    if !end_and_record(ending, context).await?.is_empty() {
        return Ok(true);
    }
    let session = find(typed, context).await?;
    if let Some(end) = session.end {
        console.note(format_args!(
            "Session {id} already ended at {} UTC: {}.",
            utc(end.at),
            end.reason
        ));
    }
    Ok(false)
}

/// Ends sessions and says so, in one transaction.
async fn end_and_record(
    ending: Ending,
    context: &CommandContext<'_>,
) -> Result<Vec<EndedSession>, CommandError> {
    let event = context.event(EventName::SessionLogout);
    let events = move |done: &Committed| {
        let ended = done.ended.iter().map(|ended| {
            let event = event.clone().about(ended.user).in_session(ended.id);
            (event.with("reason", ended.reason.name()), "a session was ended")
        });
        ended.collect()
    };
    let commit = Commit { endings: vec![ending], ..Commit::default() };
    match context.commit(commit, events).await? {
        Ok(done) => Ok(done.ended),
        Err(obstacle) => Err(CommandError::Failed(obstacle.to_string())),
    }
}

/// What a device calls itself can be long, and the beginning says it.
fn shortened(text: &str) -> String {
    const CHARS: usize = 40;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
