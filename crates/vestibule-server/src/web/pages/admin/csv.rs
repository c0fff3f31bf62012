//! What happened, as a file for a spreadsheet (RFC 4180), written while it is read.

use axum::{
    body::{Body, Bytes},
    http::{Uri, header},
    response::{IntoResponse as _, Response},
};
use csv::{QuoteStyle, Terminator, WriterBuilder};
use http_body_util::channel::{Channel, Sender};
use vestibule::{
    Problem,
    core::{id::UserId, store::StoreError},
};
use vestibule_site::store::{EventQuery, KeptEvent};

use super::{Caller, View, words};
use crate::{
    i18n::dates::stamp,
    web::{admin::filter::Parameters, state::Site},
};

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
    let mut text = HEADS.as_bytes().to_vec();
    for _ in 0..MOST / PAGE {
        let events = match site.store.events(&query).await {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(%error, "an export of the audit trail was interrupted");
                return rows.abort(error);
            }
        };
        text.extend(written(events.iter().map(fields)));
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

fn fields(kept: &KeptEvent) -> [String; 10] {
    let event = &kept.event;
    let number = |id: Option<UserId>| id.map(|id| id.to_string()).unwrap_or_default();
    let details: Vec<String> = event
        .details
        .iter()
        .map(|(name, value)| format!("{name}={}", words::plain(value)))
        .collect();
    [
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
    ]
}

/// Rows whose fields all stand in quotation marks. One that a spreadsheet would take for a formula begins with an
/// apostrophe: a `User-Agent` is a stranger's text, and runs on nobody's desk.
fn written<const FIELDS: usize>(rows: impl Iterator<Item = [String; FIELDS]>) -> Vec<u8> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        // All rows are of one length, and writing to memory cannot fail.
        let _ = writer.write_record(row.map(harmless));
    }
    writer.into_inner().unwrap_or_default()
}

/// One field, as it stands in such a row.
pub(crate) fn quoted(field: &str) -> String {
    let row = written([[field.to_owned()]].into_iter());
    String::from_utf8_lossy(row.trim_ascii_end()).into_owned()
}

fn harmless(field: String) -> String {
    let start = field.trim_start_matches(is_blank);
    match start.starts_with(['=', '+', '-', '@', '|', '%']) || field.starts_with(is_blank) {
        true => format!("'{field}"),
        false => field,
    }
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_field_is_a_formula() {
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(quoted(""), "\"\"");
        for formula in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "|x", "%x", "\u{b}+1"]
        {
            assert!(quoted(formula).starts_with("\"'"), "{formula:?}");
        }
    }
}
