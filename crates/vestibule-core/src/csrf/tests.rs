//! Whose value it is, and from where a request came.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use proptest::prelude::*;

use super::*;

const SESSION: SessionId = SessionId::from_bytes([1; 16]);

/// Gives other bytes each time.
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = u8::try_from(self.0.fetch_add(0x9e37, Ordering::Relaxed) >> 8 & 0xff).unwrap();
        }
    }
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

#[test]
fn a_form_carries_when_it_was_rendered_beside_the_value() {
    let value = key().of_session(SESSION);
    let at = Timestamp::from_seconds(1_795_356_239);
    let entropy = Counter(AtomicU64::new(0));
    let [one, other] = [(); 2].map(|()| value.for_form(&entropy, at));
    assert_ne!(one, other, "masked anew each time");
    for text in [&one, &other] {
        assert!(value.matches(text));
        assert_eq!(rendered_at(text), Some(at));
    }
    assert_eq!(rendered_at(&value.masked(&entropy)), None);
    assert_eq!(rendered_at(&value.plain()), None);
    for bytes in [[0xff; 72], [0x7f; 72]] {
        assert_eq!(rendered_at(&URL_SAFE_NO_PAD.encode(bytes)), None, "no time that can be");
    }
    // The time proves nothing, and nothing else may follow.
    assert!(!value.matches(&format!("{one}AAAA")));
}

#[test]
fn a_value_matches_plain_and_under_every_mask() {
    let value = key().of_session(SESSION);
    let entropy = Counter(AtomicU64::new(0));
    assert!(value.matches(&value.plain()));
    let masked: HashSet<_> = (0..100).map(|_| value.masked(&entropy)).collect();
    assert_eq!(masked.len(), 100, "no two responses hold the same text");
    for text in &masked {
        assert!(value.matches(text));
        assert!(!text.contains(&value.plain()));
        assert_eq!(text.len(), 86);
    }
    assert!(value.matches(&value.masked(&Zeros)));
    assert_eq!(value.plain().len(), 43);
}

#[test]
fn a_session_has_one_value_for_its_whole_life_and_it_is_nobody_elses() {
    let value = key().of_session(SESSION);
    assert_eq!(value.plain(), key().of_session(SESSION).plain());
    let entropy = Counter(AtomicU64::new(0));
    let visitor = VisitorId::parse(&SESSION.to_string()).unwrap();
    let others = [
        key().of_session(SessionId::from_bytes([2; 16])),
        // The same 16 bytes as a visitor's cookie: a planted one does not become a session's value.
        key().of_visitor(&visitor),
        key().of_visitor(&VisitorId::draw(&entropy)),
        CsrfKey::new(&SiteSecret::new([8; 32]).unwrap()).of_session(SESSION),
    ];
    for other in others {
        assert!(!value.matches(&other.plain()));
        assert!(!value.matches(&other.masked(&entropy)));
        assert!(!other.matches(&value.plain()));
    }
}

#[test]
fn every_bit_counts() {
    let value = key().of_session(SESSION);
    for text in [value.plain(), value.masked(&Counter(AtomicU64::new(0)))] {
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!value.matches(&URL_SAFE_NO_PAD.encode(flipped)), "{bit}");
        }
    }
}

#[test]
fn other_lengths_and_spellings_do_not_match() {
    let value = key().of_session(SESSION);
    let plain = value.plain();
    for length in (0..=200).filter(|length| *length != 32 && *length != 64) {
        assert!(!value.matches(&URL_SAFE_NO_PAD.encode(vec![0; length])));
    }
    let masked = URL_SAFE_NO_PAD.decode(value.masked(&Zeros)).unwrap();
    // Eight more bytes are the time of a form.
    for tail in (1..=64).filter(|tail| *tail != 8) {
        assert!(!value.matches(&URL_SAFE_NO_PAD.encode([&masked[..], &vec![0; tail]].concat())));
    }
    let hex: String = value.present.iter().map(|byte| format!("{byte:02x}")).collect();
    for text in [
        String::new(),
        format!("{plain}="),
        format!(" {plain}"),
        format!("{plain}\n"),
        format!("\"{plain}\""),
        format!("{plain}{plain}"),
        format!("{plain},{plain}"),
        plain[..42].to_owned(),
        plain[1..].to_owned(),
        plain.to_uppercase(),
        hex,
        SESSION.to_string(),
        "null".to_owned(),
        "é".repeat(43),
        "A".repeat(1_000_000),
    ] {
        assert!(!value.matches(&text), "{text:.100}");
    }
    assert_eq!(format!("{value:?}"), "CsrfValue(…)");
}

