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
    let error = hasher(CHEAP).verify(&typed, &costly).unwrap_err();
    assert!(matches!(error, HashError::TooCostly { .. }));
}

#[test]
fn text_that_is_no_hash_of_ours_is_refused() {
    let digest = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let long = "A".repeat(300);
    for text in [
        String::new(),
        "!".into(),
        "$argon2id$".into(),
        format!("$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ${digest}"),
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
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".into(),
    ] {
        assert_eq!(PasswordHash::parse(&text).unwrap_err(), HashError::Unreadable, "{text}");
    }
}

#[test]
fn what_could_not_be_set_matches_nothing() {
    let mut hasher = hasher(CHEAP);
    let huge = "a".repeat(1_000_000);
    let stand_in = Password::for_comparison("");
    let hash = hasher.hash(&password(stand_in.as_str()), [5; 16]).unwrap();
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
        PasswordHasher::new("m=1024,t=1,p=1".parse().unwrap()).hash(&typed, [1; 16]).unwrap();
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
