//! Where requests begin and end, as far as it can be told without reading them.

/// The longest name that matters: `transfer-encoding`.
const NAME: usize = 17;

/// Follows a stream of requests and says of each head whether its framing can be read in two ways.
///
/// A body of a known length is stepped over. After one that comes in chunks nothing is said any more:
/// telling where it ends would mean to read it.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    place: Place,
    head: Head,
    line: Line,
    last: u8,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In front of a request line, where empty lines may stand (RFC 9112 section 2.2).
    #[default]
    Before,
    Head,
    /// So many bytes are left.
    Body(u64),
    Unknown,
}

#[derive(Debug, Default)]
struct Head {
    lengths: u32,
    length: Option<u64>,
    has_encoding: bool,
    has_bare_line_end: bool,
}

/// The line being read: its name, if it has one that could matter, and the digits behind it.
#[derive(Debug, Default)]
struct Line {
    length: usize,
    name: Vec<u8>,
    is_named: bool,
    value: Option<u64>,
}

impl HeadReader {
    /// Reads on, and hands each head's verdict out when the head is complete.
    pub(super) fn read(&mut self, mut bytes: &[u8], mut verdict: impl FnMut(bool)) {
        loop {
            match self.place {
                Place::Unknown => return,
                Place::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(here..).unwrap_or_default();
                    let left = left.saturating_sub(here as u64);
                    self.place = if left == 0 { Place::Before } else { Place::Body(left) };
                }
                Place::Before | Place::Head => {
                    let Some((byte, rest)) = bytes.split_first() else { return };
                    bytes = rest;
                    if self.read_byte(*byte) {
                        verdict(self.end_head());
                    }
                }
            }
            if bytes.is_empty() {
                return;
            }
        }
    }

    /// Whether a head has begun and is not complete.
    pub(super) fn is_within_head(&self) -> bool {
        self.place == Place::Head || (self.place == Place::Before && self.line.length > 0)
    }

    /// Whether the head is complete with this byte.
    fn read_byte(&mut self, byte: u8) -> bool {
        let before = std::mem::replace(&mut self.last, byte);
        if byte == b'\n' {
            self.head.has_bare_line_end |= before != b'\r';
            let line = std::mem::take(&mut self.line);
            if line.length > 0 {
                self.place = Place::Head;
                self.head.note(&line);
                return false;
            }
            return self.place == Place::Head;
        }
        if byte != b'\r' {
            self.line.read(byte);
        }
        false
    }

    fn end_head(&mut self) -> bool {
        let head = std::mem::take(&mut self.head);
        self.place = match head.length {
            _ if head.has_encoding => Place::Unknown,
            Some(length) if length > 0 => Place::Body(length),
            _ => Place::Before,
        };
        head.has_bare_line_end || head.lengths > 1 || (head.has_encoding && head.lengths > 0)
    }
}

impl Head {
    fn note(&mut self, line: &Line) {
        if !line.is_named {
            return;
        }
        match line.name.as_slice() {
            b"content-length" => {
                self.lengths += 1;
                self.length = line.value;
            }
            b"transfer-encoding" => self.has_encoding = true,
            _ => {}
        }
    }
}

impl Line {
    fn read(&mut self, byte: u8) {
        self.length += 1;
        match byte {
            _ if self.is_named => self.read_value(byte),
            b':' => self.is_named = true,
            // One more than matters tells a longer name apart.
            _ if self.name.len() <= NAME => self.name.push(byte.to_ascii_lowercase()),
            _ => {}
        }
    }

    /// What is no number is refused by whoever reads the request.
    fn read_value(&mut self, byte: u8) {
        if byte.is_ascii_digit() {
            let digit = u64::from(byte - b'0');
            let value = self.value.unwrap_or(0).saturating_mul(10).saturating_add(digit);
            self.value = Some(value);
        }
    }
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
