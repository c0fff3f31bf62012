//! Where requests begin and end, as far as it can be told without reading them.

use httparse::{EMPTY_HEADER, Request, Status};

use super::{HEAD_BYTES, HEADER_FIELDS};

/// Follows a stream of requests and says of each head whether its framing can be read in two ways. Heads are read by
/// the parser of the HTTP library, within the same bounds.
///
/// A body of a known length is stepped over. After one that comes in chunks nothing is said any more:
/// telling where it ends would mean to read it. The same goes for a head that the HTTP library refuses.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    place: Cursor,
    /// What has come of the present head.
    head: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    /// In a head, or in front of one, where empty lines may stand (RFC 9112 section 2.2).
    #[default]
    Head,
    /// So many bytes are left.
    Body(u64),
    Unknown,
}

impl HeadReader {
    /// Reads on, and hands each head's verdict out when the head is complete.
    pub(super) fn read(&mut self, mut bytes: &[u8], mut verdict: impl FnMut(bool)) {
        while !bytes.is_empty() {
            bytes = match self.place {
                Cursor::Unknown => return,
                Cursor::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let left = left.saturating_sub(here as u64);
                    self.place = if left == 0 { Cursor::Head } else { Cursor::Body(left) };
                    bytes.get(here..).unwrap_or_default()
                }
                Cursor::Head => match self.read_head(bytes, &mut verdict) {
                    Some(rest) => rest,
                    None => return,
                },
            };
        }
    }

    /// Whether a head has begun and is not complete.
    pub(super) fn is_within_head(&self) -> bool {
        !self.head.is_empty()
    }

    /// What follows the head; `None` while it is not complete, or where it is none.
    fn read_head<'b>(
        &mut self,
        bytes: &'b [u8],
        verdict: &mut impl FnMut(bool),
    ) -> Option<&'b [u8]> {
        let is_blank = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let blanks = match self.head.is_empty() {
            true => bytes.iter().take_while(is_blank).count(),
            false => 0,
        };
        self.head.extend(bytes.iter().skip(blanks));
        let mut fields = [EMPTY_HEADER; HEADER_FIELDS];
        let mut request = Request::new(&mut fields);
        let length = match request.parse(&self.head) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if self.head.len() <= HEAD_BYTES => return None,
            Ok(Status::Partial) | Err(_) => {
                *self = Self { place: Cursor::Unknown, head: Vec::new() };
                return None;
            }
        };
        let framing = Framing::of(&request);
        let behind = self.head.len().saturating_sub(length);
        verdict(framing.is_ambiguous() || has_bare_line_end(self.head.get(..length)?));
        *self = Self { place: framing.place(), head: Vec::new() };
        bytes.get(bytes.len().saturating_sub(behind)..)
    }
}

/// What a head says of its body's end.
struct Framing {
    lengths: usize,
    /// What is no number is refused by the HTTP library.
    length: Option<u64>,
    has_encoding: bool,
}

impl Framing {
    fn of(request: &Request<'_, '_>) -> Self {
        let named = |name: &'static str| {
            let fields = request.headers.iter();
            fields.filter(move |field| field.name.eq_ignore_ascii_case(name))
        };
        let length = named("content-length").next_back();
        Self {
            lengths: named("content-length").count(),
            length: length.and_then(|field| std::str::from_utf8(field.value).ok()?.parse().ok()),
            has_encoding: named("transfer-encoding").next().is_some(),
        }
    }

    const fn is_ambiguous(&self) -> bool {
        self.lengths > 1 || (self.has_encoding && self.lengths > 0)
    }

    const fn place(&self) -> Cursor {
        match self.length {
            _ if self.has_encoding => Cursor::Unknown,
            Some(length) if length > 0 => Cursor::Body(length),
            _ => Cursor::Head,
        }
    }
}

fn has_bare_line_end(head: &[u8]) -> bool {
    let mut before = b'\n';
    head.iter().any(|byte| std::mem::replace(&mut before, *byte) != b'\r' && *byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(text: &str) -> Vec<bool> {
        let whole = read_in(text, usize::MAX);
        assert_eq!(whole, read_in(text, 1), "the pieces in which it comes do not matter");
        whole
    }

    fn read_in(text: &str, piece: usize) -> Vec<bool> {
        let mut reader = HeadReader::default();
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(piece.min(text.len())) {
            reader.read(piece, |verdict| found.push(verdict));
        }
        found
    }

    #[test]
    fn framing_that_can_be_read_in_one_way_passes() {
        assert_eq!(verdicts("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), [false]);
        assert_eq!(verdicts("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), [false]);
        assert_eq!(
            verdicts("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            [false]
        );
        assert_eq!(
            verdicts("GET / HTTP/1.1\r\nX-Content-Length: 3\r\nContent-Lengthy: 4\r\n\r\n"),
            [false]
        );
        assert_eq!(verdicts("GET / HTTP/1.1\r\nHost: a"), [false; 0]);
    }

    #[test]
    fn framing_that_can_be_read_in_two_ways_is_noticed() {
        let both = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
        for head in [
            both,
            "transfer-encoding:chunked\r\ncontent-length:3\r\n",
            "Content-Length: 3\r\nContent-Length: 3\r\n",
            "Host: a\n",
        ] {
            assert_eq!(verdicts(&format!("POST / HTTP/1.1\r\n{head}\r\n")), [true], "{head:?}");
        }
        assert_eq!(verdicts("GET / HTTP/1.1\n\n"), [true]);
    }

    #[test]
    fn an_unfinished_head_is_known() {
        for (text, expected) in [
            ("", false),
            ("\r\n", false),
            ("G", true),
            ("GET / HTTP/1.1\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r", true),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", false),
            ("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nG", false),
            ("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nGEG", true),
        ] {
            let mut reader = HeadReader::default();
            reader.read(text.as_bytes(), |_| {});
            assert_eq!(reader.is_within_head(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_a_body_says_does_not_matter() {
        let body = "\nContent-Length: 1\nTransfer-Encoding: chunked\n\n";
        let post = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let get = "GET / HTTP/1.1\r\n\r\n";
        assert_eq!(verdicts(&format!("{post}{get}\r\n{post}")), [false, false, false]);
        let bad = "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n";
        assert_eq!(verdicts(&format!("{get}{post}{bad}")), [false, false, true]);
    }
}
