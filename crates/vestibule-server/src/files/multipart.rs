//! Form data in parts (RFC 7578), read as it arrives.
//!
//! Of a part's content no more is held than one delimiter; of its headers at most [`HEAD_BYTES`].

use std::pin::Pin;

use axum::body::{Body, BodyDataStream, Bytes};
use bytes::BytesMut;
use futures_util::StreamExt as _;

/// The most bytes of the headers of one part.
const HEAD_BYTES: usize = 8 * 1024;
/// The most bytes of a boundary (RFC 2046 section 5.1.1).
const BOUNDARY_BYTES: usize = 70;

/// The parts of a form.
pub(super) struct Parts {
    source: Pin<Box<BodyDataStream>>,
    buffer: BytesMut,
    /// Line break, two hyphens, boundary.
    delimiter: Vec<u8>,
    place: Place,
}

/// Where reading is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Inside a part, or in what stands before the first one.
    Content,
    /// Right behind a delimiter.
    Delimiter,
    /// Behind the last one.
    End,
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

impl Parts {
    /// Whether a body with this `Content-Type` is such a form.
    pub(super) fn are_in(content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("multipart/form-data")
    }

    /// Begins to read a body with this `Content-Type`.
    pub(super) fn of(content_type: &str, body: Body) -> Result<Self, Broken> {
        let (_, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let boundary = parameter(parameters, "boundary")
            .filter(|boundary| (1..=BOUNDARY_BYTES).contains(&boundary.len()))
            .ok_or(Broken::Form("its `Content-Type` names no boundary"))?;
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        // The first delimiter may be the very beginning: then there is no line break before it.
        let buffer = BytesMut::from(&b"\r\n"[..]);
        let source = Box::pin(body.into_data_stream());
        Ok(Self { source, buffer, delimiter, place: Place::Content })
    }

    /// Goes on to the next part; what has not been read of the present one is passed over.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, Broken> {
        while self.chunk().await?.is_some() {}
        if self.place == Place::End {
            return Ok(None);
        }
        let head = self.head().await?;
        if head.starts_with(b"--") {
            self.place = Place::End;
            // What follows the form is nobody's; but its bytes are part of the request.
            while self.more().await? {
                self.buffer.clear();
            }
            return Ok(None);
        }
        self.place = Place::Content;
        // White space may follow the boundary; a line break does.
        let (_, headers) = split(&head, b"\r\n").ok_or(Broken::Form("a delimiter does not end"))?;
        read_head(headers).map(Some).ok_or(Broken::Form("a part has no name"))
    }

    /// Some more of the present part's content; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
        while self.place == Place::Content {
            if let Some(end) = find(&self.buffer, &self.delimiter) {
                let content = self.buffer.split_to(end);
                let _ = self.buffer.split_to(self.delimiter.len());
                self.place = Place::Delimiter;
                return Ok((!content.is_empty()).then(|| content.freeze()));
            }
            let certain = self.buffer.len().saturating_sub(self.delimiter.len());
            if certain > 0 {
                return Ok(Some(self.buffer.split_to(certain).freeze()));
            }
            self.need_more().await?;
        }
        Ok(None)
    }

    /// What follows a delimiter, up to the empty line behind the headers, or two hyphens.
    async fn head(&mut self) -> Result<BytesMut, Broken> {
        loop {
            if self.buffer.starts_with(b"--") {
                return Ok(self.buffer.split_to(2));
            }
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = self.buffer.split_to(end);
                let _ = self.buffer.split_to(4);
                return Ok(head);
            }
            if self.buffer.len() > HEAD_BYTES {
                return Err(Broken::Form("the headers of a part are too long"));
            }
            self.need_more().await?;
        }
    }

    async fn need_more(&mut self) -> Result<(), Broken> {
        if self.more().await? {
            Ok(())
        } else {
            Err(Broken::Form("it ends before its last delimiter"))
        }
    }

    async fn more(&mut self) -> Result<bool, Broken> {
        match self.source.next().await {
            Some(Ok(bytes)) => {
                self.buffer.extend_from_slice(&bytes);
                Ok(true)
            }
            Some(Err(error)) => Err(Broken::Body(error)),
            None => Ok(false),
        }
    }
}

/// Reads the one header that counts, `Content-Disposition`.
fn read_head(headers: &[u8]) -> Option<Part> {
    let headers = std::str::from_utf8(headers).ok()?;
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let (_, parameters) = disposition.split_once(';')?;
    let decoded = |name| parameter(parameters, name).map(|value| decode(&value));
    Some(Part { name: decoded("name")?, file_name: decoded("filename") })
}

/// A parameter, as it stands there; inside of quotes `\"` is a quote, and any other backslash is one.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_start_matches([';', ' ', '\t']).trim_end();
        let after = after.trim_start();
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let (value, behind) = after.split_once(';').unwrap_or((after, ""));
                (value.trim().to_owned(), behind)
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = behind;
    }
    None
}

/// The value up to the closing quote, and what is behind that.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' if letters.next_if(|(_, next)| *next == '"').is_some() => value.push('"'),
            _ => value.push(letter),
        }
    }
    None
}

/// What browsers write for the three characters that cannot stand in a quoted name (WHATWG HTML, "multipart/form-data
/// encoding algorithm"). Any other percent sign is one.
fn decode(name: &str) -> String {
    let name = name.replace("%22", "\"").replace("%0D", "\r").replace("%0d", "\r");
    name.replace("%0A", "\n").replace("%0a", "\n")
}

fn split<'t>(text: &'t [u8], at: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    // Without headers the empty line follows the delimiter at once.
    let end = find(text, at).unwrap_or(text.len());
    Some((text.get(..end)?, text.get(end + at.len()..).unwrap_or_default()))
}

/// Where `needle`, which begins with a line break, stands for the first time.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = from + rest.iter().position(|byte| *byte == b'\r')?;
        if text.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that arrives in pieces of so many bytes.
    fn body(text: &str, piece: usize) -> Body {
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            text.as_bytes().chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Body::from_stream(futures_util::stream::iter(pieces))
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

    #[test]
    fn only_form_data_with_a_boundary_is_read() {
        assert!(!Parts::are_in("text/plain"));
        assert!(!Parts::are_in("multipart/mixed; boundary=XX"));
        for kind in ["multipart/form-data", "multipart/form-data; boundary=\"\""] {
            assert!(matches!(Parts::of(kind, Body::empty()), Err(Broken::Form(_))), "{kind}");
        }
    }
}
