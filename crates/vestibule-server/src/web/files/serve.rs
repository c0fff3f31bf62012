//! A content on its way out.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use vestibule::{Detail, ErrorCode, Problem, core::id::UserId};
use vestibule_site::{
    file::{Blob, File, Tags, is_harmless, served_as},
    store::SeenFile,
};

use super::{
    api::{if_match, if_none_match, tagged},
    disposition, range,
};
use crate::services::files::Files;
use crate::services::files::receive::unavailable;

/// Whatever a content turns out to be, on our origin it runs nothing, loads nothing and is nobody.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
);
/// A browser may keep it, for this person, and asks each time whether it is still the same.
const ASK_FIRST: HeaderValue = HeaderValue::from_static("private, no-cache");

/// The answer to whoever asks for a content: all of it, a part, or that they have it already.
///
/// # Errors
/// `precondition_failed` where `If-Match` asks for another content, `unavailable` where its first piece cannot
/// be read, `rate_limited` where too many are on their way to the caller, `forbidden` if a page wants to run it.
pub(super) async fn answer(
    files: &Files,
    who: UserId,
    (seen, blobs): (SeenFile, Vec<Blob>),
    request: &Parts,
    is_shown: bool,
) -> Result<Response, Problem> {
    let (file, asked) = (&seen.file, &request.headers);
    refuse_to_run(asked)?;
    if if_match(asked)?.is_some_and(|tags| !tags.hold_weakly(&file.tag())) {
        return Err(Problem::new(ErrorCode::PreconditionFailed));
    }
    let is_known = if_none_match(asked).is_some_and(|tags| tags.hold_weakly(&file.tag()));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        whole_or_part(files, who, file, blobs, request).await?
    };
    let headers = response.headers_mut();
    headers.extend(tagged(file));
    headers.insert(header::CACHE_CONTROL, ASK_FIRST);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    headers.insert(
        header::CONTENT_DISPOSITION,
        disposition::header(is_shown && is_harmless(&file.kind), &file.name),
    );
    Ok(response)
}

/// A page can name any address of its own origin as a script, a worker or a style. None of them is a content's, whatever
/// its type (W3C Fetch Metadata section 2.1; `Service-Worker` is what browsers without it say).
fn refuse_to_run(asked: &HeaderMap) -> Result<(), Problem> {
    const CODE: [&[u8]; 9] = [
        b"script",
        b"worker",
        b"sharedworker",
        b"serviceworker",
        b"audioworklet",
        b"paintworklet",
        b"style",
        b"xslt",
        b"manifest",
    ];
    let is_code = asked
        .get_all("sec-fetch-dest")
        .iter()
        .any(|destination| CODE.contains(&destination.as_bytes()))
        || asked.contains_key("service-worker");
    if !is_code {
        return Ok(());
    }
    let text = "A stored file cannot be used as a script, a worker or a style sheet of a page.";
    Err(Problem::new(ErrorCode::Forbidden).because(&Detail::new("content_is_no_code", text)))
}

async fn whole_or_part(
    files: &Files,
    who: UserId,
    file: &File,
    blobs: Vec<Blob>,
    request: &Parts,
) -> Result<Response, Problem> {
    let asked = &request.headers;
    let part = asked
        .get(header::RANGE)
        .filter(|_| range_counts(asked, file))
        .and_then(|range| range::parse(range.to_str().ok()?, file.size));
    let (status, range) = match part {
        Some(part) => (StatusCode::PARTIAL_CONTENT, part),
        None => (StatusCode::OK, 0..file.size),
    };
    let length = range.end.saturating_sub(range.start);
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, content_type(served_as(&file.kind))),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ]);
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end.saturating_sub(1);
        let text = format!("bytes {}-{last}/{}", range.start, file.size);
        headers.extend(said(header::CONTENT_RANGE, text));
    }
    if request.method == Method::HEAD {
        return Ok((status, headers).into_response());
    }
    let client = files.auth.client_address(&request.extensions, asked);
    let turn = files.download_turn(who, client).await?;
    let mut pieces = files.blobs.read(blobs, range);
    // As long as nothing has been sent, an outage can be told as one.
    let first = pieces.try_next().await.map_err(unavailable)?;
    let rest = pieces.inspect_err(move |error| {
        // Held for as long as something is on its way.
        let _ = &turn;
        // The answer has begun: all that is left is to cut it off, which its length makes plain.
        tracing::error!(%error, "cannot read the rest of a file");
    });
    let pieces = stream::iter(first.map(Ok)).chain(rest);
    Ok((status, headers, Body::from_stream(pieces)).into_response())
}

/// `If-Range`: the rest of a content is only of use to whoever has the beginning of the same one (RFC 9110
/// section 13.1.5). A date there is never one of ours.
fn range_counts(asked: &HeaderMap, file: &File) -> bool {
    asked
        .get(header::IF_RANGE)
        .is_none_or(|tag| tag.to_str().is_ok_and(|tag| Tags::parse(tag).hold(&file.tag())))
}

fn content_type(kind: &str) -> HeaderValue {
    let text =
        if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    HeaderValue::try_from(text)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

fn said(name: HeaderName, text: String) -> Option<(HeaderName, HeaderValue)> {
    HeaderValue::try_from(text).ok().map(|value| (name, value))
}
