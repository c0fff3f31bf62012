//! What happened, as a file for a spreadsheet (RFC 4180), written while it is read.

use axum::{
    body::{Body, Bytes},
    http::{Uri, header},
    response::{IntoResponse as _, Response},
};
use http_body_util::channel::{Channel, Sender};
use vestibule::{
    Problem,
    core::{
        id::UserId,
        store::{EventQuery, KeptEvent, StoreError},
    },
};

use super::{Caller, View, words};
use crate::{admin::filter::Parameters, pages::dates::stamp, site::Site};

/// How many events are read at once.
const PAGE: u32 = 1_000;
/// How many pages wait for a reader that is slower than the store.
const AHEAD: usize = 2;
/// As many events are in one file at most: no spreadsheet holds more.
const MOST: u32 = 1_000_000;

const HEADS: &str =
    "time,event,outcome,actor,subject,session,address,user_agent,request_id,details\r\n";

/// `GET /admin/audit.csv`
pub(super) async fn download(_: Caller, view: View, uri: Uri) -> Result<Response, Problem> {
    let query = Parameters::of(&uri).events(&view.site).await?;
    let query = EventQuery { limit: PAGE, behind: None, ..query };
    view.site.audit.catch_up().await;
    let (rows, body) = Channel::new(AHEAD);
    tokio::spawn(write(view.site.clone(), query, rows));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::new(body)).into_response())
}

/// Ends early where nobody reads any more. A file that cannot be ended is broken off, so that nobody takes it
/// for the whole.
async fn write(site: Site, mut query: EventQuery, mut rows: Sender<Bytes, StoreError>) {
    let mut text = HEADS.to_owned();
    for _ in 0..MOST / PAGE {
        let events = match site.store.events(&query).await {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(%error, "a file of the audit trail was broken off");
                return rows.abort(error);
            }
        };
        events.iter().for_each(|kept| row(kept, &mut text));
        if rows.send_data(std::mem::take(&mut text).into()).await.is_err() {
            return;
        }
        let goes_on = events.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        match events.last().filter(|_| goes_on) {
            Some(last) => query.behind = Some(last.cursor()),
            None => return,
        }
    }
}

fn row(kept: &KeptEvent, text: &mut String) {
    let event = &kept.event;
    let number = |id: Option<UserId>| id.map(|id| id.to_string()).unwrap_or_default();
    let details: Vec<String> = event
        .details
        .iter()
        .map(|(name, value)| format!("{name}={}", words::plain(value)))
        .collect();
    let fields = [
        stamp(event.at.seconds()),
        event.name.name().to_owned(),
        event.outcome.name().to_owned(),
        number(event.actor),
        number(event.subject),
        event.session.map(|session| session.to_string()).unwrap_or_default(),
        event.address.clone().unwrap_or_default(),
        event.agent.clone().unwrap_or_default(),
        event.request_id.clone().unwrap_or_default(),
        details.join("; "),
    ];
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        push_field(field, text);
    }
    text.push_str("\r\n");
}

/// A field in quotation marks. One that a spreadsheet would take for a formula begins with an apostrophe: a
/// `User-Agent` is a stranger's text, and runs on nobody's desk.
pub(crate) fn push_field(field: &str, text: &mut String) {
    text.push('"');
    let looks_harmless = field.trim_start_matches(is_blank);
    if looks_harmless.starts_with(['=', '+', '-', '@', '|', '%']) || field.starts_with(is_blank) {
        text.push('\'');
    }
    for letter in field.chars() {
        if letter == '"' {
            text.push('"');
        }
        text.push(letter);
    }
    text.push('"');
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control()
}

#[cfg(test)]
mod tests {
    use super::push_field;

    fn written(field: &str) -> String {
        let mut text = String::new();
        push_field(field, &mut text);
        text
    }

    #[test]
    fn no_field_is_a_formula() {
        assert_eq!(written("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(written(""), "\"\"");
        for formula in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "|x", "%x", "\u{b}+1"]
        {
            assert!(written(formula).starts_with("\"'"), "{formula:?}");
        }
    }
}
