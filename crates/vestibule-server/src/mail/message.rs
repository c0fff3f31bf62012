//! A mail as it travels (RFC 5322), as plain text and as HTML (RFC 2045 to 2047).

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use vestibule::core::{name::EmailAddress, time::Timestamp};

use crate::pages::dates::{civil, month_name};

/// The most bytes of a line, without its end (RFC 5322 section 2.1.1).
const LONGEST_LINE: usize = 998;
/// The most bytes of a header's value that is left as it is; with its name it stays below 78.
const PLAIN_HEADER: usize = 60;
/// The bytes of one encoded word: with the delimiters and the longest name in front of it, its line stays
/// below 76 (RFC 2047 section 2).
const WORD_BYTES: usize = 39;
/// The most bytes of a line of quoted-printable, without the sign at its end (RFC 2045 section 6.7).
const QUOTED_LINE: usize = 75;

/// Who a mail comes from.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    name: Option<String>,
    address: String,
}

/// A mail, ready to be written down.
pub(super) struct Message<'a> {
    pub(super) from: &'a Sender,
    pub(super) to: &'a EmailAddress,
    pub(super) subject: &'a str,
    pub(super) date: Timestamp,
    /// What makes the `Message-ID` unique: letters, digits, `-` and `_`.
    pub(super) id: &'a str,
    /// With `\n` between lines.
    pub(super) text: &'a str,
    /// The same with `\n` between lines, for programs that show HTML.
    pub(super) html: &'a str,
}

impl Sender {
    /// Reads `Name <address>` or an address, as the configuration has checked it.
    pub(super) fn parse(text: &str) -> Self {
        let named = text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
        let (name, address) = named.unwrap_or(("", text));
        let is_safe = |sign: &char| {
            !sign.is_control() && !sign.is_whitespace() && !"<>,;:\"\\()".contains(*sign)
        };
        let name = one_line(name.trim());
        let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let name = quoted.map_or_else(|| name.clone(), |name| name.replace('\\', ""));
        Self {
            name: Some(name).filter(|name| !name.is_empty()),
            address: address.chars().filter(is_safe).collect(),
        }
    }

    /// The address alone.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }

    /// As the value of `From` (RFC 5322 section 3.4).
    fn header(&self) -> String {
        let address = &self.address;
        let Some(name) = &self.name else {
            return address.clone();
        };
        let is_word = |sign: char| {
            sign.is_ascii_alphanumeric() || sign == ' ' || "!#$%&'*+-/=?^_`{|}~".contains(sign)
        };
        if needs_encoding(name) {
            format!("{}\r\n <{address}>", encoded_words(name))
        } else if name.chars().all(is_word) {
            format!("{name} <{address}>")
        } else {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{address}>")
        }
    }
}

impl Message<'_> {
    /// The whole mail, with CRLF at the end of each line.
    ///
    /// No value of a header ends its line: what could, has become a space.
    pub(super) fn to_text(&self) -> String {
        // No body holds it: the id is drawn for this mail alone.
        let boundary = format!("=_{}", self.id);
        let subject = one_line(self.subject);
        let subject = if needs_encoding(&subject) { encoded_words(&subject) } else { subject };
        let headers = [
            ("Date", date(self.date)),
            ("From", self.from.header()),
            ("To", recipient(self.to)),
            ("Message-ID", format!("<{}@{}>", self.id, self.from.domain())),
            ("Subject", subject),
            // Nobody's absence is announced to a program (RFC 3834 section 5).
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("MIME-Version", "1.0".to_owned()),
            ("Content-Type", format!("multipart/alternative;\r\n boundary=\"{boundary}\"")),
        ];
        let mut text = String::new();
        for (name, value) in headers {
            // Writing to a string cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        // The last one that a program can show is the one that it shows (RFC 2046 section 5.1.4).
        for (kind, body) in [("plain", self.text), ("html", self.html)] {
            let (encoding, body) = encoded_body(&lines(body));
            let _ = write!(
                text,
                "\r\n--{boundary}\r\n\
                 Content-Type: text/{kind}; charset=utf-8\r\n\
                 Content-Transfer-Encoding: {encoding}\r\n\
                 \r\n\
                 {body}"
            );
        }
        let _ = write!(text, "\r\n--{boundary}--\r\n");
        text
    }
}

/// The address with its domain in ASCII, which every server understands. Before the `@` nothing can stand
/// in for what is not ASCII: it is sent as it is (RFC 6532).
pub(super) fn recipient(address: &EmailAddress) -> String {
    let domain = address.key().rsplit_once('@').map_or("", |(_, domain)| domain);
    format!("{}@{domain}", address.local_part())
}

/// `Sun, 22 Nov 2026 14:03:59 +0000` (RFC 5322 section 3.3).
fn date(moment: Timestamp) -> String {
    const DAY: i64 = 24 * 3600;
    let days = moment.seconds().div_euclid(DAY);
    let second = moment.seconds().rem_euclid(DAY);
    let (year, month, day) = civil(days);
    let weekday = match days.rem_euclid(7) {
        // The first day of 1970.
        0 => "Thu",
        1 => "Fri",
        2 => "Sat",
        3 => "Sun",
        4 => "Mon",
        5 => "Tue",
        _ => "Wed",
    };
    let month = month_name(month);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{:02} +0000", second % 60)
}

/// A text for a header: control characters, above all those that end a line, become spaces.
fn one_line(text: &str) -> String {
    let spaced: String =
        text.chars().map(|sign| if is_line_end(sign) { ' ' } else { sign }).collect();
    spaced.trim().to_owned()
}

fn is_line_end(sign: char) -> bool {
    sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}')
}

fn needs_encoding(text: &str) -> bool {
    !text.is_ascii() || text.contains("=?") || text.len() > PLAIN_HEADER
}

/// RFC 2047: `=?UTF-8?B?…?=`, in as many words as it takes, each of whole characters and on a line of
/// its own.
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, more) = rest.split_at(rest.floor_char_boundary(WORD_BYTES));
        words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
        rest = more;
    }
    words.join("\r\n ")
}

/// The lines of a body, without their ends and without control characters.
fn lines(body: &str) -> Vec<String> {
    let is_shown = |sign: &char| !sign.is_control() || *sign == '\t';
    body.lines().map(|line| line.trim_end().chars().filter(is_shown).collect()).collect()
}

/// A body and its `Content-Transfer-Encoding`. Short lines of ASCII stay as they are, which people and
/// programs read in a file as well; everything else is written so that every server takes it.
fn encoded_body(lines: &[String]) -> (&'static str, String) {
    let mut body = String::new();
    if lines.iter().any(|line| line.len() > LONGEST_LINE || !line.is_ascii()) {
        for line in lines {
            push_quoted(&mut body, line);
            body.push_str("\r\n");
        }
        return ("quoted-printable", body);
    }
    for line in lines {
        body.push_str(line);
        body.push_str("\r\n");
    }
    ("7bit", body)
}

/// One line in quoted-printable (RFC 2045 section 6.7). White space at its end was dropped before.
fn push_quoted(out: &mut String, line: &str) {
    let mut width = 0;
    for byte in line.bytes() {
        let sign = match byte {
            b'\t' | b' '..=b'~' if byte != b'=' => char::from(byte).to_string(),
            _ => format!("={byte:02X}"),
        };
        if width + sign.len() > QUOTED_LINE {
            out.push_str("=\r\n");
            width = 0;
        }
        width += sign.len();
        out.push_str(&sign);
    }
}

#[cfg(test)]
mod tests;
