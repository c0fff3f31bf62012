//! A mail as it travels (RFC 5322), as plain text and as HTML (RFC 2045 to 2047).

use std::time::{Duration, SystemTime};

use email_encoding::headers::{rfc2047, writer::EmailWriter};
use lettre::{
    Address,
    message::{
        Body, Mailbox, Mailboxes, MultiPart, SinglePart,
        header::{
            ContentTransferEncoding, ContentType, Date, From, HeaderName, HeaderValue,
            MIME_VERSION_1_0, To,
        },
    },
};
use vestibule::core::{name::EmailAddress, time::Timestamp};

/// The most bytes of a line, without its end (RFC 5322 section 2.1.1).
const LONGEST_LINE: usize = 998;
/// The most bytes of a subject that is left as it is; with its name it stays below 78.
const PLAIN_SUBJECT: usize = 60;
/// The last second that a date can be written of: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Who a mail comes from.
#[derive(Clone, Debug)]
pub(super) struct Sender(Mailbox);

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
        let address: String = address.chars().filter(is_safe).collect();
        Self(Mailbox::new(Some(name).filter(|name| !name.is_empty()), mailbox(&address)))
    }

    /// The address alone.
    pub(super) fn address(&self) -> &str {
        self.0.email.as_ref()
    }
}

impl Message<'_> {
    /// The whole mail, with CRLF at the end of each line.
    ///
    /// No value of a header ends its line: what could, has become a space.
    pub(super) fn to_text(&self) -> String {
        let part = |kind, body| SinglePart::builder().content_type(kind).body(encoded(body));
        // The last one that a program can show is the one that it shows (RFC 2046 section 5.1.4).
        let mut mail = MultiPart::alternative()
            // No body holds it: the id is drawn for this mail alone.
            .boundary(format!("=_{}", self.id))
            .singlepart(part(ContentType::TEXT_PLAIN, self.text))
            .singlepart(part(ContentType::TEXT_HTML, self.html));
        let headers = mail.headers_mut();
        let kind = headers.remove::<ContentType>();
        headers.set(Date::new(system_time(self.date)));
        headers.set(From::from(Mailboxes::from(self.from.0.clone())));
        headers.set(To::from(Mailboxes::from(Mailbox::from(mailbox(&recipient(self.to))))));
        let id = format!("<{}@{}>", self.id, self.from.0.email.domain());
        headers.insert_raw(written("Message-ID", id));
        headers.insert_raw(written("Subject", subject(self.subject)));
        // Nobody's absence is announced to a program (RFC 3834 section 5).
        headers.insert_raw(written("Auto-Submitted", "auto-generated".to_owned()));
        headers.set(MIME_VERSION_1_0);
        if let Some(kind) = kind {
            headers.set(kind);
        }
        String::from_utf8_lossy(&mail.formatted()).into_owned()
    }
}

/// The address with its domain in ASCII, which every server understands. Before the `@` nothing can stand
/// in for what is not ASCII: it is sent as it is (RFC 6532).
pub(super) fn recipient(address: &EmailAddress) -> String {
    let domain = address.key().rsplit_once('@').map_or("", |(_, domain)| domain);
    format!("{}@{domain}", address.local_part())
}

/// An address that is known to be one, or was rid of all that means something else in a header: a site that keeps
/// its mails as files may have a sender that no mail server takes.
fn mailbox(address: &str) -> Address {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, "localhost"));
    Address::new_dangerous(local, domain)
}

fn system_time(moment: Timestamp) -> SystemTime {
    let seconds = u64::try_from(moment.seconds()).unwrap_or(0).min(LAST_SECOND);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A header whose value stands as it is sent.
fn written(name: &'static str, value: String) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value)
}

/// A subject as it is sent. lettre would leave what looks like an encoded word, and mail programs would decode it.
fn subject(text: &str) -> String {
    let text = one_line(text);
    if text.is_ascii() && !text.contains("=?") && text.len() <= PLAIN_SUBJECT {
        return text;
    }
    let mut words = String::new();
    // Writing to a string cannot fail.
    let _ = rfc2047::encode(&text, &mut EmailWriter::new(&mut words, "Subject: ".len(), 0, false));
    words
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

/// A body without control characters. Short lines of ASCII stay as they are, which people and programs read in a file
/// as well; everything else is written so that every server takes it.
fn encoded(body: &str) -> Body {
    let is_shown = |sign: &char| !sign.is_control() || *sign == '\t';
    let mut text = String::new();
    for line in body.lines() {
        text.extend(line.trim_end().chars().filter(is_shown));
        text.push_str("\r\n");
    }
    // lettre takes lines of more than 76 bytes for long, and links would not be links in a file any more.
    if text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE) {
        return Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit);
    }
    Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable)
        .unwrap_or_else(|text| Body::dangerous_pre_encoded(text, ContentTransferEncoding::Binary))
}

#[cfg(test)]
mod tests;