#[test]
fn a_visitors_cookie_is_read_in_its_one_spelling() {
    let id = VisitorId::draw(&Counter(AtomicU64::new(5)));
    assert_eq!(VisitorId::parse(&id.encode()), Some(id));
    assert_eq!(id.encode().len(), 22);
    let zeros = "A".repeat(22);
    assert!(VisitorId::parse(&zeros).is_some());
    for text in [
        "",
        "A",
        &zeros[1..],
        &format!("{zeros}A"),
        &format!("{zeros}=="),
        &format!("{}B", &zeros[1..]),
        &format!(" {}", &zeros[1..]),
    ] {
        assert_eq!(VisitorId::parse(text), None, "{text}");
    }
}

#[test]
fn origins_are_read_in_one_form() {
    for (text, origin) in [
        ("https://app.test", "https://app.test"),
        ("https://app.test:443", "https://app.test"),
        ("http://app.test:80", "http://app.test"),
        ("http://app.test:443", "http://app.test:443"),
        ("https://app.test:80", "https://app.test:80"),
        ("https://app.test:8443", "https://app.test:8443"),
        ("HTTPS://App.Test", "https://app.test"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
        ("http://[0:0:0:0:0:0:0:1]:5000", "http://[::1]:5000"),
        ("https://[2001:db8::80]", "https://[2001:db8::80]"),
        ("http://[2001:db8::80]", "http://[2001:db8::80]"),
        ("https://xn--bcher-kva.test", "https://xn--bcher-kva.test"),
        ("https://my_app.test", "https://my_app.test"),
        // Another host for a browser, and so for us.
        ("https://app.test.", "https://app.test."),
        ("https://app.test:65535", "https://app.test:65535"),
    ] {
        let read = Origin::parse(text).unwrap_or_else(|| panic!("{text} is an origin"));
        assert_eq!(read.as_str(), origin);
        assert_eq!(
            Origin::parse(read.as_str()),
            Some(read.clone()),
            "reading is done after one reading"
        );
        assert_eq!(read.is_https(), text.to_lowercase().starts_with("https"));
        assert_eq!(read.to_string(), origin);
    }
}

#[test]
fn what_is_no_origin_is_none() {
    for text in [
        "",
        "null",
        "app.test",
        "//app.test",
        "https:",
        "https:/app.test",
        "https://",
        "https:///",
        "://app.test",
        "https://app.test/",
        "https://app.test/path",
        "https://app.test?",
        "https://app.test#",
        "https://app.test\\",
        "https://me@app.test",
        "https://me:pw@app.test",
        "https://app.test@evil.test",
        "https://app.test:443@evil.test",
        "ftp://app.test",
        "wss://app.test",
        "file://",
        "javascript://app.test",
        "blob:https://app.test",
        "https ://app.test",
        " https://app.test",
        "https://app.test ",
        "https://app.test https://evil.test",
        "https://app.test,https://evil.test",
        "https://app.test\0",
        "https://app.test\n",
        "https://app\t.test",
        "https://app%2etest",
        "https://bücher.test",
        "https://app.test:",
        "https://:443",
        "https://:",
        "http://:80",
        "https://app.test:port",
        "https://app.test:-1",
        "https://app.test:+443",
        "https://app.test:65536",
        "https://app.test:00443",
        "https://app.test:0443",
        "https://app.test:443:443",
        "http://app.test:80:80",
        "https://::1",
        "https://::1:443",
        "https://[::1",
        "https://::1]",
        "https://[]",
        "https://[app.test]",
        "https://[::1]443",
        "https://[::1]:",
        "https://a[::1]",
        "https://[::1]]",
        "https://[::1%25eth0]",
        "https://[[::1]]",
        "https://app.test]",
        "https://.",
        "https://..",
        "https://app..test",
        "https://.app.test",
    ] {
        assert_eq!(Origin::parse(text), None, "{text:?}");
    }
}

#[test]
fn the_origin_of_a_page_is_what_stands_before_its_path() {
    for (url, origin) in [
        ("https://app.test/", Some("https://app.test")),
        ("https://app.test", Some("https://app.test")),
        ("https://app.test:443/a/b?c=d#e", Some("https://app.test")),
        ("https://app.test?next=https://evil.test/", Some("https://app.test")),
        ("https://app.test#//evil.test", Some("https://app.test")),
        ("https://app.test:8443/", Some("https://app.test:8443")),
        ("http://[::1]:5000/x", Some("http://[::1]:5000")),
        ("https://evil.test/https://app.test/", Some("https://evil.test")),
        ("https://evil.test?https://app.test/", Some("https://evil.test")),
        ("https://app.test@evil.test/", None),
        ("https://app.test\\@evil.test/", None),
        ("https://evil.test\\https://app.test/", None),
        ("javascript:x='https://app.test/'", None),
        ("data:text/html,https://app.test/", None),
        ("about:blank", None),
        ("/path", None),
        ("//app.test/", None),
        ("é://app.test/", None),
        ("", None),
    ] {
        assert_eq!(Origin::of_url(url).as_ref().map(Origin::as_str), origin, "{url}");
    }
}

#[test]
fn the_most_telling_header_says_where_a_request_came_from() {
    const OURS: Option<&str> = Some("https://app.test");
    const EVIL: Option<&str> = Some("https://evil.test");
    const PAGE: Option<&str> = Some("https://app.test/form?x=1");
    const EVIL_PAGE: Option<&str> = Some("https://evil.test/?https://app.test/");
    use Source::{Foreign, Own, Unsaid};
    for (fetch_site, origin, referer, source) in [
        (Some("same-origin"), OURS, PAGE, Own),
        (Some("same-origin"), None, None, Own),
        (Some("same-site"), OURS, PAGE, Foreign),
        (Some("cross-site"), OURS, PAGE, Foreign),
        (Some("none"), OURS, PAGE, Foreign),
        (Some("none"), None, None, Foreign),
        // Unknown values count as missing, and so do other spellings of known ones.
        (Some("same-planet"), OURS, None, Own),
        (Some("same-planet"), EVIL, PAGE, Foreign),
        (Some("same-planet"), None, None, Unsaid),
        (Some("Same-Origin"), EVIL, None, Foreign),
        (Some("same-origin, cross-site"), EVIL, None, Foreign),
        (Some(" same-origin"), None, None, Unsaid),
        (Some(""), None, EVIL_PAGE, Foreign),
        (None, OURS, None, Own),
        (None, Some("https://APP.test:443"), None, Own),
        (None, OURS, EVIL_PAGE, Own),
        (None, EVIL, PAGE, Foreign),
        (None, Some("null"), None, Foreign),
        (None, Some("null"), PAGE, Foreign),
        (None, Some(""), PAGE, Foreign),
        (None, Some("http://app.test"), PAGE, Foreign),
        (None, Some("https://app.test:8443"), PAGE, Foreign),
        (None, Some("https://app.test:80"), PAGE, Foreign),
        (None, Some("https://app.test.evil.test"), PAGE, Foreign),
        (None, Some("https://evilapp.test"), PAGE, Foreign),
        (None, Some("https://sub.app.test"), PAGE, Foreign),
        (None, Some("https://app.test/form"), PAGE, Foreign),
        (None, Some("https://app.test."), PAGE, Foreign),
        (None, Some("https://app.test@evil.test"), PAGE, Foreign),
        (None, Some("https://app.test https://evil.test"), PAGE, Foreign),
        (None, None, PAGE, Own),
        (None, None, EVIL_PAGE, Foreign),
        (None, None, Some("http://app.test/form"), Foreign),
        (None, None, Some("https://app.test@evil.test/form"), Foreign),
        (None, None, Some("https://app.test.evil.test/form"), Foreign),
        (None, None, Some(""), Foreign),
        (None, None, None, Unsaid),
    ] {
        let request = Provenance { fetch_site, origin, referer };
        assert_eq!(
            request.source(Origin::parse("https://app.test").as_ref()),
            source,
            "{request:?}"
        );
    }
}

/// Where our own origin is not known, who names none may be an app, and who names one is not known to be ours.
#[test]
fn without_an_origin_of_ours_only_silence_is_not_foreign() {
    let app = Some("https://app.test");
    for (fetch_site, origin, referer, source) in [
        (None, None, None, Source::Unsaid),
        (Some("same-origin"), None, None, Source::Foreign),
        (Some("new-value"), None, None, Source::Foreign),
        (None, app, None, Source::Foreign),
        (None, None, app, Source::Foreign),
    ] {
        assert_eq!(Provenance { fetch_site, origin, referer }.source(None), source);
    }
}

#[test]
fn what_opens_a_channel_shows_where_it_comes_from() {
    use Demand::{Nothing, Source, SourceAndValue};
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        assert_eq!((Demand::of(method, false), Demand::of(method, true)), (Nothing, Source));
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE", "get", ""] {
        for opens in [false, true] {
            assert_eq!(Demand::of(method, opens), SourceAndValue, "{method:?}");
        }
    }
    assert_eq!(Demand::of("CONNECT", false), Source);
    for (one, other, stronger) in [
        (Nothing, Nothing, Nothing),
        (Nothing, Source, Source),
        (Source, SourceAndValue, SourceAndValue),
        (SourceAndValue, Nothing, SourceAndValue),
    ] {
        assert_eq!((one.and(other), other.and(one)), (stronger, stronger));
    }
}

