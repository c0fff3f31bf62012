use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_356_239);

fn written(from: &str, to: &str, subject: &str, body: &str) -> String {
    let message = Message {
        from: &Sender::parse(from),
        to: &EmailAddress::parse(to).unwrap(),
        subject,
        date: NOW,
        id: "abc-123",
        text: body,
        html: "<p>Björk &lt;3</p>",
    };
    message.to_text()
}

/// The parts of a mail, each with its own head.
fn parts(text: &str) -> Vec<&str> {
    let parts: Vec<_> = text.split("\r\n--=_abc-123\r\n").collect();
    assert_eq!(parts.len(), 3, "{text}");
    let last = parts[2].strip_suffix("\r\n--=_abc-123--\r\n").unwrap();
    vec![parts[0], parts[1], last]
}

/// The headers of a mail or a part as a reader takes them, folded lines joined, and the body.
fn read(text: &str) -> (Vec<(String, String)>, String) {
    let text = if text.starts_with("Date") { parts(text)[0] } else { text };
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.trim_end(), ""));
    let head = head.replace("\r\n ", " ");
    let headers = head.split("\r\n").map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    });
    (headers.collect(), body.to_owned())
}

fn header(text: &str, name: &str) -> String {
    let (headers, _) = read(text);
    let mut values = headers.into_iter().filter(|(this, _)| this == name);
    let (_, value) = values.next().unwrap();
    assert!(values.next().is_none(), "{name} twice");
    value
}

/// What a mail program shows of encoded words.
fn shown(value: &str) -> String {
    let bytes: Vec<u8> = value
        .split(' ')
        .flat_map(|word| {
            let word = word.strip_prefix("=?utf-8?b?").unwrap().strip_suffix("?=").unwrap();
            let bytes = STANDARD.decode(word).unwrap();
            assert!(String::from_utf8(bytes.clone()).is_ok(), "a character is cut");
            bytes
        })
        .collect();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_plain_mail_is_written_as_the_standard_has_it() {
    let text = written("no-reply@maps.example", "Anna@example.org", "Hello", "One\n\nTwo\n");
    assert_eq!(
        text,
        "Date: Sun, 22 Nov 2026 14:03:59 +0000\r\n\
         From: no-reply@maps.example\r\n\
         To: Anna@example.org\r\n\
         Message-ID: <abc-123@maps.example>\r\n\
         Subject: Hello\r\n\
         Auto-Submitted: auto-generated\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=\"=_abc-123\"\r\n\
         \r\n\
         --=_abc-123\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         One\r\n\r\nTwo\r\n\
         \r\n\
         --=_abc-123\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\
         \r\n\
         <p>Bj=C3=B6rk &lt;3</p>\r\n\
         \r\n\
         --=_abc-123--\r\n"
    );
}

#[test]
fn a_moment_that_no_date_can_be_written_of_becomes_the_next_one() {
    let date = |seconds| {
        let mut headers = lettre::message::header::Headers::new();
        headers.set(Date::new(system_time(Timestamp::from_seconds(seconds))));
        headers.to_string()
    };
    assert_eq!(date(-1), "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n");
    assert_eq!(date(i64::MAX / 1000), "Date: Fri, 31 Dec 9999 23:59:59 +0000\r\n");
}

#[test]
fn senders_keep_their_names() {
    for (given, expected) in [
        ("a@b.example", "a@b.example"),
        ("My Site <a@b.example>", "\"My Site\" <a@b.example>"),
        ("\"My Site\" <a@b.example>", "\"My Site\" <a@b.example>"),
        ("A \"B\" <a@b.example>", "\"A \\\"B\\\"\" <a@b.example>"),
        (" <a@b.example>", "a@b.example"),
    ] {
        assert_eq!(header(&written(given, "x@y.example", "S", ""), "From"), expected);
    }
    for expected in ["Škoda – Mapy 地図", "Maps, Inc.", "=?UTF-8?B?eA==?="] {
        let text = written(&format!("{expected} <a@b.example>"), "x@y.example", "S", "");
        let value = header(&text, "From");
        let (name, address) = value.rsplit_once(' ').unwrap();
        assert_eq!((shown(name).as_str(), address), (expected, "<a@b.example>"));
    }
}

#[test]
fn what_is_not_ascii_or_is_long_is_encoded_in_short_lines() {
    let long = "A name that goes on ".repeat(10);
    for subject in ["Grüße 地図 🗺", &"地".repeat(100), long.trim(), "is =?UTF-8?B?eA==?= one?"]
    {
        let text = written("a@b.example", "x@y.example", subject, "");
        assert_eq!(shown(&header(&text, "Subject")), subject);
        assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 76), "{text}");
    }
}

#[test]
fn addresses_are_written_so_that_every_server_understands_them() {
    let to = |address| header(&written("a@b.example", address, "S", ""), "To");
    assert_eq!(to("Anna@Bücher.example"), "Anna@xn--bcher-kva.example");
    assert_eq!(to("jürgen@example.org"), "jürgen@example.org");
}

#[test]
fn no_value_makes_a_header_of_its_own() {
    let plain: Vec<_> = read(&written("a@b.example", "x@y.example", "S", "")).0;
    let names: Vec<_> = plain.into_iter().map(|(name, _)| name).collect();
    for evil in ["x\r\nBcc: e@evil.test", "x\nBcc: e@evil.test", "x\rBcc: e", "x\r\n\r\n<b>body"] {
        for text in [
            written("a@b.example", "x@y.example", evil, ""),
            written(&format!("{evil} <a@b.example>"), "x@y.example", "S", ""),
            written(&format!("N <a@b.example{evil}>"), "x@y.example", "S", ""),
            written("a@b.example", "x@y.example", &format!("Grüße {evil}"), ""),
        ] {
            let (headers, body) = read(&text);
            let found: Vec<_> = headers.into_iter().map(|(name, _)| name).collect();
            assert_eq!(found, names, "{text}");
            assert_eq!(body, "");
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        }
    }
    // What an encoded word holds is one line too.
    let text = written("a@b.example", "x@y.example", "Grüße\r\nBcc: e", "");
    assert_eq!(shown(&header(&text, "Subject")), "Grüße  Bcc: e");
    assert!(EmailAddress::parse("x@y.example\r\nBcc: e@evil.test").is_err());
}

#[test]
fn bodies_stay_text_while_they_are_short_lines_of_ascii() {
    let part = |body: &str| parts(&written("a@b.example", "x@y.example", "S", body))[1].to_owned();
    let text = part("a=b\r\n\u{7}a\rb \n");
    assert_eq!(header(&text, "Content-Transfer-Encoding"), "7bit");
    assert_eq!(read(&text).1, "a=b\r\nab\r\n");
    let link = format!("https://maps.example/?token={}", "x".repeat(100));
    assert_eq!(read(&part(&link)).1, format!("{link}\r\n"));
    assert_eq!(read(&part("Grüße")).1, "Gr=C3=BC=C3=9Fe\r\n");

    let long = format!("{}=é\nshort", "x".repeat(LONGEST_LINE));
    let text = part(&long);
    assert_eq!(header(&text, "Content-Transfer-Encoding"), "quoted-printable");
    let (_, body) = read(&text);
    assert!(body.is_ascii() && body.lines().all(|line| line.len() <= 76));
    let joined = body.replace("=\r\n", "");
    assert_eq!(joined, format!("{}=3D=C3=A9\r\nshort\r\n", "x".repeat(LONGEST_LINE)));
}
