//! What claims must not be, in a token with a true signature.

use super::*;

#[test]
fn every_claim_has_its_type() {
    const TIMES: &str = r#""1700000000" 1700000000.5 1700000000.0 1.7e9 -1 -0.0 1e400 -1e400 9223372036854775808
        9223372036854775807 18446744073709551616 253402300800 null true {} [] [1700000000] "" NaN MISSING"#;
    const SUBJECTS: &str = r#"7 null "" [] ["7"] {} true "0" "-7" "+7" "07" "\u00207" "7\u0020" "7.0" "7e0" "0x7" "７"
        "9223372036854775808" "7\u0000" "anna" MISSING"#;
    const TEXTS: &str = "null 1 [] {} true MISSING";
    const COUNTS: &str = r#"null -1 1.5 "1" 1e400 18446744073709551616 [] MISSING"#;
    const LISTS: &str = r#"null "admin" {} [1] [null] 1 MISSING"#;
    const AUDIENCES: &str = r#"null "" ["https://api.test"] ["https://other.test"] [] {} 1 "https://api.test/"
        "https://api.tes" "https://api.test.evil" "HTTPS://API.TEST" "\u0020https://api.test" MISSING"#;
    const SESSIONS: &str = r#""" "AgICAgICAgICAgICAgICA" "AgICAgICAgICAgICAgICAgA" "AgICAgICAgICAgICAgICAh"
        "AgICAgICAgICAgICAgICAg==" "\u0020AgICAgICAgICAgICAgICAg" null 1 [2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2] MISSING"#;
    const KINDS: &str = r#""refresh" "Access" "" null 1 {} ["access"] MISSING"#;
    const FRESH: &str = r#"true null "false" 1.5 1e400 9223372036854775808 {} [] "" MISSING"#;
    const FLAGS: &str = r#"null 1 0 "true" "false" [] MISSING"#;
    let mut tried = 0;
    for (names, values) in [
        ("exp nbf iat auth_time", TIMES),
        ("sub", SUBJECTS),
        ("iss jti username", TEXTS),
        ("gen ver", COUNTS),
        ("roles amr", LISTS),
        ("aud", AUDIENCES),
        ("sid", SESSIONS),
        ("type", KINDS),
        ("fresh", FRESH),
        ("is_admin", FLAGS),
        ("csrf", "1 true [] {}"),
    ] {
        for name in names.split(' ') {
            for value in values.split_whitespace() {
                let read = read_payload(&with_claim(name, value));
                assert_eq!(read.err(), Some(InvalidToken), "{name}: {value}");
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 4 * 20 + 21 + 3 * 6 + 2 * 8 + 2 * 7 + 13 + 10 + 8 + 10 + 7 + 4);
    assert!(read_payload(&with_claim("sub", r#""9223372036854775807""#)).is_ok());
    assert!(read_payload(&with_claim("exp", "253402300799")).is_ok());
}

#[test]
fn claims_come_once_in_one_object() {
    let good = with_claim("sub", r#""7""#);
    assert!(read_payload(&good).is_ok());
    for name in RESERVED_CLAIMS {
        let claims = good.strip_suffix('}').unwrap();
        let value = serde_json::from_str::<Value>(&good).unwrap()[name].to_string();
        assert_eq!(
            read_payload(&format!("{claims},{name:?}:{value}}}")).err(),
            Some(InvalidToken),
            "{name}"
        );
    }
    let deep = format!(r#"{}"x":{}{}}}"#, good.replace('}', ","), "[".repeat(500), "]".repeat(500));
    for payload in [
        "",
        "{}",
        "null",
        "[]",
        &format!("[{good}]"),
        &format!("{good}{{}}"),
        &format!("{good}\0"),
        &deep,
    ] {
        assert_eq!(read_payload(payload).err(), Some(InvalidToken), "{payload:.80}");
    }
}
