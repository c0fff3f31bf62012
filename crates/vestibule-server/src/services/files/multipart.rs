//! Form data in parts (RFC 7578), read as it arrives.
//!
//! Of a part's content one piece of [`PIECE`] bytes is held at most, and of its headers, with what may stand before the
//! first part, two pieces.

use std::{
    error::Error as _,
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, ready},
};

use axum::body::{Body, Bytes};
use futures_util::{Stream, StreamExt as _, stream};
use multer::{Field, Multipart};

/// The most bytes that are handed to the reader of forms at once.
const PIECE: usize = 8 * 1024;
/// The most bytes in which the headers of one part have to be found.
const HEAD_BYTES: usize = 8 * 1024;
/// The most bytes of a boundary (RFC 2046 section 5.1.1).
const BOUNDARY_BYTES: usize = 70;

/// The parts of a form.
pub(super) struct Parts {
    form: Multipart<'static>,
    /// The present part.
    field: Option<Field<'static>>,
    /// How many bytes may still be read; see [`pieces`].
    room: Arc<AtomicUsize>,
}

/// The headers of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The field's name.
    pub(super) name: String,
    /// The name of the file, where it is one.
    pub(super) file_name: Option<String>,
}

/// A form cannot be read on.
#[derive(Debug)]
pub(super) enum Broken {
    /// It is not as such a form is written.
    Form(&'static str),
    /// Its bytes do not arrive.
    Body(axum::Error),
}

/// The headers of a part do not end.
#[derive(Debug, thiserror::Error)]
#[error("the headers of a part are too long")]
struct TooLong;

impl Parts {
    /// Whether a body with this `Content-Type` is such a form.
    pub(super) fn are_in(content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("multipart/form-data")
    }

    /// Begins to read a body with this `Content-Type`.
    pub(super) fn of(content_type: &str, body: Body) -> Result<Self, Broken> {
        let boundary = multer::parse_boundary(content_type)
            .ok()
            .filter(|boundary| (1..=BOUNDARY_BYTES).contains(&boundary.len()))
            .ok_or(Broken::Form("its `Content-Type` has no boundary"))?;
        let room = Arc::new(AtomicUsize::new(0));
        let form = Multipart::new(pieces(body, Arc::clone(&room)), boundary);
        Ok(Self { form, field: None, room })
    }

    /// Goes on to the next part; what has not been read of the present one is passed over.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, Broken> {
        while self.chunk().await?.is_some() {}
        self.room.store(HEAD_BYTES, Ordering::Relaxed);
        let Some(field) = self.form.next_field().await.map_err(broken)? else { return Ok(None) };
        self.room.store(usize::MAX, Ordering::Relaxed);
        let name = field.name().map(decode).ok_or(Broken::Form("a part has no name"))?;
        let file_name = field.file_name().map(decode);
        self.field = Some(field);
        Ok(Some(Part { name, file_name }))
    }

    /// Some more of the present part's content; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
        let Some(field) = &mut self.field else { return Ok(None) };
        let chunk = field.chunk().await.map_err(broken)?;
        if chunk.is_none() {
            // The form goes on once nobody holds its part.
            self.field = None;
        }
        Ok(chunk)
    }
}

/// A body in small pieces. The reader of forms takes all that a stream has, and keeps what it cannot use yet: so there
/// is nothing for it right after a piece, and an error where `room` is used up.
fn pieces(
    body: Body,
    room: Arc<AtomicUsize>,
) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send {
    let mut source = Box::pin(body.into_data_stream());
    let (mut rest, mut is_read) = (Bytes::new(), false);
    stream::poll_fn(move |context| {
        if mem::take(&mut is_read) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let left = room.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Some(Err(axum::Error::new(TooLong))));
        }
        while rest.is_empty() {
            match ready!(source.poll_next_unpin(context)) {
                Some(Ok(bytes)) => rest = bytes,
                end => return Poll::Ready(end),
            }
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        room.store(left.saturating_sub(piece.len()), Ordering::Relaxed);
        is_read = true;
        Poll::Ready(Some(Ok(piece)))
    })
}

fn broken(error: multer::Error) -> Broken {
    use multer::Error::{
        IncompleteFieldData, IncompleteHeaders, IncompleteStream, StreamReadFailed,
    };
    match error {
        StreamReadFailed(error) => match error.downcast::<axum::Error>() {
            Ok(error) if error.source().is_some_and(|cause| cause.is::<TooLong>()) => {
                Broken::Form("the headers of a part are too long")
            }
            Ok(error) => Broken::Body(*error),
            Err(error) => Broken::Body(axum::Error::new(error)),
        },
        IncompleteFieldData { .. } | IncompleteHeaders | IncompleteStream => {
            Broken::Form("it ends before its last delimiter")
        }
        _ => Broken::Form("the headers of a part are malformed"),
    }
}

