//! The life of keys: what signs, what still verifies, and what others see of it.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{jws, secret::SiteSecret};

const DAY: i64 = 86_400;
const POLICY: RotationPolicy = RotationPolicy {
    algorithm: Algorithm::EdDSA,
    published_for: Duration::from_secs(10),
    active_for: Duration::from_secs(30 * 86_400),
    retiring_for: Duration::from_secs(1_000),
    listed_for: Duration::from_secs(7 * 86_400),
};

/// Gives other bytes each time.
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&number[8 - chunk.len()..]);
        }
    }
}

struct Site {
    sealing: SealingKey,
    entropy: Counter,
    policy: RotationPolicy,
}

impl Site {
    fn new(algorithm: Algorithm) -> Self {
        let sealing = SiteSecret::new([7; 32]).unwrap().sealing_key();
        Self {
            sealing,
            entropy: Counter(AtomicU64::new(0)),
            policy: RotationPolicy { algorithm, ..POLICY },
        }
    }

    fn tend(&self, keys: &[StoredKey], now: Timestamp) -> Option<Vec<StoredKey>> {
        tend(keys, &self.policy, &self.sealing, &self.entropy, now).unwrap()
    }

    fn rotate(&self, keys: &[StoredKey], now: Timestamp) -> Vec<StoredKey> {
        rotate(keys, &self.policy, &self.sealing, &self.entropy, now).unwrap()
    }

    fn retire(&self, keys: &[StoredKey], kid: &str, now: Timestamp) -> Vec<StoredKey> {
        retire(keys, kid, &self.policy, &self.sealing, &self.entropy, now).unwrap()
    }

    fn change(&self, keys: &[StoredKey], algorithm: Algorithm, now: Timestamp) -> Vec<StoredKey> {
        change_algorithm(keys, algorithm, &self.policy, &self.sealing, &self.entropy, now).unwrap()
    }

    fn open(&self, keys: &[StoredKey]) -> KeyRing {
        KeyRing::open(keys, &self.policy, &self.sealing).unwrap()
    }
}

#[test]
fn a_new_ring_gets_an_active_and_a_next_key_and_is_then_left_alone() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
        let site = Site::new(algorithm);
        let keys = site.tend(&[], at(0)).unwrap();
        assert_eq!(states(&keys), [KeyState::Active, KeyState::Next]);
        assert!(keys.iter().all(|key| key.algorithm == algorithm
            && key.created_at == at(0)
            && key.changed_at == at(0)));
        assert_ne!(keys[0].kid, keys[1].kid);
        assert_eq!(site.tend(&keys, at(0)), None);
        assert_eq!(site.tend(&keys, at(30 * DAY) - Duration::from_millis(1)), None);
        assert_eq!(site.tend(&keys, at(-365 * DAY)), None, "a clock set back rotates nothing");
    }
}

#[test]
fn a_missing_key_is_made() {
    let site = Site::new(Algorithm::EdDSA);
    let keys = site.tend(&[], at(0)).unwrap();
    assert_eq!(states(&site.tend(&keys[..1], at(5)).unwrap()), [KeyState::Active, KeyState::Next]);
    assert_eq!(states(&site.tend(&keys[1..], at(5)).unwrap()), [KeyState::Next, KeyState::Active]);
}

