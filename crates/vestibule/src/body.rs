//! The CSRF field of a form, found before the handler runs and without its help.
//!
//! A urlencoded body is read up to a bound; of a multipart one only the leading part, which has to be
//! `csrf_token`. What was read goes on in front of the rest: the handler sees the body untouched.
//!
//! Nobody is known yet while this happens, so the look is bounded in bytes and in time. What has not arrived
//! by then counts as if it were not there.

use std::{pin::Pin, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::time::{Instant, timeout_at};
use vestibule_core::secret::SecretText;

/// The name of the form field.
pub(crate) const CSRF_FIELD: &str = "csrf_token";

/// As much of a urlencoded body as is looked at, in bytes.
const FORM_BOUND: usize = 256 * 1024;
/// As much of a multipart body: a boundary, the part's headers and a value.
const MULTIPART_BOUND: usize = 4 * 1024;

/// How long the look may take.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// What a body says of the CSRF value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum CsrfField {
    /// Nothing.
    #[default]
    Absent,
    /// This.
    One(SecretText),
    /// Several different things.
    Conflict,
}

/// Reads the CSRF field of a form body and gives the body back whole.
pub(crate) async fn read_csrf_field(headers: &HeaderMap, body: Body) -> (CsrfField, Body) {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let (start, body) = read_start(body, FORM_BOUND, |_| false).await;
        (in_form(start.whole_pairs()), body)
    } else if essence.eq_ignore_ascii_case("multipart/form-data") {
        let Some(boundary) = boundary_of(content_type) else {
            return (CsrfField::Absent, body);
        };
        let end = format!("\r\n--{boundary}");
        let enough = |start: &[u8]| find(start, end.as_bytes()).is_some();
        let (start, body) = read_start(body, MULTIPART_BOUND, enough).await;
        (in_multipart(&start.bytes, boundary), body)
    } else {
        (CsrfField::Absent, body)
    }
}

/// The beginning of a body.
struct Start {
    bytes: Bytes,
    /// Whether the look ended before the body did.
    is_cut: bool,
}

impl Start {
    /// What stands in it of a form, without a field that may go on.
    fn whole_pairs(&self) -> &[u8] {
        if !self.is_cut {
            return &self.bytes;
        }
        let end = self.bytes.iter().rposition(|byte| *byte == b'&').unwrap_or_default();
        self.bytes.get(..end).unwrap_or_default()
    }
}

/// Reads until `enough` or a bound, and gives what was read and the body with it in front again.
async fn read_start(mut body: Body, bound: usize, enough: impl Fn(&[u8]) -> bool) -> (Start, Body) {
    let until = Instant::now() + LOOK_WITHIN;
    let mut start = BytesMut::new();
    let mut next: Option<Result<Frame<Bytes>, axum::Error>> = None;
    let is_cut = loop {
        if start.len() >= bound {
            break true;
        }
        if enough(&start) {
            break false;
        }
        match timeout_at(until, body.frame()).await {
            Err(_) => break true,
            Ok(None) => break false,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => start.extend_from_slice(&data),
                Err(trailers) => {
                    next = Some(Ok(trailers));
                    break false;
                }
            },
            // The handler meets the same error when it reads on.
            Ok(Some(Err(error))) => {
                next = Some(Err(error));
                break true;
            }
        }
    };
    let bytes = start.freeze();
    let whole = Whole { start: (!bytes.is_empty()).then(|| bytes.clone()), next, rest: body };
    // The last piece may go beyond the bound.
    let bytes = bytes.slice(..bytes.len().min(bound));
    (Start { bytes, is_cut }, Body::new(StreamBody::new(whole)))
}

/// A body put together again.
struct Whole {
    start: Option<Bytes>,
    next: Option<Result<Frame<Bytes>, axum::Error>>,
    rest: Body,
}