proptest! {
    #[test]
    fn nothing_but_the_value_matches(text in "[A-Za-z0-9_-]{0,90}", bytes in any::<Vec<u8>>()) {
        let value = key().of_session(SESSION);
        prop_assert!(!value.matches(&text));
        prop_assert!(!value.matches(&URL_SAFE_NO_PAD.encode(bytes)));
    }

    #[test]
    fn every_mask_is_taken_off_again(id: [u8; 16], start: u64) {
        let value = key().of_session(SessionId::from_bytes(id));
        prop_assert!(value.matches(&value.masked(&Counter(AtomicU64::new(start)))));
    }

    #[test]
    fn what_is_read_as_an_origin_is_one(text in "(?i)https?://[a-z0-9.:@\\[\\]_/?#\\\\-]{0,20}") {
        if let Some(origin) = Origin::parse(&text) {
            prop_assert_eq!(Origin::parse(origin.as_str()), Some(origin.clone()));
            prop_assert_eq!(Origin::of_url(&format!("{text}/path")), Some(origin.clone()));
            prop_assert!(!origin.as_str()[8..].contains(['/', '@', '?', '#', '\\']));
        }
    }
}

fn key() -> CsrfKey {
    CsrfKey::new(&SiteSecret::new([7; 32]).unwrap())
}

