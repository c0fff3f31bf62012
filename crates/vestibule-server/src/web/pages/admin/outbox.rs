//! The mails, and what became of them.

use axum::{http::Uri, response::Response};
use minijinja::{Value, context};
use vestibule::Problem;
use vestibule_site::outbox::{MailState, OutboxEntry};

use super::{Caller, FreshCaller, Segment, View, back_to, page_link, refusal, segment, words};
use crate::{
    services::mail::kind_in_words,
    web::{
        admin::filter::{self, Parameters},
        pages::{flash::Flash, refusal::Refusal},
    },
};

const PAGE: &str = "/admin/outbox";
const TEMPLATE: &str = "admin/outbox.html";

/// `GET /admin/outbox`
pub(super) async fn list(_: Caller, view: View, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::of(&uri);
    match parameters.mails(&view.site).await {
        Ok(_) => view.show(TEMPLATE, content(&view, &uri).await?),
        Err(problem) => {
            let refusal = Refusal::of(problem)?;
            let content = content(&view, &Uri::from_static(PAGE)).await?;
            let typed = context! { who => parameters.text("user"), ..content };
            view.refuse(TEMPLATE, &refusal, typed)
        }
    }
}

/// `POST /admin/outbox/{id}/retry`
pub(super) async fn retry(
    caller: FreshCaller,
    view: View,
    id: Segment,
) -> Result<Response, Problem> {
    let refusal = match view.admin(&caller).retry_mail(segment(id)?).await {
        Ok(()) => return Ok(view.go(PAGE, Some(Flash::MailRetried))),
        Err(problem) => refusal(problem)?,
    };
    let content = content(&view, &Uri::from_static(PAGE)).await?;
    view.refuse(TEMPLATE, &refusal, content)
}

pub(super) async fn back(view: View) -> Response {
    back_to(&view, PAGE)
}

async fn content(view: &View, uri: &Uri) -> Result<Value, Problem> {
    let parameters = Parameters::of(uri);
    let query = parameters.mails(&view.site).await?;
    let (mails, next) = filter::mails(&query, &view.site).await?;
    let ids: Vec<_> = mails.iter().filter_map(|mail| mail.user).collect();
    let people = words::people(&ids, &view.site).await?;
    let value = |mail: &OutboxEntry| {
        context! {
            id => mail.id.to_string(),
            about => kind_in_words(&mail.kind, view.language()),
            recipient => mail.recipient.as_str(),
            user => words::person(mail.user, &people),
            state => mail.state.name(),
            can_retry => mail.state != MailState::Sent,
            tries => mail.tries,
            last_error => mail.last_error.as_deref(),
            created_at => mail.created_at.seconds(),
            at => mail.at.seconds(),
        }
    };
    Ok(context! {
        mails => mails.iter().map(value).collect::<Vec<Value>>(),
        show => query.state.map_or("", MailState::name),
        who => parameters.text("user"),
        into_files => view.site.settings.mail.url.is_none(),
        is_first => query.after.is_none(),
        next => next.map(|cursor| page_link(uri, PAGE, Some(&cursor))),
        start => page_link(uri, PAGE, None),
    })
}
