//! What the reader accepts, and the long list of what it must not.
//!
//! Every forgery here is signed with the true key over the forged text wherever that is possible: it
//! must be refused for what it says, not for a signature that happens to be wrong.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

mod headers;
mod shapes;
mod wycheproof;

const TYP: &str = "at+jwt";
const KID: &str = "k1";
const ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256];

#[test]
fn what_is_signed_is_read_again() {
    for signer in signers() {
        // Often, because a signature is random for ES256 and every one has to fit its buffer.
        for number in 0..50 {
            let claims = json!({ "n": number });
            let token = signer.sign(TYP, &claims).unwrap();
            assert_eq!(read(&token, &signer), Ok(claims), "{token}");
        }
        let header = decoded(signer.sign(TYP, &json!({})).unwrap().split('.').next().unwrap());
        assert_eq!(
            header,
            format!(r#"{{"alg":"{}","kid":"k1","typ":"at+jwt"}}"#, signer.algorithm().name())
        );
    }
}

#[test]
fn deterministic_algorithms_give_the_same_bytes() {
    for signer in [ed25519(), symmetric()] {
        assert_eq!(signer.sign(TYP, &json!({ "a": 1 })), signer.sign(TYP, &json!({ "a": 1 })));
    }
}

#[test]
fn claims_are_one_object() {
    for signer in signers() {
        for payload in ["[]", r#"["a"]"#, r#""{}""#, "null", "1", "", " ", "\u{feff}{}"] {
            let header =
                signer.sign(TYP, &json!({})).unwrap().split('.').next().unwrap().to_owned();
            assert_eq!(
                read(&signed(&signer, &header, &encoded(payload)), &signer),
                Err(InvalidToken),
                "{payload}"
            );
        }
        assert_eq!(signer.sign(TYP, &json!([1])), Err(KeyError::Refused));
        assert_eq!(signer.sign(TYP, &"text"), Err(KeyError::Refused));
    }
}

#[test]
fn names_of_algorithms_are_read_exactly() {
    for algorithm in ALGORITHMS {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
    }
    for name in ["es256", "ES384", "none", "", "HS256 ", "RS256"] {
        assert_eq!(name.parse::<Algorithm>(), Err(KeyError::UnknownAlgorithm), "{name}");
    }
}

#[test]
fn a_key_of_another_algorithm_or_another_key_does_not_verify() {
    for (signer, other) in signers().iter().zip(signers()) {
        let token = signer.sign(TYP, &json!({})).unwrap();
        assert!(read(&token, signer).is_ok());
        // HS256 keys are given and the same twice; the others are made anew each time.
        assert_eq!(read(&token, &other).is_ok(), signer.algorithm() == Algorithm::HS256);
        for third in signers().iter().filter(|third| third.algorithm() != signer.algorithm()) {
            assert_eq!(read(&token, third), Err(InvalidToken));
        }
    }
}

#[test]
fn public_keys_have_one_form() {
    let verifier = ecdsa().verifier();
    let point = public_bytes(&verifier);
    assert!(Verifier::from_public(Algorithm::ES256, KID, point).is_ok());
    let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    let hybrid = [&[6 + (point[64] & 1)], &point[1..]].concat();
    let der =
        [&hex("3059301306072a8648ce3d020106082a8648ce3d030107034200"), point.as_slice()].concat();
    let off_curve = [&[4], &[1; 64][..]].concat();
    for bytes in [&compressed, &hybrid, &der, &off_curve, &vec![0], &vec![], &point[1..].to_vec()] {
        assert_eq!(
            Verifier::from_public(Algorithm::ES256, KID, bytes).err(),
            Some(KeyError::Refused),
            "{bytes:?}"
        );
    }
    for length in [0, 31, 33, 44] {
        assert_eq!(
            Verifier::from_public(Algorithm::EdDSA, KID, &vec![1; length]).err(),
            Some(KeyError::Refused)
        );
    }
    assert_eq!(
        Verifier::from_public(Algorithm::HS256, KID, &[1; 32]).err(),
        Some(KeyError::UnknownAlgorithm)
    );
}

#[test]
fn private_keys_are_of_their_algorithm_and_stay_out_of_debug_output() {
    let pkcs8 = Signer::generate(Algorithm::EdDSA).unwrap();
    assert_eq!(Signer::from_pkcs8(Algorithm::ES256, KID, &pkcs8).err(), Some(KeyError::Refused));
    assert_eq!(
        Signer::from_pkcs8(Algorithm::HS256, KID, &pkcs8).err(),
        Some(KeyError::UnknownAlgorithm)
    );
    assert_eq!(
        Signer::from_pkcs8(Algorithm::EdDSA, KID, &pkcs8[1..]).err(),
        Some(KeyError::Refused)
    );
    assert_eq!(Signer::generate(Algorithm::HS256).err(), Some(KeyError::UnknownAlgorithm));
    let signer = symmetric();
    assert_eq!(format!("{signer:?}"), r#"Signer { kid: "k1", algorithm: HS256, .. }"#);
    assert_eq!(
        format!("{:?}", signer.verifier()),
        r#"Verifier { kid: "k1", algorithm: HS256, .. }"#
    );
    assert_eq!(signer.verifier().jwk(), None);
}

proptest! {
    #[test]
    fn one_letter_changed_anywhere_is_refused(algorithm in 0..3usize, at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9._=?-]") {
        let signer = &signers()[algorithm];
        let token = signer.sign(TYP, &json!({ "sub": "1", "roles": [] })).unwrap();
        let at = at.index(token.len());
        let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
        prop_assert_eq!(read(&changed, signer).is_ok(), changed == token);
    }

    #[test]
    fn nothing_makes_the_reader_panic(text in ".{0,80}", header in any::<Vec<u8>>(), tail in "[A-Za-z0-9_.-]{0,60}") {
        let signer = symmetric();
        prop_assert!(read(&text, &signer).is_err());
        let token = format!("{}.{tail}", URL_SAFE_NO_PAD.encode(header));
        prop_assert!(read(&token, &signer).is_err());
    }
}

fn ecdsa() -> Signer {
    Signer::from_pkcs8(Algorithm::ES256, KID, &Signer::generate(Algorithm::ES256).unwrap()).unwrap()
}

fn ed25519() -> Signer {
    Signer::from_pkcs8(Algorithm::EdDSA, KID, &Signer::generate(Algorithm::EdDSA).unwrap()).unwrap()
}

fn symmetric() -> Signer {
    Signer::from_mac_key(KID, hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]))
}