#[test]
fn the_next_key_takes_over_when_the_active_one_is_due_and_old_tokens_stay_good_for_their_life() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
        let site = Site::new(algorithm);
        let keys = site.tend(&[], at(0)).unwrap();
        let old = sign(&site.open(&keys));
        let due = 30 * DAY;

        let rotated = site.tend(&keys, at(due)).unwrap();
        assert_eq!(states(&rotated), [KeyState::Retiring, KeyState::Active, KeyState::Next]);
        assert_eq!((&rotated[0].kid, &rotated[1].kid), (&keys[0].kid, &keys[1].kid));
        assert_eq!((rotated[1].created_at, rotated[1].changed_at), (at(0), at(due)));
        let ring = site.open(&rotated);
        let new = sign(&ring);
        assert_eq!(ring.active().kid(), keys[1].kid);
        assert!(verifies(&ring, &old, at(due)) && verifies(&ring, &new, at(due)));
        assert!(verifies(&ring, &old, at(due + 1_000) - Duration::from_millis(1)));
        // Also where nobody has tended the ring in the meantime.
        assert!(!verifies(&ring, &old, at(due + 1_000)));
        assert!(verifies(&ring, &new, at(due + 1_000)));

        assert_eq!(site.tend(&rotated, at(due + 999)), None);
        let retired = site.tend(&rotated, at(due + 1_000)).unwrap();
        assert_eq!(states(&retired), [KeyState::Retired, KeyState::Active, KeyState::Next]);
        assert!(
            !verifies(&site.open(&retired), &old, at(due)),
            "nor for a node whose clock is behind"
        );
        assert!(verifies(&site.open(&retired), &new, at(due + 1_000)));

        let listed_until = due + 1_000 + 7 * DAY;
        assert_eq!(site.tend(&retired, at(listed_until) - Duration::from_millis(1)), None);
        assert_eq!(
            states(&site.tend(&retired, at(listed_until)).unwrap()),
            [KeyState::Active, KeyState::Next]
        );
    }
}

#[test]
fn the_next_key_verifies_before_it_signs() {
    let site = Site::new(Algorithm::EdDSA);
    let keys = site.tend(&[], at(0)).unwrap();
    let token = sign(&site.open(&site.rotate(&keys, at(10))));
    assert!(
        verifies(&site.open(&keys), &token, at(10)),
        "on a node that has not heard of the rotation"
    );
}

#[test]
fn a_retired_key_is_refused_at_once_and_another_signs() {
    let site = Site::new(Algorithm::EdDSA);
    let keys = site.tend(&[], at(0)).unwrap();
    let leaked = sign(&site.open(&keys));

    let ring = site.retire(&keys, &keys[0].kid, at(10));
    assert_eq!(states(&ring), [KeyState::Retired, KeyState::Active, KeyState::Next]);
    assert_eq!(ring[0].changed_at, at(10));
    let opened = site.open(&ring);
    assert!(!verifies(&opened, &leaked, at(10)));
    assert!(verifies(&opened, &sign(&opened), at(10)));
    assert!(
        !opened
            .published()
            .iter()
            .any(|jwk| serde_json::to_value(jwk).unwrap()["kid"] == keys[0].kid.as_str())
    );

    let without_next = site.retire(&keys, &keys[1].kid, at(10));
    assert_eq!(states(&without_next), [KeyState::Active, KeyState::Retired, KeyState::Next]);
    assert!(verifies(&site.open(&without_next), &leaked, at(10)), "the active key is not touched");

    let retiring = site.rotate(&keys, at(10));
    let ring = site.retire(&retiring, &keys[0].kid, at(11));
    assert_eq!(states(&ring), [KeyState::Retired, KeyState::Active, KeyState::Next]);
    assert!(!verifies(&site.open(&ring), &leaked, at(11)));

    assert_eq!(site.retire(&ring, &keys[0].kid, at(12)), ring, "once is enough");
    let unknown = retire(&keys, "unknown", &POLICY, &site.sealing, &site.entropy, at(10));
    assert_eq!(unknown.err(), Some(RingError::NoSuchKey));
}

#[test]
fn nodes_with_other_algorithms_in_their_configuration_move_nothing() {
    let mut site = Site::new(Algorithm::ES256);
    let keys = site.tend(&[], at(0)).unwrap();
    for second in 0..100 {
        site.policy.algorithm = match second % 2 {
            0 => Algorithm::EdDSA,
            _ => Algorithm::ES256,
        };
        assert_eq!(site.tend(&keys, at(second)), None);
    }
    site.policy.algorithm = Algorithm::EdDSA;
    let rotated = site.tend(&keys, at(30 * DAY)).unwrap();
    assert!(rotated.iter().all(|key| key.algorithm == Algorithm::ES256));
}

