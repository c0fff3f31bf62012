//! Hashes, and what they cost.

use proptest::prelude::*;

use super::*;
use crate::password::tests::password;

const CHEAP: &str = "m=64,t=1,p=1";

fn hasher(parameters: &str) -> PasswordHasher {
    PasswordHasher::new(parameters.parse().unwrap())
}

#[test]
fn the_last_of_a_thousand_characters_counts() {
    let mut hasher = hasher(CHEAP);
    for length in [64, 72, 73, 128, 1000, 1024] {
        let base = "correct horse battery ".repeat(50)[..length - 1].to_owned();
        let hash = hasher.hash(&password(&(base.clone() + "x")), [3; 16]).unwrap();
        let same = Password::for_comparison(&(base.clone() + "x"));
        assert_eq!(hasher.verify(&same, &hash).unwrap(), Verified::Match { outdated: false });
        for other in [base.clone() + "y", base.clone(), base + "xx"] {
            let other = Password::for_comparison(&other);
            assert_eq!(hasher.verify(&other, &hash).unwrap(), Verified::Mismatch, "{length}");
        }
    }
}

#[test]
fn composed_and_decomposed_passwords_are_one() {
    let mut hasher = hasher(CHEAP);
    let hash = hasher.hash(&password("caf\u{e9} lamp orbit mongoose"), [3; 16]).unwrap();
    let typed = Password::for_comparison("cafe\u{301} lamp\u{a0}orbit mongoose");
    assert_eq!(hasher.verify(&typed, &hash).unwrap(), Verified::Match { outdated: false });
}

#[test]
fn hashes_are_the_reference_implementations() {
    // Made by the `argon2` command of the reference implementation.
    let reference =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let hash = PasswordHash::parse(reference).unwrap();
    let mut hasher = hasher(CHEAP);
    let typed = Password::for_comparison("password");
    assert_eq!(hasher.verify(&typed, &hash).unwrap(), Verified::Match { outdated: true });
    assert_eq!(
        hasher.verify(&Password::for_comparison("passwore"), &hash).unwrap(),
        Verified::Mismatch
    );
}

#[test]
fn a_hash_says_how_it_was_made() {
    let mut default = PasswordHasher::new(PasswordParameters::default());
    let hash = default.hash(&password("correct mongoose lamp orbit"), [7; 16]).unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"));
    assert_eq!(PasswordHash::parse(hash.as_str()).unwrap(), hash);
    let typed = Password::for_comparison("correct mongoose lamp orbit");
    assert_eq!(default.verify(&typed, &hash).unwrap(), Verified::Match { outdated: false });
    assert_eq!(
        hasher("m=19456,t=3,p=1").verify(&typed, &hash).unwrap(),
        Verified::Match { outdated: true }
    );
}

#[test]
fn hashes_with_other_parameters_verify_within_bounds() {
    let typed = password("correct mongoose lamp orbit");
    for made in ["m=8,t=1,p=1", "m=128,t=16,p=16", "m=97,t=3,p=3", "m=4096,t=1,p=4"] {
        let hash = hasher(made).hash(&typed, [9; 16]).unwrap();
        assert_eq!(
            hasher(CHEAP).verify(&typed, &hash).unwrap(),
            Verified::Match { outdated: true },
            "{made}"
        );
    }
    let costly = "$argon2id$v=19$m=262145,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let costly = PasswordHash::parse(costly).unwrap();
    let verified = hasher(CHEAP).verify(&typed, &costly).unwrap();
    let Verified::Unusable { reason: HashError::TooCostly { .. } } = verified else {
        panic!("{verified:?}");
    };
    assert_eq!(hasher("m=262145,t=1,p=1").accepts(&costly), Ok(()), "what the site itself does");
}

#[test]
fn text_that_is_no_hash_of_ours_is_refused() {
    let digest = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let long = "A".repeat(300);
    for text in [
        String::new(),
        "!".into(),
        "$argon2id$".into(),
        format!("$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ${digest}"),
        format!("$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ${digest}"),
        format!("$argon2id$m=64,t=1,p=1$c29tZXNhbHQ${digest}"),
        format!("$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ${digest}"),
        format!("$argon2id$v=19$m=64,t=17,p=1$c29tZXNhbHQ${digest}"),
        format!("$argon2id$v=19$m=1024,t=1,p=17$c29tZXNhbHQ${digest}"),
        format!("$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ${digest}"),
        format!("$argon2id$v=19$m=64,t=1,p=1,data=AAAA$c29tZXNhbHQ${digest}"),
        format!("$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQ${digest}"),
        format!("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ${digest}$x"),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ".into(),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA".into(),
        format!("$argon2id$v=19$m=64,t=1,p=1${long}${digest}"),
    ] {
        let error = PasswordHash::parse(&text).unwrap_err();
        assert!(matches!(error, HashError::Unreadable { .. }), "{text}");
    }
}