impl futures_core::Stream for Whole {
    type Item = Result<Frame<Bytes>, axum::Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        if let Some(start) = self.start.take() {
            return std::task::Poll::Ready(Some(Ok(Frame::data(start))));
        }
        if let Some(next) = self.next.take() {
            return std::task::Poll::Ready(Some(next));
        }
        http_body::Body::poll_frame(Pin::new(&mut self.rest), context)
    }
}

fn in_form(start: &[u8]) -> CsrfField {
    let mut found = CsrfField::Absent;
    for (name, value) in form_urlencoded::parse(start) {
        if name != CSRF_FIELD {
            continue;
        }
        match &found {
            CsrfField::Absent => found = CsrfField::One(value.into_owned().into()),
            CsrfField::One(before) if before.expose() == value => {}
            CsrfField::One(_) | CsrfField::Conflict => return CsrfField::Conflict,
        }
    }
    found
}

/// The leading part of RFC 7578 form data, if it is the CSRF field.
fn in_multipart(start: &[u8], boundary: &str) -> CsrfField {
    let field = || {
        let part = start.strip_prefix(format!("--{boundary}\r\n").as_bytes())?;
        let end_of_headers = find(part, b"\r\n\r\n")?;
        let (headers, value) = part.split_at_checked(end_of_headers)?;
        let value = value.strip_prefix(b"\r\n\r\n")?;
        let value = value.get(..find(value, format!("\r\n--{boundary}").as_bytes())?)?;
        let names_it = std::str::from_utf8(headers).ok()?.split("\r\n").any(|line| {
            let Some((name, parameters)) = line.split_once(':') else {
                return false;
            };
            name.eq_ignore_ascii_case("content-disposition")
                && parameters
                    .split(';')
                    .any(|parameter| parameter.trim() == format!("name=\"{CSRF_FIELD}\""))
        });
        names_it.then(|| std::str::from_utf8(value).ok().map(SecretText::from))?
    };
    field().map_or(CsrfField::Absent, CsrfField::One)
}

