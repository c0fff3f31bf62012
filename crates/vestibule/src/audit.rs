//! The one way to say that something happened: a line in the log, and a note for whoever keeps an audit trail.

use serde_json::Value;
use tracing::field;
use vestibule_core::{
    event::{Event, EventName},
    token::claims_to_be_good,
};

use crate::{
    auth::Vestibule,
    problem::{Foreign, Problem},
    visit::Visit,
};

/// Takes what happened, for an audit trail.
///
/// Requests do not wait for it: note the event in memory and return, and write what was noted beside the
/// requests.
pub trait AuditSink: Send + Sync + 'static {
    /// Takes an event, which is in the log already.
    fn note(&self, event: Event);

    /// Whether the trail is the one of the store that the [`Vestibule`] is over. Events of a change are then
    /// written in its transaction, so that neither is there without the other, and are not noted a second time.
    fn is_in_store(&self) -> bool {
        false
    }
}

impl Vestibule {
    /// Says that something happened, in the log and to the [`AuditSink`] if there is one.
    pub fn record(&self, event: Event, in_words: &str) {
        log_event(&event, in_words);
        if let Some(sink) = &self.0.audit {
            sink.note(event);
        }
    }

    /// Something that happens now, without a request.
    #[must_use]
    pub fn event(&self, name: EventName) -> Event {
        Event::new(name, self.now())
    }
}

impl Visit {
    /// Something that happens now, by this request.
    #[must_use]
    pub fn event(&self, name: EventName) -> Event {
        Event {
            address: self.address().map(|address| address.to_string()),
            agent: Some(self.agent().to_owned()),
            request_id: Some(self.request_id().to_owned()),
            ..self.auth().event(name)
        }
    }

    /// Notes that somebody asked for what is another user's.
    pub(crate) fn note_foreign(&self, problem: &Problem) {
        let Some(Foreign { owner, kind, id }) = problem.foreign.as_deref() else { return };
        let event = self.event(EventName::MaliciousDirectReference).about(*owner);
        let event = event.with("of", *kind).with("target", id.as_str());
        let event = match self.known_caller() {
            Some(caller) => event.by(caller.user_id()).in_session(caller.session_id()),
            None => event,
        };
        self.record(event, "refused access to another user's data");
    }

    /// Notes a token that this site did not issue, though it says that it can be used now. One that is merely old
    /// is none: its key may be gone.
    pub(crate) fn note_forgery(&self, token: &str, kind: &str) {
        let inner = &self.auth().0;
        let ring = inner.keys.current();
        let is_ours = inner.issuer.read_refresh(token).is_ok()
            || inner.issuer.read_access(&ring.ring, token, inner.now()).is_ok();
        if !is_ours && claims_to_be_good(token, inner.now()) {
            let event = self.event(EventName::AuthnTokenForged).with("of", kind);
            self.record(event, "refused a token that this site did not issue");
        }
    }

    /// Says that something happened, in the log and to the [`AuditSink`] if there is one.
    pub fn record(&self, event: Event, in_words: &str) {
        self.auth().record(event, in_words);
    }
}

/// Writes an event as one line of the log, without telling any [`AuditSink`]. Refusals are warnings.
///
/// Of the details, those are logged that are named below: the fields of a log line are part of the program.
pub fn log_event(event: &Event, in_words: &str) {
    let text = |name| event.details.get(name).and_then(Value::as_str);
    let number = |name| event.details.get(name).and_then(Value::as_u64);
    let switch = |name| event.details.get(name).and_then(Value::as_bool);
    let user = event.subject.or(event.actor);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                event = event.name.name(),
                of = text("of"),
                target = text("target"),
                cause = text("cause"),
                session = event.session.map(field::display),
                user = user.map(field::display),
                actor = event.actor.filter(|actor| Some(*actor) != user).map(field::display),
                generation = number("generation"),
                presented = number("presented"),
                current = number("current"),
                version = number("version"),
                remembered = switch("remembered"),
                carrier = text("carrier").map(field::display),
                reason = text("reason").map(field::display),
                path = text("path"),
                source = text("source").map(field::display),
                value_known = switch("value_known"),
                retry_after = number("retry_after"),
                mail = text("mail"),
                action = text("action"),
                role = text("role"),
                address = event.address.as_deref().map(field::display),
                agent = event.agent.as_deref(),
                last_address = text("last_address"),
                last_agent = text("last_agent"),
                request_id = event.request_id.as_deref(),
                "{in_words}"
            )
        };
    }
    if event.name.is_refusal() {
        line!(warn);
    } else {
        line!(info);
    }
}