#[test]
fn what_could_not_be_set_matches_nothing() {
    let mut hasher = hasher(CHEAP);
    let huge = "a".repeat(1_000_000);
    let hash = hasher.hash(&password("a password that nobody has"), [5; 16]).unwrap();
    for typed in ["", "a\0b", "a\tb", &huge] {
        let typed = Password::for_comparison(typed);
        assert!(typed.char_count() <= Password::MAX_CHARS);
        assert_eq!(
            hasher.verify(&typed, &hash).unwrap(),
            Verified::Mismatch,
            "not even the stand-in's hash"
        );
        assert_eq!(hasher.hash(&typed, [5; 16]).unwrap_err(), HashError::NotSettable);
    }
}

#[test]
fn memory_is_taken_once_and_reused() {
    let mut hasher = hasher("m=256,t=1,p=1");
    assert_eq!(hasher.blocks.capacity(), 0, "nothing before the first hash");
    let typed = password("correct mongoose lamp orbit");
    let hash = hasher.hash(&typed, [1; 16]).unwrap();
    let first = memory(&hasher);
    assert_eq!(first.1, 256);
    for round in 0..20 {
        hasher.hash(&typed, [round; 16]).unwrap();
        let _ = hasher.verify(&typed, &hash).unwrap();
        let _ = hasher.verify_nobody(&typed).unwrap();
        assert_eq!(memory(&hasher), first, "same place, same size");
    }
    let smaller = PasswordHasher::new(CHEAP.parse().unwrap()).hash(&typed, [1; 16]).unwrap();
    let _ = hasher.verify(&typed, &smaller).unwrap();
    assert_eq!(memory(&hasher), first);

    let larger =
        PasswordHasher::new("m=65537,t=1,p=1".parse().unwrap()).hash(&typed, [1; 16]).unwrap();
    assert_eq!(hasher.verify(&typed, &larger).unwrap(), Verified::Match { outdated: true });
    assert_eq!(hasher.blocks.capacity(), 0, "what one old hash needed is given back");
    assert_eq!(hasher.verify(&typed, &hash).unwrap(), Verified::Match { outdated: false });
    assert_eq!(hasher.blocks.capacity(), 256);
}

/// The cost is the memory that is filled and how often; both are looked at instead of the time.
#[test]
fn nobody_costs_what_somebody_costs() {
    let work = |check: &dyn Fn(&mut PasswordHasher)| {
        let mut hasher = hasher("m=512,t=2,p=1");
        check(&mut hasher);
        let filled = hasher
            .blocks
            .iter()
            .filter(|block| block.as_ref().iter().any(|word| *word != 0))
            .count();
        (hasher.blocks.len(), filled)
    };
    let hash =
        hasher("m=512,t=2,p=1").hash(&password("another honest passphrase"), [1; 16]).unwrap();
    let typed = Password::for_comparison("correct mongoose lamp orbit");
    let unusable = Password::for_comparison("\0");
    let somebody =
        work(&|hasher| assert_eq!(hasher.verify(&typed, &hash).unwrap(), Verified::Mismatch));
    assert_eq!(somebody, (512, 512));
    for nobody in [&typed, &unusable] {
        let work =
            work(&|hasher| assert_eq!(hasher.verify_nobody(nobody).unwrap(), Verified::Mismatch));
        assert_eq!(work, somebody);
    }
}

