//! What a header must not say.

use super::*;

#[test]
fn no_spelling_of_none_is_an_algorithm() {
    for signer in signers() {
        let good = signer.sign(TYP, &json!({})).unwrap();
        let (_, old_signature) = good.rsplit_once('.').unwrap();
        for none in ["none", "None", "NONE", "nOnE", "", " none", "none\\u0000"] {
            let header = encoded(&format!(r#"{{"alg":"{none}","kid":"k1","typ":"at+jwt"}}"#));
            let payload = encoded("{}");
            for token in [
                format!("{header}.{payload}"),
                format!("{header}.{payload}."),
                format!("{header}.{payload}.{old_signature}"),
                signed(&signer, &header, &payload),
            ] {
                assert_eq!(read(&token, &signer), Err(InvalidToken), "{token}");
            }
        }
    }
}

#[test]
fn the_header_has_to_name_the_algorithm_of_the_key() {
    for signer in signers() {
        let own = format!("{:?}", signer.algorithm().name());
        let lower = own.to_lowercase();
        assert_eq!(with_member(&signer, "alg", Some(&own)), Ok(json!({})));
        let foreign = ALGORITHMS
            .iter()
            .filter(|other| **other != signer.algorithm())
            .map(|other| other.name());
        let foreign: Vec<_> =
            foreign.chain(["HS512", "RS256", "PS256", "ES384", "ES256K", "EDDSA"]).collect();
        for name in foreign {
            assert_eq!(
                with_member(&signer, "alg", Some(&format!("{name:?}"))),
                Err(InvalidToken),
                "{name}"
            );
        }
        for value in [&lower, "null", "256", "true", "{}", "[]", &format!("[{own}]"), r#""""#] {
            assert_eq!(with_member(&signer, "alg", Some(value)), Err(InvalidToken), "{value}");
        }
        assert_eq!(with_member(&signer, "alg", None), Err(InvalidToken));
    }
}

#[test]
fn the_kid_is_a_name_and_has_to_be_that_of_the_key() {
    let long = format!("{:?}", "k".repeat(2_500));
    let longest = format!("{:?}", "k".repeat(10_000));
    for signer in signers() {
        for kid in [
            r#""' UNION SELECT 'k1""#,
            r#""../../dev/null""#,
            r#""| sleep 10""#,
            r#""""#,
            r#""K1""#,
            r#""k1 ""#,
            r#""k1\u0000""#,
            r#""k2""#,
            "null",
            "1",
            "true",
            r#"["k1"]"#,
            r#"{"k1":1}"#,
            &long,
            &longest,
        ] {
            assert_eq!(with_member(&signer, "kid", Some(kid)), Err(InvalidToken), "{kid}");
        }
        assert_eq!(with_member(&signer, "kid", None), Err(InvalidToken));
    }
}

#[test]
fn the_kind_is_compared_letter_by_letter() {
    for signer in signers() {
        for typ in [
            r#""JWT""#,
            r#""AT+JWT""#,
            r#""at+JWT""#,
            r#""application/at+jwt""#,
            r#""rt+jwt""#,
            r#""at+jwt ""#,
            r#""""#,
            "null",
            "1",
            r#"["at+jwt"]"#,
        ] {
            assert_eq!(with_member(&signer, "typ", Some(typ)), Err(InvalidToken), "{typ}");
        }
        assert_eq!(with_member(&signer, "typ", None), Err(InvalidToken));
    }
}

#[test]
fn no_header_brings_its_own_key_or_changes_what_the_payload_means() {
    for signer in signers() {
        let jwk = serde_json::to_string(&ecdsa().verifier().jwk()).unwrap();
        for (name, value) in [
            ("jwk", jwk.as_str()),
            ("jwk", r#"{"kty":"oct","k":"AAAA"}"#),
            ("jwk", "null"),
            ("jku", r#""http://127.0.0.1:9/jwks.json""#),
            ("x5u", r#""file:///etc/passwd""#),
            ("x5c", r#"["MIIB"]"#),
            ("x5t", r#""AAAA""#),
            ("x5t#S256", r#""AAAA""#),
            ("crit", r#"["x"]"#),
            ("crit", "[]"),
            ("b64", "false"),
            ("b64", "true"),
            ("zip", r#""DEF""#),
            ("cty", r#""JWT""#),
            ("enc", r#""A256GCM""#),
            ("Alg", r#""none""#),
            ("", "0"),
        ] {
            assert_eq!(
                with_member(&signer, name, Some(value)),
                Err(InvalidToken),
                "{name}: {value}"
            );
        }
    }
}

#[test]
fn members_come_once_and_the_header_is_one_object() {
    for signer in signers() {
        let alg = signer.algorithm().name();
        let good = format!(r#"{{"alg":"{alg}","kid":"k1","typ":"at+jwt"}}"#);
        let refused = [
            format!(r#"{{"alg":"{alg}","alg":"{alg}","kid":"k1","typ":"at+jwt"}}"#),
            format!(r#"{{"alg":"none","kid":"k1","typ":"at+jwt","alg":"{alg}"}}"#),
            format!(r#"{{"alg":"{alg}","kid":"k2","kid":"k1","typ":"at+jwt"}}"#),
            format!(r#"{{"alg":"{alg}","kid":"k1","typ":"rt+jwt","typ":"at+jwt"}}"#),
            format!(r#"["{alg}","k1","at+jwt"]"#),
            format!(r#" ["{alg}","k1","at+jwt"]"#),
            format!("{good}{{}}"),
            format!("{good}\0"),
            format!("\u{feff}{good}"),
            format!("[{good}]"),
            good.trim_end_matches('}').to_owned(),
            "{}".to_owned(),
            "null".to_owned(),
            r#""""#.to_owned(),
            "[".repeat(2_900),
        ];
        for header in refused {
            assert_eq!(with_header(&signer, &header), Err(InvalidToken), "{header}");
        }
        // Free white space and escapes are JSON like any other (RFC 7515 section 4).
        assert_eq!(with_header(&signer, &good), Ok(json!({})));
        assert_eq!(with_header(&signer, &good.replace(',', " ,\n")), Ok(json!({})));
        assert_eq!(
            with_header(&signer, &format!("\t{}", good.replace("k1", r"\u006b1"))),
            Ok(json!({}))
        );
    }
}
