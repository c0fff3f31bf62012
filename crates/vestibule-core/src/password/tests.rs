//! Preparation of passwords, and the parameters of their hashes.

use proptest::prelude::*;

use super::*;

pub(super) fn password(typed: &str) -> Password {
    Password::prepare(typed).unwrap_or_else(|problem| panic!("{typed:?}: {problem}"))
}

#[test]
fn preparation_composes_and_keeps_every_character() {
    assert_eq!(password("e\u{301}\u{a0}x").as_str(), "é x");
    assert_eq!(password(" two  spaces ").as_str(), " two  spaces ", "nothing is trimmed");
    assert_ne!(password("ﬁ").as_str(), password("fi").as_str(), "NFC, not NFKC");
    assert_ne!(password("A").as_str(), password("a").as_str());
    assert_eq!(password("pass🐵word").char_count(), 9);
}

#[test]
fn preparation_refuses_what_cannot_be_typed_again() {
    for typed in ["a\tb", "a\nb", "a\0b", "a\u{200b}b", "a\u{202e}b", "a\u{200d}b", "a\u{e000}b"] {
        assert_eq!(Password::prepare(typed).unwrap_err(), PasswordProblem::NotText, "{typed:?}");
    }
    assert_eq!(Password::prepare("").unwrap_err(), PasswordProblem::Empty);
}

#[test]
fn the_longest_password_counts_after_composition() {
    let too_long = PasswordProblem::TooLong { max: 1024 };
    assert_eq!(password(&"é".repeat(1024)).char_count(), 1024);
    assert_eq!(password(&"e\u{301}".repeat(1024)).char_count(), 1024);
    assert_eq!(Password::prepare(&"a".repeat(1025)).unwrap_err(), too_long);
    assert_eq!(Password::prepare(&"a".repeat(1_000_000)).unwrap_err(), too_long);
    // One character that composition takes apart (composition exclusion): counted as what is hashed.
    assert_eq!(Password::prepare(&"\u{958}".repeat(1024)).unwrap_err(), too_long);
}

#[test]
fn nothing_of_a_password_is_shown() {
    let secret = password("correct mongoose lamp orbit");
    assert_eq!(format!("{secret:?}"), "Password(..)");
    let hash = PasswordHasher::new("m=64,t=1,p=1".parse().unwrap()).hash(&secret, [1; 16]).unwrap();
    assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
}

#[test]
fn parameters_are_read_and_bounded() {
    let default = PasswordParameters::default();
    assert_eq!(default.to_string(), "m=19456,t=2,p=1");
    assert_eq!("m=19456,t=2,p=1".parse(), Ok(default));
    assert_eq!(" m=19456, t=2, p=1 ".parse(), Ok(default));
    assert!("m=64,t=1,p=1".parse::<PasswordParameters>().is_ok(), "cheap ones are possible");
    for (text, error) in [
        ("", ParametersError::Form),
        ("19456", ParametersError::Form),
        ("m=1,t=1", ParametersError::Form),
        ("t=2,m=19456,p=1", ParametersError::Form),
        ("m=19456,t=2,p=1,x=1", ParametersError::Form),
        ("m=-1,t=2,p=1", ParametersError::Form),
        ("m=+64,t=2,p=1", ParametersError::Form),
        ("m=99999999999,t=2,p=1", ParametersError::Form),
        ("m=7,t=1,p=1", ParametersError::Memory),
        ("m=31,t=1,p=4", ParametersError::Memory),
        ("m=1048577,t=1,p=1", ParametersError::Memory),
        ("m=64,t=0,p=1", ParametersError::Iterations),
        ("m=64,t=17,p=1", ParametersError::Iterations),
        ("m=64,t=1,p=0", ParametersError::Lanes),
        ("m=640,t=1,p=17", ParametersError::Lanes),
    ] {
        assert_eq!(text.parse::<PasswordParameters>().unwrap_err(), error, "{text}");
    }
    for (text, below) in [
        ("m=19456,t=2,p=1", false),
        ("m=47104,t=1,p=1", false),
        ("m=12288,t=3,p=1", false),
        ("m=7168,t=5,p=1", false),
        ("m=7168,t=9,p=1", false),
        ("m=19455,t=2,p=1", true),
        ("m=19456,t=1,p=1", true),
        ("m=7167,t=16,p=1", true),
        ("m=64,t=1,p=1", true),
    ] {
        assert_eq!(text.parse::<PasswordParameters>().unwrap().is_below_owasp(), below, "{text}");
    }
}

#[test]
fn what_the_present_unicode_has_is_allowed() {
    // Emoji of Unicode 13 to 16, Toto, Vithkuqi, Kawi, a newer currency sign.
    for newer in
        ["\u{1fae0}", "\u{1fab7}", "\u{1fadc}", "\u{1e290}", "\u{10597}", "\u{11f04}", "\u{20c0}"]
    {
        let typed = format!("seven\u{3000}bridges {newer} cafe\u{301}");
        let password = Password::prepare(&typed).unwrap_or_else(|error| panic!("{newer}: {error}"));
        assert_eq!(password.as_str(), format!("seven bridges {newer} café"));
        let again = Password::prepare(password.as_str()).unwrap();
        assert_eq!(again.as_str(), password.as_str());
        for bad in ["\u{7}", "\u{200b}", "\u{e000}", "\u{fdd0}", "\u{378}", "\u{b7}"] {
            let typed = format!("seven bridges {newer} {bad}");
            assert!(Password::prepare(&typed).is_err(), "{newer} {bad:?}");
        }
    }
}

#[test]
fn what_becomes_a_character_that_is_not_allowed_is_none() {
    for text in ["a long password with \u{387}", "a long password with \u{b7}"] {
        assert_eq!(Password::prepare(text).err(), Some(PasswordProblem::NotText), "{text}");
    }
    assert!(
        Password::prepare("col\u{b7}lecci\u{f3} de mapes").is_ok(),
        "it is where Catalan has it"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics(typed in any::<String>(), word in any::<String>()) {
        let prepared = Password::for_comparison(&typed);
        let _ = PasswordPolicy { min_length: 1 }.check(&prepared, &[&word]);
        if prepared.settable().is_some() {
            prop_assert!(Password::prepare(prepared.as_str()).is_ok_and(|again| again.as_str() == prepared.as_str()));
        }
    }
}
