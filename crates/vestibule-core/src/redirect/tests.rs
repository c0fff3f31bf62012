//! Open redirects, one table and one property.

use proptest::prelude::*;
use url::Url;

use super::*;

#[test]
fn paths_of_this_site_are_kept() {
    for (typed, kept) in [
        ("/", "/"),
        ("/maps?id=1", "/maps?id=1"),
        ("/maps?id=1&next=https://example.org/#x", "/maps?id=1&next=https://example.org/"),
        ("/maps#top", "/maps"),
        ("/?q=//evil.test", "/?q=//evil.test"),
        ("/?q=%0a%2F..%5C", "/?q=%0a%2F..%5C"),
        ("/file/a%2Fb", "/file/a%2Fb"),
        ("/proxy/https://example.org", "/proxy/https://example.org"),
        ("/a//b", "/a//b"),
        ("/@evil.test", "/@evil.test"),
        ("/evil.test", "/evil.test"),
        ("/grün und gut?ö=<ü>", "/gr%C3%BCn%20und%20gut?%C3%B6=%3C%C3%BC%3E"),
        ("/100%", "/100%"),
        ("/a%FFb", "/a%FFb"),
        ("/.well-known/x..y", "/.well-known/x..y"),
        ("/trailing ", "/trailing%20"),
    ] {
        assert_eq!(LocalPath::parse(typed).expect(typed).as_str(), kept);
    }
}

#[test]
fn everything_else_is_refused() {
    let long = format!("/{}", "a".repeat(2048));
    let long_encoded = format!("/{}", "ü".repeat(500));
    for typed in [
        "",
        "maps",
        "?next=/",
        "#/",
        // R1: absolute
        "https://evil.test",
        "http://evil.test/",
        "HTTPS://EVIL.TEST",
        // R2: scheme tricks
        "//evil.test",
        "///evil.test",
        "///",
        "//",
        "\\\\evil.test",
        "/\\evil.test",
        "\\/evil.test",
        "/\\/evil.test",
        "https:evil.test",
        "https:/evil.test",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        // R3: host tricks
        "https://app.test@evil.test",
        "app.test.evil.test",
        "@evil.test",
        ".evil.test",
        "evilapp.test",
        "https://аpp.test",
        "https://app.test%00.evil.test",
        "/%00",
        "/a%00b",
        "/\0",
        "ht\ntps://evil.test",
        "\thttps://evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/\r/evil.test",
        "\t//evil.test",
        " //evil.test",
        " /maps",
        "/maps\r\nSet-Cookie: a=b",
        "/maps?a\nb",
        "/\u{85}",
        // encoded, once and twice
        "/%2F/evil.test",
        "/%2fevil.test",
        "/%5Cevil.test",
        "/%5cevil.test",
        "/a/%5C/b",
        "/%09/evil.test",
        "/%0D%0Aevil.test",
        "/%252Fevil.test",
        "/%255Cevil.test",
        "/%25252Fevil.test",
        "/%2525252525252Fevil.test",
        "%2F%2Fevil.test",
        "%2Fmaps",
        "/%C2%85",
        // dot segments
        "/..//evil.test",
        "/.//evil.test",
        "/a/..//evil.test",
        "/%2e%2e//evil.test",
        "/.%2e//evil.test",
        "/%252e%252e//evil.test",
        "/a/%2e%2e%2F%2Fevil.test",
        "/a/..",
        long.as_str(),
        long_encoded.as_str(),
    ] {
        assert_eq!(LocalPath::parse(typed), None, "{typed:?}");
    }
}

#[test]
fn the_parts_are_told_apart() {
    let path = LocalPath::parse("/maps?id=1?2#3").unwrap();
    assert_eq!((path.path(), path.query()), ("/maps", Some("id=1?2")));
    assert_eq!(path.to_string(), "/maps?id=1?2");
    let front = LocalPath::default();
    assert_eq!((front.path(), front.query()), ("/", None));
}

#[test]
fn next_survives_the_way_through_a_query() {
    let next = LocalPath::parse("/maps?id=1&name=a+b c%26d").unwrap();
    let address = LocalPath::with_next("/auth/login", &next);
    assert_eq!(address, "/auth/login?next=%2Fmaps%3Fid%3D1%26name%3Da%2Bb%2520c%2526d");
    let url = Url::parse("https://app.test").unwrap().join(&address).unwrap();
    let (_, value) = url.query_pairs().find(|(name, _)| name == "next").unwrap();
    assert_eq!(LocalPath::parse(&value), Some(next.clone()));
    assert!(LocalPath::with_next("/auth/login?x=1", &next).starts_with("/auth/login?x=1&next=%2F"));
}

/// Pieces of which attacks are made.
fn tricky() -> impl Strategy<Value = String> {
    let pieces = [
        "/",
        "//",
        "\\",
        "%2F",
        "%2f",
        "%5C",
        "%252F",
        "%255c",
        "%25",
        "%",
        "25",
        "2f",
        "%09",
        "\t",
        "\n",
        "\r",
        " ",
        "\0",
        "%00",
        ".",
        "..",
        "%2e",
        "%252e",
        ":",
        "@",
        "?",
        "#",
        ";",
        "evil.test",
        "https:",
        "http://",
        "javascript:",
        "data:",
        "app.test",
        "a",
        "ü",
        "\u{3002}",
        "／",
        "＼",
        "\u{200b}",
        "\u{85}",
        "[",
        "]",
        "%C2%85",
        "\u{feff}",
        "%ff",
    ];
    let piece = prop_oneof![3 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    (prop::bool::weighted(0.8), prop::collection::vec(piece, 0..9)).prop_map(|(rooted, pieces)| {
        if rooted { format!("/{}", pieces.concat()) } else { pieces.concat() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn joined_to_any_origin_it_stays_there(typed in tricky(), base in prop::sample::select(vec![
        "https://app.test/", "http://127.0.0.1:5000/a/b?c", "https://app.test:8443/x/", "http://[::1]:5000/",
    ])) {
        let base = Url::parse(base).unwrap();
        if let Some(path) = LocalPath::parse(&typed) {
            prop_assert!(path.as_str().is_ascii() && path.as_str().len() <= LocalPath::MAX_BYTES);
            prop_assert!(path.as_str().bytes().all(|b| b.is_ascii_graphic()));
            prop_assert_eq!(LocalPath::parse(path.as_str()), Some(path.clone()), "stable");
            let mut sent = path.as_str().to_owned();
            for _ in 0..3 {
                let joined = base.join(&sent).unwrap();
                prop_assert_eq!(joined.origin(), base.origin(), "{:?}", sent);
                prop_assert!(!joined.path().starts_with("//"), "{:?}", sent);
                sent = percent_decode_str(&sent).decode_utf8_lossy().into_owned();
            }
        }
    }
}
