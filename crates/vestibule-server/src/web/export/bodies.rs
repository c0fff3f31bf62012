//! What stands in the file. Times are seconds since the Unix epoch.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use vestibule::{
    User,
    core::{
        event::Event,
        id::UserId,
        session::{Over, Session},
        store::RenewalNote,
        time::Timestamp,
    },
};
use vestibule_site::{
    file::ShareAccess,
    outbox::OutboxEntry,
    store::{Feedback, SeenFile, Share},
};

/// The number of the format.
pub(super) const FORMAT: u32 = 1;

/// What the site knows of a person.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is written piece by piece, and described as a whole")]
pub(super) struct Export {
    /// 1. Fields may be added within one format.
    format: u32,
    /// The site's name.
    site: String,
    made_at: i64,
    profile: Profile,
    /// The living ones, and those that ended within 30 days; the last used first.
    sessions: Vec<ExportedSession>,
    /// What is in the audit trail about this person, the latest first.
    events: Vec<ExportedEvent>,
    /// Their own files, the latest first.
    files: Vec<OwnFile>,
    /// Files of others that are shared with them, the latest first.
    shared_with_me: Vec<SharedFile>,
    /// What they told those who run the site while they were signed in, the latest first.
    feedback: Vec<ExportedFeedback>,
    /// Mails that were sent to them, the latest first.
    mails: Vec<ExportedMail>,
}

/// The account.
#[derive(Serialize, ToSchema)]
pub(super) struct Profile {
    id: i64,
    username: String,
    email: String,
    email_verified_at: Option<i64>,
    status: &'static str,
    roles: Vec<String>,
    is_super_user: bool,
    /// The language that they chose (BCP 47).
    locale: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl From<&User> for Profile {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.0,
            username: user.username.clone(),
            email: user.email.clone(),
            email_verified_at: user.email_verified_at.map(Timestamp::seconds),
            status: user.status.name(),
            roles: user.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            is_super_user: user.is_super_user,
            locale: user.locale.as_ref().map(ToString::to_string),
            created_at: user.created_at.seconds(),
            updated_at: user.updated_at.seconds(),
        }
    }
}

/// One sign-in on one device.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedSession {
    id: String,
    /// `cookie` or `header`.
    carrier: &'static str,
    device: Option<String>,
    user_agent: String,
    address: String,
    created_at: i64,
    last_seen_at: i64,
    auth_time: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    /// Why it ended.
    end_reason: Option<&'static str>,
    /// What became of its refresh tokens, the latest first.
    renewals: Vec<ExportedRenewal>,
}

impl ExportedSession {
    pub(super) fn of(session: &Session, renewals: Vec<RenewalNote>, now: Timestamp) -> Self {
        let over = session.over(now);
        Self {
            id: session.id.to_string(),
            carrier: session.carrier.name(),
            device: session.device.clone(),
            user_agent: session.agent.clone(),
            address: session.address.clone(),
            created_at: session.created_at.seconds(),
            last_seen_at: session.last_seen_at.seconds(),
            auth_time: session.auth_time.seconds(),
            expires_at: session.expires_at.seconds(),
            ended_at: over.map(|over| over.since.seconds()),
            end_reason: over.map(Over::name),
            renewals: renewals.into_iter().map(ExportedRenewal::from).collect(),
        }
    }
}

/// What became of the refresh token of one generation.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedRenewal {
    generation: u64,
    outcome: &'static str,
    count: u64,
    first_at: i64,
    last_at: i64,
    address: String,
    user_agent: String,
}

impl From<RenewalNote> for ExportedRenewal {
    fn from(note: RenewalNote) -> Self {
        Self {
            generation: note.presented,
            outcome: note.outcome.name(),
            count: note.count,
            first_at: note.first_at.seconds(),
            last_at: note.last_at.seconds(),
            address: note.address,
            user_agent: note.agent,
        }
    }
}