#[test]
fn a_key_of_another_algorithm_is_published_before_it_signs_and_signs_nobody_out() {
    let site = Site::new(Algorithm::ES256);
    let keys = site.tend(&[], at(0)).unwrap();
    let old = sign(&site.open(&keys));
    let staged = site.change(&keys, Algorithm::EdDSA, at(100));
    assert_eq!(states(&staged), [KeyState::Active, KeyState::Retired, KeyState::Next]);
    assert_eq!(site.change(&staged, Algorithm::EdDSA, at(105)), staged, "once is enough");
    let ring = site.open(&staged);
    assert_eq!(ring.active().algorithm(), Algorithm::ES256);
    assert_eq!(ring.published().len(), 2);
    assert_eq!(site.tend(&staged, at(110) - Duration::from_millis(1)), None);

    let changed = site.tend(&staged, at(110)).unwrap();
    assert_eq!(
        states(&changed),
        [KeyState::Retiring, KeyState::Retired, KeyState::Active, KeyState::Next]
    );
    assert!(changed[2..].iter().all(|key| key.algorithm == Algorithm::EdDSA));
    let ring = site.open(&changed);
    assert!(verifies(&ring, &old, at(1_109)) && !verifies(&ring, &old, at(1_110)));
    assert!(verifies(&ring, &sign(&ring), at(110)));
    assert!(verifies(&site.open(&staged), &sign(&ring), at(110)), "on a node that is behind");
    assert_eq!(site.tend(&changed, at(110)), None);

    let taken_back = site.change(&staged, Algorithm::ES256, at(105));
    assert_eq!(site.tend(&taken_back, at(200)), None, "the active key goes on");
    let at_once = site.rotate(&staged, at(101));
    assert_eq!(site.open(&at_once).active().algorithm(), Algorithm::EdDSA);
}