/// Whose hash is of another making costs both, and so does everybody else from then on.
#[test]
fn once_a_hash_of_another_making_was_met_each_failure_costs_both() {
    const OWN: &str = "m=128,t=1,p=1";
    let typed = Password::for_comparison("correct mongoose lamp orbit");
    let own = hasher(OWN).hash(&password("another honest passphrase"), [1; 16]).unwrap();
    // N=2048, r=8: 2 MiB.
    let hex = "0".repeat(128);
    let foreign = PasswordHash::parse(&format!("scrypt:2048:8:1$salt${hex}")).unwrap();
    let cheaper = PasswordHash::parse(&format!("scrypt:1024:8:1$salt${hex}")).unwrap();
    let broken = PasswordHash::from_store("nonsense");

    let first = hasher(OWN);
    let spent = |about: Option<&PasswordHash>| {
        let mut hasher = first.another();
        let verified = match about {
            Some(hash) => hasher.verify(&typed, hash).unwrap(),
            None => hasher.verify_nobody(&typed).unwrap(),
        };
        assert!(!matches!(verified, Verified::Match { .. }));
        std::mem::take(&mut hasher.spent)
    };
    let of_own = HashScheme::own(OWN.parse().unwrap());
    let of_foreign = foreign.scheme().unwrap();
    let both = [of_own, of_foreign];
    for before in [None, Some(&own), Some(&broken)] {
        assert_eq!(spent(before), [of_own]);
    }
    assert_eq!(spent(Some(&foreign)), [of_foreign, of_own]);
    for after in [None, Some(&own), Some(&broken)] {
        assert_eq!(spent(after), both);
    }
    assert_eq!(spent(Some(&cheaper)), [cheaper.scheme().unwrap(), of_own], "as is documented");
    assert_eq!(spent(None), both, "the most costly one stays");
    assert_eq!(PasswordHasher::new(OWN.parse().unwrap()).met(), [], "another site's");

    // Which of two functions is faster depends on the machine: each failure costs one of each.
    let bcrypt = "$2b$04$1UKNPaIGP5QzCU2sapsiOOLXSapQdBDCjoMuj9fHtpQP7m4RfyyvG";
    let sha256 = format!("pbkdf2:sha256:1000$salt${}", "0".repeat(64));
    let sha512 = format!("pbkdf2:sha512:10$salt${hex}");
    let others = [bcrypt, &sha256, &sha512].map(|text| PasswordHash::parse(text).unwrap());
    for other in &others {
        let _ = spent(Some(other));
    }
    let all = [&others[0], &others[1], &others[2], &foreign].map(|hash| hash.scheme().unwrap());
    for about in [None, Some(&own), Some(&broken), Some(&foreign), Some(&others[0])] {
        let spent = spent(about);
        assert_eq!(spent.len(), 1 + all.len(), "{spent:?}");
        assert!(spent.contains(&of_own) && all.iter().all(|one| spent.contains(one)), "{spent:?}");
    }
}

#[test]
fn memory_for_hashes_of_another_making_is_kept_while_they_are_common() {
    let typed = Password::for_comparison("correct mongoose lamp orbit");
    let mut hasher = hasher(CHEAP);
    let made = PasswordHasher::new("m=2048,t=1,p=1".parse().unwrap()).hash(&password("x"), [1; 16]);
    let common = made.unwrap();
    for _ in 0..3 {
        let _ = hasher.verify(&typed, &common).unwrap();
        assert_eq!(memory(&hasher).1, 2048);
    }
    let before = memory(&hasher);
    let _ = hasher.verify_nobody(&typed).unwrap();
    assert_eq!(memory(&hasher), before, "same place, same size");
    let made =
        PasswordHasher::new("m=65537,t=1,p=1".parse().unwrap()).hash(&password("x"), [1; 16]);
    let huge = made.unwrap();
    let _ = hasher.verify(&typed, &huge).unwrap();
    assert!(memory(&hasher).1 <= 64 * 1024, "and not beyond what systems ask for by default");
}

/// It takes its own for each hash, and gives it back.
#[test]
fn scrypt_keeps_no_memory() {
    let typed = Password::for_comparison("correct mongoose lamp orbit");
    let mut hasher = hasher(CHEAP);
    let _ = hasher.verify_nobody(&typed).unwrap();
    let before = memory(&hasher);
    let hex = "0".repeat(128);
    let foreign = PasswordHash::parse(&format!("scrypt:2048:8:1$salt${hex}")).unwrap();
    let _ = hasher.verify(&typed, &foreign).unwrap();
    assert_eq!(memory(&hasher), before, "same place, same size");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_a_hash_or_refused(text in "\\$argon2id\\$v=19\\$m=[0-9]{1,3},t=[0-9],p=[0-9]\\$[A-Za-z0-9+/]{10,24}\\$[A-Za-z0-9+/]{0,64}") {
        if let Ok(hash) = PasswordHash::parse(&text) {
            let verified = hasher(CHEAP).verify(&Password::for_comparison("x"), &hash).unwrap();
            prop_assert_eq!(verified, Verified::Mismatch);
        }
    }
}

/// Where the memory is and how many KiB it has.
fn memory(hasher: &PasswordHasher) -> (*const Block, usize) {
    (hasher.blocks.as_ptr(), hasher.blocks.capacity())
}
