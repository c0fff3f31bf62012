//! Texts that are no tokens, though a lenient reader would take them for some.

use super::*;

#[test]
fn other_shapes_are_no_tokens() {
    for signer in signers() {
        let token = signer.sign(TYP, &json!({})).unwrap();
        let [header, payload, signature] = parts(&token);
        for shape in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "....".to_owned(),
            ".".repeat(1_000_000),
            header.clone(),
            format!("{header}.{payload}"),
            format!("{token}."),
            format!(".{token}"),
            format!("{header}..{payload}.{signature}"),
            format!("{token}.AAAA"),
            format!("{header}.AAAA.AAAA.AAAA.{signature}"),
            format!("\"{token}\""),
            format!("'{token}'"),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{token}\0"),
            format!("Bearer {token}"),
            format!("{token},{token}"),
            json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
            json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] }).to_string(),
            format!(".{payload}.{signature}"),
            format!("{header}..{signature}"),
        ] {
            assert_eq!(read(&shape, &signer), Err(InvalidToken), "{shape:.200}");
        }
    }
}

#[test]
fn base64url_has_one_spelling() {
    for signer in signers() {
        // One byte over a multiple of three in each part: four spare bits in the last letter.
        let alg = signer.algorithm().name();
        let header = (0..3).map(|pad| {
            format!(r#"{{"alg":"{alg}","kid":"k1","typ":"at+jwt"{}}}"#, " ".repeat(pad))
        });
        let header = header.map(|text| encoded(&text)).find(|text| text.len() % 4 == 2).unwrap();
        let payload = encoded(r#"{"a":"?>~~?"}"#);
        let token = signed(&signer, &header, &payload);
        assert!(read(&token, &signer).is_ok());
        let [_, _, signature] = parts(&token);

        for spelled in other_spellings(&header) {
            assert_eq!(
                read(&signed(&signer, &spelled, &payload), &signer),
                Err(InvalidToken),
                "header {spelled}"
            );
        }
        for spelled in other_spellings(&payload) {
            assert_eq!(
                read(&signed(&signer, &header, &spelled), &signer),
                Err(InvalidToken),
                "payload {spelled}"
            );
        }
        for spelled in other_spellings(&signature) {
            assert_eq!(
                read(&format!("{header}.{payload}.{spelled}"), &signer),
                Err(InvalidToken),
                "{spelled}"
            );
        }
    }
}

#[test]
fn every_bit_of_a_signature_counts() {
    for signer in signers() {
        let token = signer.sign(TYP, &json!({ "sub": "1" })).unwrap();
        let [header, payload, signature] = parts(&token);
        let bytes = URL_SAFE_NO_PAD.decode(&signature).unwrap();
        let refused = |bytes: &[u8]| {
            let token = format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(bytes));
            assert_eq!(read(&token, &signer), Err(InvalidToken), "{token}");
        };
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refused(&flipped);
        }
        for cut in 1..=4 {
            assert_eq!(read(&token[..token.len() - cut], &signer), Err(InvalidToken));
        }
        // The empty one, and the one of zeros that once verified for every message and every key.
        refused(&[]);
        for length in [1, 31, 32, 63, 64] {
            refused(&vec![0; length]);
            refused(&vec![0xff; length]);
        }
        // Longer than any signature of ours: with zeros behind it, twice over, and very long.
        refused(&[&bytes[..], &[0]].concat());
        refused(&[&bytes[..], &bytes].concat());
        refused(&[&bytes[..], &[0; 2_000]].concat());

        let swapped = format!("{header}.{}.{signature}", encoded(r#"{"sub":"2"}"#));
        assert_eq!(read(&swapped, &signer), Err(InvalidToken));
    }
}

#[test]
fn tokens_beyond_the_limit_are_not_looked_at() {
    let signer = symmetric();
    let text = |length: usize| signer.sign(TYP, &json!({ "a": "x".repeat(length) })).unwrap();
    let fits =
        (2_900..3_100).map(text).take_while(|token| token.len() <= MAX_TOKEN_BYTES).last().unwrap();
    assert!((MAX_TOKEN_BYTES - 1..=MAX_TOKEN_BYTES).contains(&fits.len()));
    assert!(read(&fits, &signer).is_ok());
    assert_eq!(read(&text(3_100), &signer), Err(InvalidToken));
}

#[test]
fn a_public_key_is_no_mac_key() {
    let ec_prefix = hex("3059301306072a8648ce3d020106082a8648ce3d030107034200");
    let ed_prefix = hex("302a300506032b6570032100");
    for (signer, prefix) in [(ecdsa(), ec_prefix), (ed25519(), ed_prefix)] {
        let verifier = signer.verifier();
        let raw = public_bytes(&verifier);
        let der = [prefix.as_slice(), raw].concat();
        let body = base64::engine::general_purpose::STANDARD.encode(&der);
        let wrapped: Vec<_> =
            body.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        let pem =
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", wrapped.join("\n"));
        let jwk = serde_json::to_string(&verifier.jwk()).unwrap();
        let jwks = format!(r#"{{"keys":[{jwk}]}}"#);
        let texts = [&pem, &pem.replace('\n', "\r\n"), &jwk, &jwks, &body];
        let keys = texts
            .iter()
            .flat_map(|text| [text.as_bytes().to_vec(), format!("{text}\n").into_bytes()]);
        for key in keys.chain([der, raw.clone(), raw[1..].to_vec(), raw[..32].to_vec(), Vec::new()])
        {
            let mac = Signer::from_mac_key(KID, hmac::Key::new(hmac::HMAC_SHA256, &key));
            let honest = mac.sign(TYP, &json!({})).unwrap();
            let header = encoded(&format!(
                r#"{{"alg":"{}","kid":"k1","typ":"at+jwt"}}"#,
                signer.algorithm().name()
            ));
            for token in [honest, signed(&mac, &header, &encoded("{}"))] {
                assert!(read(&token, &signer).is_err(), "{token}");
            }
        }
    }
}