fn signers() -> [Signer; 3] {
    [ecdsa(), ed25519(), symmetric()]
}

fn read(token: &str, key: &Signer) -> Result<Value, InvalidToken> {
    let mut scratch = Vec::new();
    let payload = take_apart(token, &mut scratch)?.verify(TYP, &key.verifier())?;
    serde_json::from_slice(&payload).map_err(|_| InvalidToken)
}

/// What reading a token gives whose header is this text, signed with the true key.
fn with_header(signer: &Signer, header: &str) -> Result<Value, InvalidToken> {
    read(&signed(signer, &encoded(header), &encoded("{}")), signer)
}

/// The same for a good header but for one member, set to this JSON or left out.
fn with_member(signer: &Signer, name: &str, value: Option<&str>) -> Result<Value, InvalidToken> {
    let alg = format!("{:?}", signer.algorithm().name());
    let good = [("alg", alg.as_str()), ("kid", r#""k1""#), ("typ", r#""at+jwt""#)];
    let kept = good.into_iter().filter(|(member, _)| *member != name);
    let members: Vec<_> = kept
        .chain(value.map(|value| (name, value)))
        .map(|(name, value)| format!("{name:?}:{value}"))
        .collect();
    with_header(signer, &format!("{{{}}}", members.join(",")))
}

fn signed(signer: &Signer, header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let signature = match &signer.key {
        SignerKey::Ecdsa { pair, .. } => {
            pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap().as_ref().to_vec()
        }
        SignerKey::Ed25519 { pair, .. } => pair.sign(input.as_bytes()).as_ref().to_vec(),
        SignerKey::Hmac { key } => hmac::sign(key, input.as_bytes()).as_ref().to_vec(),
    };
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Other ways to write the same bytes, none of which is base64url as RFC 7515 section 2 has it.
fn other_spellings(text: &str) -> Vec<String> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let spare_bits = match text.len() % 4 {
        2 => 4,
        3 => 2,
        _ => panic!("{text} has no spare bits"),
    };
    let (front, last) = text.split_at(text.len() - 1);
    let last = LETTERS.find(last).unwrap();
    let mut spellings: Vec<_> = (1..1 << spare_bits)
        .map(|dirt| format!("{front}{}", &LETTERS[last + dirt..=last + dirt]))
        .collect();
    let padded = format!("{text}{}", "=".repeat(4 - text.len() % 4));
    spellings.extend([format!("{text}="), format!("{padded}="), padded]);
    spellings.extend(
        [" ", "\n", "\t", "\r\n", "\0", "?", "#"]
            .iter()
            .flat_map(|dirt| [format!("{dirt}{text}"), format!("{text}{dirt}")]),
    );
    spellings.push(format!("{} {}", &text[..4], &text[4..]));
    spellings.push(format!("%{:02X}{}", text.as_bytes()[0], &text[1..]));
    let standard = text.replace('-', "+").replace('_', "/");
    spellings.extend((standard != text).then_some(standard));
    spellings
}

fn public_bytes(verifier: &Verifier) -> &Vec<u8> {
    match &verifier.key {
        VerifierKey::Ecdsa(_, bytes) | VerifierKey::Ed25519(_, bytes) => bytes,
        VerifierKey::Hmac(_) => panic!("a symmetric key has no public half"),
    }
}

fn parts(token: &str) -> [String; 3] {
    token.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn decoded(text: &str) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