fn boundary_of(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        let value = value.trim_matches('"');
        (name.eq_ignore_ascii_case("boundary") && !value.is_empty() && value.len() <= 70)
            .then_some(value)
    })
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    async fn read(content_type: &'static str, chunks: &[&'static str]) -> (CsrfField, String) {
        let headers =
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let frames: Vec<Result<_, std::io::Error>> = chunks
            .iter()
            .map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes()))))
            .collect();
        let body = Body::new(StreamBody::new(futures_util_iter(frames)));
        let (field, body) = read_csrf_field(&headers, body).await;
        let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (field, String::from_utf8(whole.to_vec()).unwrap())
    }

    fn futures_util_iter<T: Unpin>(items: Vec<T>) -> impl futures_core::Stream<Item = T> {
        struct Items<T>(std::vec::IntoIter<T>);
        impl<T: Unpin> futures_core::Stream for Items<T> {
            type Item = T;
            fn poll_next(
                mut self: Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<T>> {
                std::task::Poll::Ready(self.0.next())
            }
        }
        Items(items.into_iter())
    }

    const FORM: &str = "application/x-www-form-urlencoded";
    const MULTIPART: &str = "multipart/form-data; boundary=XX";

    #[tokio::test]
    async fn a_form_field_is_found_and_the_body_stays_whole() {
        let (field, body) = read(FORM, &["a=1&csrf_", "token=v%2B1&b=2"]).await;
        assert_eq!(
            (field, body.as_str()),
            (CsrfField::One("v+1".into()), "a=1&csrf_token=v%2B1&b=2")
        );
        assert_eq!(read(FORM, &["a=1"]).await.0, CsrfField::Absent);
        assert_eq!(read(FORM, &[]).await, (CsrfField::Absent, String::new()));
        assert_eq!(read(FORM, &["csrf_token=a&csrf_token=b"]).await.0, CsrfField::Conflict);
        assert_eq!(read(FORM, &["csrf_token=a&csrf_token=a"]).await.0, CsrfField::One("a".into()));
        assert_eq!(read("text/plain", &["csrf_token=a"]).await.0, CsrfField::Absent);
    }

    /// A body that brings these pieces at once and then nothing for an hour.
    fn stalling(pieces: &'static [&'static str]) -> Body {
        let stalled = Box::pin(tokio::time::sleep(Duration::from_secs(3600)));
        Body::new(StreamBody::new(Stalling { pieces: pieces.iter(), stalled }))
    }

    struct Stalling {
        pieces: std::slice::Iter<'static, &'static str>,
        stalled: Pin<Box<tokio::time::Sleep>>,
    }

    impl futures_core::Stream for Stalling {
        type Item = Result<Frame<Bytes>, std::io::Error>;

        fn poll_next(
            mut self: Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            if let Some(piece) = self.pieces.next() {
                let data = Bytes::from_static(piece.as_bytes());
                return std::task::Poll::Ready(Some(Ok(Frame::data(data))));
            }
            self.stalled.as_mut().poll(context).map(|()| None)
        }
    }

    async fn look(content_type: &'static str, body: Body) -> (CsrfField, Duration, Bytes) {
        let headers =
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let began = Instant::now();
        let (field, body) = read_csrf_field(&headers, body).await;
        let took = began.elapsed();
        (field, took, axum::body::to_bytes(body, usize::MAX).await.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_longer_than_a_bound_and_what_came_by_then_counts() {
        let one = CsrfField::One("value".into());
        for (content_type, pieces, expected) in [
            (FORM, &["a=1&csrf_token=value&", "text=long"][..], &one),
            (FORM, &["a=1&csrf_token=val"], &CsrfField::Absent),
            (FORM, &["csrf_token=val"], &CsrfField::Absent),
            (FORM, &[], &CsrfField::Absent),
            (MULTIPART, &["--XX\r\n"], &CsrfField::Absent),
            (
                MULTIPART,
                &["--XX\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nval"],
                &CsrfField::Absent,
            ),
        ] {
            let (field, took, whole) = look(content_type, stalling(pieces)).await;
            assert_eq!((&field, took), (expected, LOOK_WITHIN), "{pieces:?}");
            assert_eq!(whole, pieces.concat(), "the handler sees all of it");
        }
    }

    #[tokio::test]
    async fn no_more_of_a_form_is_read_than_a_bound_and_a_field_that_it_cuts_does_not_count() {
        let long = |before: usize| "x".repeat(before) + "&csrf_token=value&y=1";
        for (text, expected) in [
            (long(10), CsrfField::One("value".into())),
            (long(FORM_BOUND - 30), CsrfField::One("value".into())),
            (long(FORM_BOUND), CsrfField::Absent),
            ("x".repeat(FORM_BOUND - 15) + "&csrf_token=val", CsrfField::Absent),
        ] {
            let (field, _, whole) = look(FORM, Body::from(text.clone())).await;
            // The last one ends at the bound, and might have gone on.
            assert_eq!(field, expected, "{}", text.len());
            assert_eq!(whole, text);
        }
    }

    #[tokio::test]
    async fn only_the_leading_part_of_a_multipart_body_counts() {
        let part =
            "--XX\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nvalue\r\n--XX\r\n";
        let rest = "Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nbytes\r\n--XX--\r\n";
        let (field, body) =
            read(MULTIPART, &["--X", "X\r\n", part.strip_prefix("--XX\r\n").unwrap(), rest]).await;
        assert_eq!(field, CsrfField::One("value".into()));
        assert_eq!(body, format!("{part}{rest}"));
        let other =
            "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncsrf_token\r\n--XX--\r\n";
        assert_eq!(read(MULTIPART, &[other]).await, (CsrfField::Absent, other.to_owned()));
        assert_eq!(read("multipart/form-data", &[part]).await.0, CsrfField::Absent);
    }
}
