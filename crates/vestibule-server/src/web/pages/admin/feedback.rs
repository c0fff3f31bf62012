//! What people said.

use axum::{http::Uri, response::Response};
use minijinja::{Value, context};
use vestibule::{Carrier, Problem};
use vestibule_site::store::{Feedback, FeedbackQuery};

use super::{Caller, FreshCaller, Segment, View, back_to, page_link, segment, words};
use crate::{
    templates::user_agent,
    web::{
        admin::filter::{self, PAGE as SIZE, Parameters},
        pages::{flash::Flash, form::FormBody},
    },
};

const PAGE: &str = "/admin/feedback";

/// `GET /admin/feedback`
pub(super) async fn list(_: Caller, view: View, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::of(&uri);
    let (show, is_done) = match parameters.text("show") {
        Some("waiting") => ("waiting", Some(false)),
        Some("done") => ("done", Some(true)),
        _ => ("", None),
    };
    // A place that is none is the beginning.
    let before = parameters.text("cursor").and_then(|text| text.parse().ok());
    let query = FeedbackQuery { is_done, before, limit: SIZE + 1 };
    let found = view.site.store.feedback(&query).await?;
    let link = |last: &Feedback| page_link(&uri, PAGE, Some(&last.id.to_string()));
    let (found, next) = filter::page(found, SIZE, link);
    let ids: Vec<_> = found.iter().filter_map(|one| one.content.user).collect();
    let people = words::people(&ids, &view.site).await?;
    let value = |one: &Feedback| {
        let content = &one.content;
        context! {
            id => one.id,
            at => one.at.seconds(),
            done => one.done_at.is_some(),
            text => content.text.as_str(),
            email => content.email.as_deref(),
            user => words::person(content.user, &people),
            address => content.address.as_str(),
            device => user_agent::in_words(&content.agent, Carrier::Cookie, view.language()),
        }
    };
    let content = context! {
        feedback => found.iter().map(value).collect::<Vec<Value>>(),
        show,
        is_first => before.is_none(),
        next,
        start => page_link(&uri, PAGE, None),
    };
    view.show("admin/feedback.html", content)
}

/// `POST /admin/feedback/{id}`
pub(super) async fn settle(
    caller: FreshCaller,
    view: View,
    id: Segment,
    form: FormBody,
) -> Result<Response, Problem> {
    view.admin(&caller).settle(segment(id)?, form.is_ticked("done")).await?;
    Ok(view.go(PAGE, Some(Flash::Saved)))
}

pub(super) async fn back(view: View) -> Response {
    back_to(&view, PAGE)
}