/// Something that happened. From where, with what and in which session is there for what this person did
/// themselves.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedEvent {
    at: i64,
    /// Its name in the OWASP logging vocabulary.
    event: &'static str,
    /// `success` or `failure`.
    outcome: &'static str,
    /// The user name of who did it, where somebody signed in did.
    by: Option<String>,
    session: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
    /// A few words and numbers more.
    #[schema(value_type = Object)]
    details: Map<String, Value>,
}

impl ExportedEvent {
    pub(super) fn of(event: Event, by: Option<String>, owner: UserId) -> Self {
        let is_own = event.actor == Some(owner);
        Self {
            at: event.at.seconds(),
            event: event.name.name(),
            outcome: event.outcome.name(),
            by,
            session: event.session.filter(|_| is_own).map(|id| id.to_string()),
            address: event.address.filter(|_| is_own),
            user_agent: event.agent.filter(|_| is_own),
            details: event.details,
        }
    }
}

/// A file of their own.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnFile {
    #[serde(flatten)]
    file: ExportedFile,
    /// With whom it is shared.
    shares: Vec<ExportedShare>,
}

impl OwnFile {
    pub(super) fn of(seen: &SeenFile, shares: &[Share], public_url: &str) -> Self {
        let shares = shares.iter().filter(|share| share.file == seen.file.id);
        Self {
            file: ExportedFile::of(seen, public_url),
            shares: shares
                .map(|share| ExportedShare {
                    username: share.username.clone(),
                    access: share.access.name(),
                })
                .collect(),
        }
    }
}

/// A file of somebody else.
#[derive(Serialize, ToSchema)]
pub(super) struct SharedFile {
    #[serde(flatten)]
    file: ExportedFile,
    /// The user name of its owner.
    owner: String,
    /// `read` or `write`.
    access: Option<&'static str>,
}

impl SharedFile {
    pub(super) fn of(seen: &SeenFile, public_url: &str) -> Self {
        Self {
            file: ExportedFile::of(seen, public_url),
            owner: seen.owner_name.clone(),
            access: seen.share.map(ShareAccess::name),
        }
    }
}

/// What is known of a file.
#[derive(Serialize, ToSchema)]
struct ExportedFile {
    id: String,
    name: String,
    /// Bytes.
    size: u64,
    /// Its media type, as its content says.
    #[serde(rename = "type")]
    kind: String,
    created_at: i64,
    /// When its content was last written.
    changed_at: i64,
    /// Where its content is, for whoever is signed in.
    content: String,
}

impl ExportedFile {
    fn of(seen: &SeenFile, public_url: &str) -> Self {
        let file = &seen.file;
        Self {
            id: file.id.to_string(),
            name: file.name.to_string(),
            size: file.size,
            kind: file.kind.clone(),
            created_at: file.created_at.seconds(),
            changed_at: file.changed_at.seconds(),
            content: format!("{public_url}/file/{}", file.id),
        }
    }
}

/// With whom a file is shared.
#[derive(Serialize, ToSchema)]
struct ExportedShare {
    username: String,
    /// `read` or `write`.
    access: &'static str,
}

/// What they told those who run the site.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedFeedback {
    at: i64,
    /// Where they wanted an answer.
    email: Option<String>,
    text: String,
    address: String,
    user_agent: String,
    /// When somebody had dealt with it.
    done_at: Option<i64>,
}

impl From<Feedback> for ExportedFeedback {
    fn from(feedback: Feedback) -> Self {
        Self {
            at: feedback.at.seconds(),
            email: feedback.content.email,
            text: feedback.content.text,
            address: feedback.content.address,
            user_agent: feedback.content.agent,
            done_at: feedback.done_at.map(Timestamp::seconds),
        }
    }
}

/// A mail that was sent to them.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedMail {
    at: i64,
    /// What it is about.
    kind: String,
    /// `waiting`, `sent` or `given_up`.
    state: &'static str,
}

impl From<OutboxEntry> for ExportedMail {
    fn from(mail: OutboxEntry) -> Self {
        Self { at: mail.created_at.seconds(), kind: mail.kind, state: mail.state.name() }
    }
}