#[test]
fn a_ring_is_bounded_however_often_it_is_rotated() {
    let site = Site::new(Algorithm::EdDSA);
    let mut keys = site.tend(&[], at(0)).unwrap();
    let mut refused = 0;
    for second in 1..200 {
        match rotate(&keys, &site.policy, &site.sealing, &site.entropy, at(second)) {
            Ok(rotated) => keys = rotated,
            Err(error) => {
                assert_eq!(error, RingError::TooManyKeys);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 199 - (MAX_LIVE_KEYS - 2));
    assert_eq!(keys.len(), MAX_LIVE_KEYS);
    let active = site.open(&keys).active().kid().to_owned();
    let keys = site.retire(&keys, &active, at(201));
    assert_ne!(site.open(&keys).active().kid(), active, "a leaked key goes all the same");
    let mut keys = site.tend(&keys, at(5_000)).unwrap();
    for second in 0..100 {
        let active = site.open(&keys).active().kid().to_owned();
        keys = site.retire(&keys, &active, at(5_000 + second));
    }
    assert_eq!(keys.len(), 2 + MAX_RETIRED_KEYS);
    assert!(keys.iter().all(|key| key.changed_at >= at(5_000)), "the oldest went");
}

#[test]
fn all_keys_can_be_replaced_at_once() {
    let mut site = Site::new(Algorithm::ES256);
    let keys = site.rotate(&site.tend(&[], at(0)).unwrap(), at(1));
    let tokens = [sign(&site.open(&keys)), sign(&site.open(&site.rotate(&keys, at(2))))];
    site.policy.algorithm = Algorithm::EdDSA;
    let replaced = replace_all(&keys, &site.policy, &site.sealing, &site.entropy, at(3)).unwrap();
    let count = |state| replaced.iter().filter(|key| key.state == state).count();
    assert_eq!(
        (count(KeyState::Retired), count(KeyState::Active), count(KeyState::Next)),
        (3, 1, 1)
    );
    assert!(replaced.iter().all(|key| key.algorithm == Algorithm::ES256));
    let ring = site.open(&replaced);
    assert!(tokens.iter().all(|token| !verifies(&ring, token, at(3))));
    assert!(verifies(&ring, &sign(&ring), at(3)));
}

#[test]
fn symmetric_keys_are_given_and_not_made() {
    let site = Site::new(Algorithm::HS256);
    let made = tend(&[], &site.policy, &site.sealing, &site.entropy, at(0));
    assert_eq!(made.err(), Some(RingError::Key(KeyError::UnknownAlgorithm)));

    let ring = KeyRing::symmetric(&[1; 32]);
    assert!(ring.published().is_empty());
    assert_eq!(ring.active().algorithm(), Algorithm::HS256);
    let token = sign(&ring);
    assert!(
        verifies(&KeyRing::symmetric(&[1; 32]), &token, at(i64::from(u32::MAX))),
        "the same name on every node"
    );
    assert!(!verifies(&KeyRing::symmetric(&[2; 32]), &token, at(0)));
    assert_ne!(ring.active().kid(), KeyRing::symmetric(&[2; 32]).active().kid());
    assert_eq!(ring.active().kid().len(), 12);
}

#[test]
fn a_key_opens_under_its_own_secret_and_name_only() {
    let site = Site::new(Algorithm::EdDSA);
    let keys = site.tend(&[], at(0)).unwrap();
    let other = SiteSecret::new([8; 32]).unwrap().sealing_key();
    assert_eq!(KeyRing::open(&keys, &POLICY, &other).err(), Some(RingError::Sealed(SealError)));
    let mut swapped = keys.clone();
    swapped[0].sealed.clone_from(&keys[1].sealed);
    assert_eq!(
        KeyRing::open(&swapped, &POLICY, &site.sealing).err(),
        Some(RingError::Sealed(SealError))
    );
    let mut mislabelled = keys.clone();
    mislabelled[0].algorithm = Algorithm::ES256;
    assert_eq!(
        KeyRing::open(&mislabelled, &POLICY, &site.sealing).err(),
        Some(RingError::Key(KeyError::Refused))
    );
    assert_eq!(KeyRing::open(&[], &POLICY, &site.sealing).err(), Some(RingError::NoActiveKey));
    assert_eq!(
        KeyRing::open(&keys[1..], &POLICY, &site.sealing).err(),
        Some(RingError::NoActiveKey)
    );
    // A retired key is not even opened: it may be damaged.
    let mut retired = site.retire(&keys, &keys[0].kid, at(1));
    retired[0].sealed.clear();
    assert!(KeyRing::open(&retired, &POLICY, &site.sealing).is_ok());
}

#[test]
fn the_name_of_one_key_does_not_cover_the_signature_of_another() {
    let site = Site::new(Algorithm::EdDSA);
    let keys = site.tend(&[], at(0)).unwrap();
    let pkcs8 = site.sealing.open(&keys[0].kid, &keys[0].sealed).unwrap();
    let ring = site.open(&keys);
    for (kid, good) in
        [(keys[0].kid.as_str(), true), (&keys[1].kid, false), ("unknown", false), ("", false)]
    {
        let token = Signer::from_pkcs8(Algorithm::EdDSA, kid, &pkcs8)
            .unwrap()
            .sign("t", &json!({}))
            .unwrap();
        assert_eq!(verifies(&ring, &token, at(0)), good, "{kid}");
    }
}

#[test]
fn others_see_public_keys_and_nothing_else() {
    for (algorithm, members) in
        [(Algorithm::ES256, "alg crv kid kty use x y"), (Algorithm::EdDSA, "alg crv kid kty use x")]
    {
        let site = Site::new(algorithm);
        let keys = site.rotate(&site.tend(&[], at(0)).unwrap(), at(1));
        let ring = site.open(&keys);
        assert_eq!(ring.published().len(), 3, "retiring, active and next");
        for (jwk, key) in ring.published().iter().zip(&keys) {
            let jwk = serde_json::to_value(jwk).unwrap();
            let mut names: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names.join(" "), members);
            assert_eq!(jwk["kid"], key.kid.as_str());
            assert_eq!((&jwk["alg"], &jwk["use"]), (&json!(algorithm.name()), &json!("sig")));
            let coordinate =
                |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
            let public = match algorithm {
                Algorithm::ES256 => {
                    assert_eq!((&jwk["kty"], &jwk["crv"]), (&json!("EC"), &json!("P-256")));
                    [vec![4], coordinate("x"), coordinate("y")].concat()
                }
                _ => {
                    assert_eq!((&jwk["kty"], &jwk["crv"]), (&json!("OKP"), &json!("Ed25519")));
                    coordinate("x")
                }
            };
            // What is published verifies what is signed.
            let pkcs8 = site.sealing.open(&key.kid, &key.sealed).unwrap();
            let token = Signer::from_pkcs8(algorithm, &key.kid, &pkcs8)
                .unwrap()
                .sign("t", &json!({}))
                .unwrap();
            let verifier = Verifier::from_public(algorithm, &key.kid, &public).unwrap();
            assert!(
                jws::take_apart(&token, &mut Vec::new()).unwrap().verify("t", &verifier).is_ok()
            );
        }
    }
}

#[test]
fn names_of_states_are_read_again_and_debug_output_holds_no_key() {
    for state in [KeyState::Next, KeyState::Active, KeyState::Retiring, KeyState::Retired] {
        assert_eq!(state.to_string().parse(), Ok(state));
        assert_eq!(serde_json::to_value(state).unwrap(), Value::from(state.name()));
    }
    assert_eq!("Active".parse::<KeyState>(), Err(UnknownName));
    let site = Site::new(Algorithm::EdDSA);
    let keys = site.tend(&[], at(0)).unwrap();
    assert!(!format!("{:?}", keys[0]).contains("sealed"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is done to a ring, in whatever order and at whatever time: one key signs, one waits, no
    /// name comes twice, and what was retired never comes back.
    #[test]
    fn a_ring_stays_a_ring(deeds in prop::collection::vec((0..4u8, any::<prop::sample::Index>(), -2_000..40 * DAY), 1..25)) {
        let mut site = Site::new(Algorithm::EdDSA);
        let mut now = 0;
        let mut keys = site.tend(&[], at(now)).unwrap();
        for (deed, which, pause) in deeds {
            now += pause;
            let retired: Vec<_> = keys.iter().filter(|key| key.state == KeyState::Retired).map(|key| key.kid.clone()).collect();
            keys = match deed {
                0 => site.tend(&keys, at(now)).unwrap_or(keys),
                1 => rotate(&keys, &site.policy, &site.sealing, &site.entropy, at(now)).unwrap_or(keys),
                2 => site.retire(&keys, &which.get(&keys).kid, at(now)),
                _ => {
                    site.policy.algorithm = if site.policy.algorithm == Algorithm::EdDSA { Algorithm::ES256 } else { Algorithm::EdDSA };
                    site.change(&keys, site.policy.algorithm, at(now))
                }
            };
            let count = |state| keys.iter().filter(|key| key.state == state).count();
            prop_assert_eq!((count(KeyState::Active), count(KeyState::Next)), (1, 1));
            let mut kids: Vec<_> = keys.iter().map(|key| &key.kid).collect();
            kids.sort_unstable();
            kids.dedup();
            prop_assert_eq!(kids.len(), keys.len());
            prop_assert!(keys.iter().all(|key| key.state == KeyState::Retired || !retired.contains(&key.kid)));
            let ring = site.open(&keys);
            prop_assert!(verifies(&ring, &sign(&ring), at(now)));
            if deed == 0 {
                prop_assert_eq!(site.tend(&keys, at(now)), None);
            }
        }
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

fn states(keys: &[StoredKey]) -> Vec<KeyState> {
    keys.iter().map(|key| key.state).collect()
}

fn sign(ring: &KeyRing) -> String {
    ring.active().sign("t", &json!({})).unwrap()
}

fn verifies(ring: &KeyRing, token: &str, now: Timestamp) -> bool {
    let mut scratch = Vec::new();
    let parts = jws::take_apart(token, &mut scratch).unwrap();
    parts
        .kid()
        .and_then(|kid| ring.verifier(kid, now))
        .is_some_and(|verifier| parts.verify("t", verifier).is_ok())
}