/// What browsers write for the three characters that cannot stand in a quoted name (WHATWG HTML, "multipart/form-data
/// encoding algorithm"). Any other percent sign is one.
fn decode(name: &str) -> String {
    let name = name.replace("%22", "\"").replace("%0D", "\r").replace("%0d", "\r");
    name.replace("%0A", "\n").replace("%0a", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that arrives in pieces of so many bytes.
    fn body(text: &str, piece: usize) -> Body {
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            text.as_bytes().chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Body::from_stream(stream::iter(pieces))
    }

    fn open(text: &str, piece: usize) -> Parts {
        let kind = "Multipart/Form-Data; charset=utf-8; Boundary=\"XX\"";
        assert!(Parts::are_in(kind));
        Parts::of(kind, body(text, piece)).unwrap_or_else(|_| panic!("a boundary"))
    }

    async fn content(parts: &mut Parts) -> Result<String, Broken> {
        let mut content = Vec::new();
        while let Some(chunk) = parts.chunk().await? {
            content.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8(content).unwrap())
    }

    const FORM: &str = "--XX\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nabc\r\n--XX\r\n\
        content-type: text/plain\r\ncontent-disposition: form-data; name=file; filename=\"a;b\\\"%22.txt\"\r\n\r\n\
        one\r\n--X\r\n\r\n--XY two\r\n--XX--\r\nafter";

    #[tokio::test]
    async fn parts_are_read_however_they_are_cut() {
        for piece in [1, 2, 3, 7, 1000] {
            let mut parts = open(FORM, piece);
            let first = parts.next().await.unwrap().unwrap();
            assert_eq!((&*first.name, first.file_name), ("csrf_token", None));
            assert_eq!(content(&mut parts).await.unwrap(), "abc");
            let second = parts.next().await.unwrap().unwrap();
            assert_eq!((&*second.name, second.file_name.as_deref()), ("file", Some("a;b\"\".txt")));
            assert_eq!(content(&mut parts).await.unwrap(), "one\r\n--X\r\n\r\n--XY two");
            assert!(parts.next().await.unwrap().is_none());
            assert!(parts.next().await.unwrap().is_none(), "and stays at the end");
        }
    }

    #[tokio::test]
    async fn what_is_not_read_is_passed_over() {
        let mut parts = open(&format!("before\r\n{FORM}"), 5);
        assert_eq!(parts.next().await.unwrap().unwrap().name, "csrf_token");
        assert_eq!(parts.next().await.unwrap().unwrap().name, "file");
        assert!(parts.chunk().await.unwrap().is_some());
        assert!(parts.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_empty_file_is_a_part_too() {
        let form = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--XX--";
        let mut parts = open(form, 4);
        let part = parts.next().await.unwrap().unwrap();
        assert_eq!(part.file_name.as_deref(), Some(""));
        assert_eq!(content(&mut parts).await.unwrap(), "");
        assert!(parts.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_form_that_breaks_off_is_never_taken_for_a_whole_one() {
        let end = FORM.find("\r\n--XX--").unwrap();
        for length in (0..end + 6).step_by(3) {
            let mut parts = open(&FORM[..length], 1000);
            let outcome = async {
                while parts.next().await?.is_some() {
                    content(&mut parts).await?;
                }
                Ok::<_, Broken>(())
            };
            assert!(matches!(outcome.await, Err(Broken::Form(_))), "{length}");
        }
    }

    #[tokio::test]
    async fn headers_without_a_name_or_an_end_are_refused() {
        let long = format!("--XX\r\nX: {}", "a".repeat(2 * HEAD_BYTES));
        for form in
            ["--XX\r\n\r\nabc\r\n--XX--", "--XX\r\nContent-Disposition: form-data\r\n\r\n", &long]
        {
            let outcome = open(form, 100).next().await;
            assert!(matches!(outcome, Err(Broken::Form(_))), "{form:.40}");
        }
    }

    /// What never ends is cut off where the bound is, however fast it arrives.
    #[tokio::test]
    async fn headers_and_what_stands_before_the_first_part_are_held_within_a_bound() {
        for start in ["", "--XX\r\nX: "] {
            let read = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&read);
            let endless = stream::repeat_with(move || {
                count.fetch_add(1024, Ordering::Relaxed);
                Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; 1024]))
            });
            let start = stream::iter([Ok(Bytes::from(start))]);
            let body = Body::from_stream(start.chain(endless));
            let mut parts = Parts::of("multipart/form-data; boundary=XX", body).unwrap();
            assert!(matches!(parts.next().await, Err(Broken::Form(why)) if why.contains("long")));
            assert!(read.load(Ordering::Relaxed) <= HEAD_BYTES + PIECE);
        }
    }

    #[tokio::test]
    async fn a_content_is_handed_on_as_it_arrives() {
        let read = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&read);
        let endless = stream::repeat_with(move || {
            count.fetch_add(1024, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; 1024]))
        });
        let head = "--XX\r\nContent-Disposition: form-data; name=file\r\n\r\n";
        let body = Body::from_stream(stream::iter([Ok(Bytes::from(head))]).chain(endless));
        let mut parts = Parts::of("multipart/form-data; boundary=XX", body).unwrap();
        parts.next().await.unwrap().unwrap();
        let mut written = 0;
        while written < 1024 * 1024 {
            written += parts.chunk().await.unwrap().unwrap().len();
            assert!(read.load(Ordering::Relaxed) <= written + 2 * PIECE, "{written}");
        }
    }

    #[test]
    fn only_form_data_with_a_boundary_is_read() {
        assert!(!Parts::are_in("text/plain"));
        assert!(!Parts::are_in("multipart/mixed; boundary=XX"));
        for kind in ["multipart/form-data", "multipart/form-data; boundary=\"\""] {
            assert!(matches!(Parts::of(kind, Body::empty()), Err(Broken::Form(_))), "{kind}");
        }
    }
}