#[test]
fn apps_have_origins_of_other_schemes() {
    for (text, read) in [
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost", "ionic://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("App://Obsidian.md", "app://obsidian.md"),
        (
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        ),
        (
            "moz-extension://0f8d1c2e-1111-4222-8333-444455556666",
            "moz-extension://0f8d1c2e-1111-4222-8333-444455556666",
        ),
        ("custom+scheme.v2://host:8100", "custom+scheme.v2://host:8100"),
        ("HTTPS://App.Test:443", "https://app.test"),
    ] {
        assert_eq!(Origin::parse_any_scheme(text).unwrap().as_str(), read);
    }
    for text in [
        "",
        "null",
        "*",
        "file://",
        "capacitor:localhost",
        "://localhost",
        "1app://localhost",
        "a b://localhost",
        "app://",
        "app://localhost/path",
        "app://me@localhost",
        "app://localhost?x",
        "app://localhost:",
        "app://*",
    ] {
        assert_eq!(Origin::parse_any_scheme(text), None, "{text}");
    }
    // None of them is ever ours.
    assert_eq!(Origin::parse("capacitor://localhost"), None);
}

#[test]
fn the_value_of_before_the_secret_was_replaced_still_counts() {
    let old = SiteSecret::new([7; 32]).unwrap();
    let new = SiteSecret::new([8; 32]).unwrap();
    let before = CsrfKey::new(&old).of_session(SESSION);
    let value = CsrfKey::new(&new.clone().with_previous(&old)).of_session(SESSION);
    assert!(value.matches(&before.plain()) && value.matches(&before.masked(&Zeros)));
    assert!(value.matches(&value.plain()) && !before.matches(&value.plain()));
    assert_eq!(value.plain(), CsrfKey::new(&new).of_session(SESSION).plain());
    assert!(!CsrfKey::new(&new).of_session(SESSION).matches(&before.plain()));
}
