//! What happened.

use std::collections::BTreeMap;

use axum::{http::Uri, response::Response};
use minijinja::{Value, context};
use vestibule::{ErrorCode, Problem, core::event::EventName};

use super::{Caller, View, page_link, words};
use crate::web::{
    admin::{api, filter::Parameters},
    pages::refusal::Refusal,
};

const PAGE: &str = "/admin/audit";
const FIELDS: [&str; 7] = ["event", "subject", "actor", "address", "session", "from", "to"];

/// `GET /admin/audit`
pub(super) async fn list(_: Caller, view: View, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::of(&uri);
    let typed = FIELDS.map(|name| (name, parameters.text(name).unwrap_or_default().to_owned()));
    let filter = Value::from(BTreeMap::from(typed));
    let language = view.language();
    let names: Vec<_> = EventName::ALL
        .iter()
        .map(|name| (name.name(), language.text(words::in_words(*name))))
        .collect();
    let around = context! { filter, names };
    let query = match parameters.events(&view.site).await {
        Ok(query) => query,
        Err(problem) if problem.fields.iter().any(|field| field.field == "cursor") => {
            return Ok(view.go(&page_link(&uri, PAGE, None), None));
        }
        Err(problem) if problem.code == ErrorCode::InvalidInput => {
            let content =
                context! { events_list => Vec::<Value>::new(), is_first => true, ..around };
            return view.refuse("admin/audit.html", &Refusal::of(problem)?, content);
        }
        Err(problem) => return Err(problem),
    };
    let (events, next) = api::events(&query, &view.site).await?;
    let content = context! {
        events_list => words::shown(&events, &view).await?,
        is_first => query.behind.is_none(),
        next => next.map(|next| page_link(&uri, PAGE, Some(&next))),
        start => page_link(&uri, PAGE, None),
        csv => page_link(&uri, "/admin/audit.csv", None),
        ..around
    };
    view.show("admin/audit.html", content)
}
