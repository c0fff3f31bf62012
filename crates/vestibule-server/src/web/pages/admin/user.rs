//! One account.

use axum::{extract::Path, response::Response};
use minijinja::{Value, context};
use vestibule::{
    ErrorCode, Principal, Problem,
    core::{
        id::{SessionId, UserId},
        name::RoleName,
        store::SessionCursor,
        user::{UserChange, UserStatus},
    },
};
use vestibule_site::store::EventQuery;

use super::{
    Caller, FreshCaller, Segment, Segments, View, back_to, named, refusal, segment, users, words,
};
use crate::web::{
    admin::api,
    pages::{flash::Flash, form::FormBody, sessions},
};

/// How much of what happened is shown beside an account.
const EVENTS: u32 = 20;

/// `GET /admin/users/{id}`
pub(super) async fn show(caller: Caller, view: View, id: Segment) -> Result<Response, Problem> {
    let content = content(segment(id)?, &caller, &view).await?;
    view.show("admin/user.html", content)
}

/// `POST /admin/users/{id}/change`: `status`, `super_user`, `grant` or `revoke` says what.
pub(super) async fn change(
    caller: FreshCaller,
    view: View,
    id: Segment,
    form: FormBody,
) -> Result<Response, Problem> {
    let id: UserId = segment(id)?;
    let done = carry_out(id, &caller, &view, &form).await;
    let refusal = match done {
        Ok(()) => return Ok(view.go(&page(id), Some(Flash::Saved))),
        Err(problem) => refusal(problem)?,
    };
    let content = content(id, &caller, &view).await?;
    let content = context! { typed_role => form.text("grant"), ..content };
    view.refuse("admin/user.html", &refusal, content)
}

/// `POST /admin/users/{id}/reset`
pub(super) async fn start_reset(
    caller: FreshCaller,
    view: View,
    id: Segment,
) -> Result<Response, Problem> {
    let id: UserId = segment(id)?;
    let refusal = match view.admin(&caller).start_reset(id).await {
        Ok(()) => return Ok(view.go(&page(id), Some(Flash::ResetStarted))),
        Err(problem) => refusal(problem)?,
    };
    let content = content(id, &caller, &view).await?;
    view.refuse("admin/user.html", &refusal, content)
}

/// `POST /admin/users/{id}/sessions/end`
pub(super) async fn end_sessions(
    caller: FreshCaller,
    view: View,
    id: Segment,
) -> Result<Response, Problem> {
    let id = segment(id)?;
    view.admin(&caller).end_sessions(id).await?;
    Ok(view.go(&page(id), Some(Flash::SessionsEnded)))
}

/// `POST /admin/users/{id}/sessions/{session}/end`
pub(super) async fn end_session(
    caller: FreshCaller,
    view: View,
    ids: Segments,
) -> Result<Response, Problem> {
    let (id, session) = both(ids)?;
    view.admin(&caller).end_session(id, session).await?;
    Ok(view.go(&page(id), Some(Flash::SessionEnded)))
}

/// `GET /admin/users/{id}/sessions/{session}`
pub(super) async fn session(
    caller: Caller,
    view: View,
    ids: Segments,
) -> Result<Response, Problem> {
    let (id, session) = both(ids)?;
    let admin = view.admin(&caller);
    let user = admin.user(id).await?;
    let renewals = view.site.auth.renewals_of(session).await?;
    let session = admin.session(id, session).await?;
    let renewals: Vec<Value> = renewals
        .iter()
        .map(|note| sessions::renewal(note, session.carrier, view.language()))
        .collect();
    let content = context! {
        user => users::value(&user, view.site.auth.now()),
        session => sessions::value(&session, false, view.site.auth.now(), view.language()),
        agent => session.agent.as_str(),
        renewals,
    };
    view.show("admin/session.html", content)
}

pub(super) async fn back(view: View, id: Segment) -> Result<Response, Problem> {
    Ok(back_to(&view, &page(segment(id)?)))
}

pub(super) async fn back_two(view: View, ids: Segments) -> Result<Response, Problem> {
    Ok(back_to(&view, &page(both(ids)?.0)))
}

async fn carry_out(
    id: UserId,
    caller: &Principal,
    view: &View,
    form: &FormBody,
) -> Result<(), Problem> {
    let admin = view.admin(caller);
    let role = |name: &str| {
        RoleName::parse(form.text(name)).map_err(|error| Problem::fault("roles", &error))
    };
    let change = match [form.text("status"), form.text("super_user")] {
        ["", ""] if !form.text("revoke").is_empty() => {
            return admin.set_role(id, role("revoke")?, false).await.map(|_| ());
        }
        ["", ""] => return admin.set_role(id, role("grant")?, true).await.map(|_| ()),
        [status, ""] => {
            let status = status.parse::<UserStatus>();
            let status = status.map_err(|_| Problem::new(ErrorCode::MalformedRequest))?;
            UserChange { status: Some(status), ..UserChange::default() }
        }
        [_, is_super_user] => {
            UserChange { is_super_user: Some(is_super_user == "true"), ..UserChange::default() }
        }
    };
    admin.change(id, change).await.map(|_| ())
}

async fn content(id: UserId, caller: &Principal, view: &View) -> Result<Value, Problem> {
    let user = view.admin(caller).user(id).await?;
    let now = view.site.auth.now();
    let behind: Option<SessionCursor> = view.query("cursor").and_then(|text| text.parse().ok());
    let found = view.site.auth.sessions_of(id, behind).await?;
    let next_sessions = found.next.map(|next| next.to_string());
    let found = found.sessions;
    let shown: Vec<Value> =
        found.iter().map(|session| sessions::value(session, false, now, view.language())).collect();
    let has_open = found.iter().any(|session| session.end.is_none() && now < session.expires_at);
    let query = EventQuery { subject: Some(id), limit: EVENTS, ..EventQuery::default() };
    let (events, _) = api::events(&query, &view.site).await?;
    Ok(context! {
        user => users::value(&user, now),
        is_self => id == caller.user_id(),
        sessions => shown,
        next_sessions,
        has_open,
        events_list => words::shown(&events, view).await?,
    })
}

fn both(ids: Segments) -> Result<(UserId, SessionId), Problem> {
    let Path((id, session)) = ids.map_err(|_| Problem::new(ErrorCode::NotFound))?;
    Ok((named(&id)?, named(&session)?))
}

fn page(id: UserId) -> String {
    format!("/admin/users/{id}")
}
