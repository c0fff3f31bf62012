//! Where one is signed in.

use axum::{
    extract::{Path, rejection::PathRejection},
    response::Response,
};
use minijinja::{Value, context};
use vestibule::{
    Carrier, ErrorCode, Fresh, Principal, Problem,
    core::{
        id::SessionId,
        renewal::Outcome,
        session::{EndReason, Session},
        store::{HISTORY_KEPT, RenewalNote, SessionCursor},
        time::Timestamp,
    },
};

use super::{flash::Flash, view::View};
use crate::i18n::Language;
use crate::templates::user_agent;

const PAGE: &str = "/user/sessions";

/// `GET /user/sessions`
pub(super) async fn list(caller: Principal, view: View) -> Result<Response, Problem> {
    let now = view.site.auth.now();
    let behind: Option<SessionCursor> = view.query("cursor").and_then(|text| text.parse().ok());
    let page = view.site.auth.sessions_of(caller.user_id(), behind).await?;
    let sessions: Vec<Value> = page
        .sessions
        .iter()
        .map(|session| value(session, session.id == caller.session_id(), now, view.language()))
        .collect();
    let next = page.next.map(|next| next.to_string());
    view.show("sessions.html", context! { sessions, next, is_continued => behind.is_some() })
}

/// `GET /user/sessions/{id}`
pub(super) async fn show(
    caller: Principal,
    view: View,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = session_id(id)?;
    let now = view.site.auth.now();
    let found = view.visit.own_session(&caller, id).await?;
    let (session, renewals) = found.ok_or(Problem::new(ErrorCode::NotFound))?;
    let language = view.language();
    let renewals: Vec<Value> =
        renewals.iter().map(|note| renewal(note, session.carrier, language)).collect();
    let session = value(&session, id == caller.session_id(), now, language);
    view.show("session.html", context! { session, renewals, history_kept => HISTORY_KEPT })
}

/// `POST /user/sessions/{id}/end`
pub(super) async fn end(
    caller: Fresh<Principal>,
    view: View,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = session_id(id)?;
    view.visit.end_session_of(&caller, id).await?;
    if id == caller.session_id() {
        return Ok(view.go("/", Some(Flash::SignedOut)));
    }
    Ok(view.go(PAGE, Some(Flash::SessionEnded)))
}

/// `POST /user/sessions/end-others`
pub(super) async fn end_others(caller: Fresh<Principal>, view: View) -> Result<Response, Problem> {
    view.visit.end_other_sessions(&caller).await?;
    Ok(view.go(PAGE, Some(Flash::OthersEnded)))
}

/// `GET` where only forms are sent: to the page that they are on.
pub(super) async fn back_to_list(view: View) -> Response {
    view.go(PAGE, None)
}

fn session_id(id: Result<Path<String>, PathRejection>) -> Result<SessionId, Problem> {
    id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(Problem::new(ErrorCode::NotFound))
}

pub(super) fn renewal(note: &RenewalNote, carrier: Carrier, language: &Language) -> Value {
    context! {
        what => language.text(outcome_in_words(note.outcome)),
        count => note.count,
        first => note.first_at.seconds(),
        last => note.last_at.seconds(),
        address => note.address.as_str(),
        device => user_agent::in_words(&note.agent, carrier, language),
        alarming => note.outcome == Outcome::Theft,
    }
}

/// For people who wonder what their devices did.
pub(crate) const fn outcome_in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Advanced => "renewal-advanced",
        Outcome::RepeatedConcurrent => "renewal-concurrent",
        Outcome::RepeatedLostAnswer => "renewal-lost-answer",
        Outcome::Theft => "renewal-theft",
        Outcome::Ended => "renewal-ended",
        Outcome::Idle => "renewal-idle",
        Outcome::PastEnd => "renewal-past-end",
        Outcome::NotIssued => "renewal-not-issued",
        Outcome::Superseded => "renewal-superseded",
    }
}

pub(super) fn value(
    session: &Session,
    current: bool,
    now: Timestamp,
    language: &Language,
) -> Value {
    let over = session.over(now);
    let reason = over.map(|over| over.reason.map_or("session-end-idle", in_words));
    context! {
        id => session.id.to_string(),
        current,
        device => user_agent::device(session, language),
        address => session.address.as_str(),
        carrier => session.carrier.name(),
        created => session.created_at.seconds(),
        last_seen => session.last_seen_at.seconds(),
        ended_at => over.map(|over| over.since.seconds()),
        reason => reason.map(|reason| language.text(reason)),
        alarming => session.end.is_some_and(|end| end.reason == EndReason::Theft),
    }
}

pub(crate) const fn in_words(reason: EndReason) -> &'static str {
    match reason {
        EndReason::SignedOut => "session-end-signed-out",
        EndReason::EndedByUser => "session-end-by-user",
        EndReason::Replaced => "session-end-replaced",
        EndReason::PasswordChanged => "session-end-password",
        EndReason::Suspended => "session-end-suspended",
        EndReason::Deleted => "session-end-deleted",
        EndReason::EndedByAdmin => "session-end-by-admin",
        EndReason::Theft => "session-end-theft",
        EndReason::TooMany => "session-end-too-many",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Texts;
    use std::time::Duration;
    use vestibule::{
        Lifetimes,
        core::{
            id::UserId,
            session::{End, SignIn},
        },
    };

    #[test]
    fn a_session_that_was_not_used_has_ended_too() {
        let now = Timestamp::from_seconds(1_000_000);
        let sign_in = SignIn {
            user_id: UserId(1),
            carrier: Carrier::Header,
            remembered: false,
            methods: Vec::new(),
            address: "192.0.2.1".to_owned(),
            agent: String::new(),
            device: Some("Anna's phone".to_owned()),
        };
        let mut session = sign_in.begin(SessionId::from_bytes([1; 16]), &Lifetimes::default(), now);
        let texts = Texts::ours();
        let ended = |session: &Session, now| {
            let value = value(session, false, now, texts.language(None));
            let text = |name| value.get_attr(name).unwrap().to_string();
            (text("device"), text("ended_at"), text("reason"))
        };
        let device = "Anna's phone".to_owned();
        assert_eq!(ended(&session, now), (device.clone(), "None".to_owned(), "None".to_owned()));
        let later = session.expires_at;
        assert_eq!(ended(&session, later - Duration::from_millis(1)).1, "None");
        assert_eq!(ended(&session, later).1, later.seconds().to_string());
        session.end = Some(End { at: now, reason: EndReason::EndedByUser });
        assert_eq!(
            ended(&session, later),
            (device, "1000000".to_owned(), "Ended by you".to_owned())
        );
    }
}
