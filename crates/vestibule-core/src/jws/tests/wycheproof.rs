//! Project Wycheproof's vectors for JSON Web Signatures; see `tests/data/README.md`.

use super::*;

const JUDGED: [&str; 4] = ["hs256", "es256", "base64", "SpecialCaseEs256"];
/// These contradict other cases of the same file.
const WRONG: [u64; 4] = [367, 370, 372, 373];

#[test]
fn seventy_three_of_seventy_three() {
    let cases: Vec<_> =
        cases().into_iter().filter(|case| JUDGED.contains(&case.group.as_str())).collect();
    assert_eq!(cases.len(), 77);
    let (wrong, judged): (Vec<_>, Vec<_>) = cases.iter().partition(|case| WRONG.contains(&case.id));
    for case in &judged {
        assert_eq!(
            case.verdict() == Verdict::Accepted,
            case.valid,
            "case {}: {}",
            case.id,
            case.comment
        );
    }
    assert_eq!(judged.len(), 73);
    assert_eq!(judged.iter().filter(|case| case.valid).count(), 8);
    // The four are judged by what they are, not by what they are called.
    for case in wrong {
        assert_eq!(case.verdict() == Verdict::Accepted, !case.valid, "case {}", case.id);
    }
}

/// Nothing is refused for a reason of our own alone but the case with an embedded key.
#[test]
fn refusals_are_accounted_for() {
    let cases: Vec<_> =
        cases().into_iter().filter(|case| JUDGED.contains(&case.group.as_str())).collect();
    let count = |verdict| cases.iter().filter(|case| case.verdict() == verdict).count();
    assert!(cases.iter().all(|case| case.jws.len() <= MAX_TOKEN_BYTES));
    assert_eq!(count(Verdict::Accepted), 10);
    assert_eq!(count(Verdict::Shape), 20);
    assert_eq!(count(Verdict::Member), 1);
    assert_eq!(count(Verdict::Signature), 46);
    let members: Vec<_> =
        cases.iter().filter(|case| case.verdict() == Verdict::Member).map(|case| case.id).collect();
    assert_eq!(members, [32]);
}

#[test]
fn the_examples_of_rfc_7520_verify() {
    let cases: Vec<_> =
        cases().into_iter().filter(|case| case.group.starts_with("rfc7520")).collect();
    assert_eq!(cases.iter().map(|case| case.id).collect::<Vec<_>>(), [348, 352]);
    assert!(cases.iter().all(|case| case.valid && case.verdict() == Verdict::Accepted));
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    /// Not three parts of base64url with a JSON object in front.
    Shape,
    /// A header member beside `alg`, `kid` and `typ`.
    Member,
    /// Another algorithm, or no signature of this key.
    Signature,
}

struct Case {
    group: String,
    id: u64,
    comment: String,
    valid: bool,
    jws: String,
    verifier: Verifier,
}

impl Case {
    fn verdict(&self) -> Verdict {
        let mut scratch = Vec::new();
        let Ok(parts) = take_apart(&self.jws, &mut scratch) else {
            let header =
                self.jws.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
            let header = header.and_then(|header| serde_json::from_slice::<Value>(&header).ok());
            let known = ["alg", "kid", "typ"];
            return match header {
                Some(Value::Object(members))
                    if members.keys().any(|name| !known.contains(&name.as_str())) =>
                {
                    Verdict::Member
                }
                _ => Verdict::Shape,
            };
        };
        if parts.verify_signature(&self.verifier).is_ok() {
            Verdict::Accepted
        } else {
            Verdict::Signature
        }
    }
}

/// The cases whose key is meant for HS256 or ES256.
fn cases() -> Vec<Case> {
    let file = include_str!("../../../tests/data/wycheproof_json_web_signature_test.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let groups = file["testGroups"].as_array().unwrap().iter();
    groups
        .filter_map(|group| Some((group, key(&group["private"])?)))
        .flat_map(|(group, verifier)| {
            group["tests"].as_array().unwrap().iter().map(move |test| Case {
                group: group["comment"].as_str().unwrap().to_owned(),
                id: test["tcId"].as_u64().unwrap(),
                comment: test["comment"].as_str().unwrap().to_owned(),
                valid: test["result"] == "valid",
                jws: test["jws"].as_str().unwrap().to_owned(),
                verifier: verifier.clone(),
            })
        })
        .collect()
}

fn key(jwk: &Value) -> Option<Verifier> {
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    match jwk["alg"].as_str()? {
        "HS256" => Some(
            Signer::from_mac_key("", hmac::Key::new(hmac::HMAC_SHA256, &bytes("k"))).verifier(),
        ),
        "ES256" => {
            let point = [vec![4], bytes("x"), bytes("y")].concat();
            Some(Verifier::from_public(Algorithm::ES256, "", &point).unwrap())
        }
        _ => None,
    }
}
