//! What may be set: nothing that is guessed first, everything honest.

use proptest::prelude::*;

use super::*;
use crate::password::tests::password;

fn check(typed: &str, context: &[&str]) -> Result<(), PasswordProblem> {
    PasswordPolicy::default().check(&password(typed), context)
}

#[test]
fn the_minimum_counts_characters_not_bytes() {
    let min = PasswordProblem::TooShort { min: 15 };
    assert_eq!(check("ünïcödé pässwö", &[]).unwrap_err(), min);
    check("ünïcödé pässwör", &[]).unwrap();
    let policy = PasswordPolicy { min_length: 8 };
    policy.check(&password("x7Kq9mZp"), &[]).unwrap();
    assert!(policy.check(&password("x7Kq9mZ"), &[]).is_err());
    assert_eq!(policy.check(&password("password"), &[]).unwrap_err(), PasswordProblem::Common);
}

#[test]
fn what_is_guessed_first_is_refused() {
    for typed in [
        "passwordpassword",
        "correcthorsebatterystaple",
        "CorrectHorseBatteryStaple1",
        "123456789012345",
        "qwertyuiopasdfg",
        "aaaaaaaaaaaaaaaa",
        "iloveyouiloveyou",
        "Password1234567",
        "letmeinletmeinletmein",
        "P@ssw0rd12345678",
        "Passw0rdPassw0rd!",
        "abcdefghijklmnop",
        "1q2w3e4r5t6y7u8i",
        "administrator123",
        "changemechangeme",
        "welcome1welcome1",
        "qwertyuiop123456",
        "monkeymonkeymonkey123",
        "111111111111111",
        "1234567890123456789",
        "summer2024summer2024",
        "iloveyou12345678!",
        "Password1234567!",
        "1234567!Password",
        "Sunshine1985!!!",
        "Welcome20240115",
    ] {
        assert_eq!(check(typed, &[]), Err(PasswordProblem::Common), "{typed}");
    }
    for typed in ["a".repeat(64), "a".repeat(1024), "password".repeat(8), "0123456789".repeat(10)] {
        assert_eq!(check(&typed, &[]).unwrap_err(), PasswordProblem::Common, "{typed}");
    }
}

#[test]
fn honest_passwords_are_accepted() {
    for typed in [
        "correct mongoose lamp orbit",
        "ein sehr langes passwort 42",
        "vestibule-test-Pa55phrase",
        "tangerine-anvil-rocket",
        "correct horse battery staple 9",
        "the cat sat on the mat",
        "my dog likes cheese",
        "This is my password",
        "initial password",
        "initial password 1",
        "lamp-orbit-mongoose-7",
        "password 8391274650",
        "4711 Kaffeetassen im Schrank",
        "aB3dE5gH7jK9mN1p",
        "x7Kq9mZp2Lw4Rt8v",
        "hf93kfm20dkwp1zq",
        "一个很长的密码没有人知道它是什么吗",
        "Владимир любит чай",
    ] {
        assert_eq!(check(typed, &[]), Ok(()), "{typed}");
    }
    for length in [64, 72, 73, 128, 1000, 1024] {
        assert_eq!(check(&("a".repeat(length - 1) + "b"), &[]), Ok(()), "long ones are on no list");
        assert_eq!(check(&("correct horse battery ".repeat(50)[..length]), &[]), Ok(()));
    }
}

#[test]
fn words_that_others_know_are_refused() {
    let context = &["Anna", "anna.berger", "Vestibule", "The Old Map Room", "me", ""];
    for (typed, word) in [
        ("tangerine-anna-rocket", "Anna"),
        ("tangerine-ANNA-rocket", "Anna"),
        ("tangerine-ａｎｎａ-rocket", "Anna"),
        ("xx vestibule yy zz", "Vestibule"),
        ("VESTIBULE lamp orbit", "Vestibule"),
        ("theoldmaproom lamp orbit", "The Old Map Room"),
        ("the old map room lamp", "The Old Map Room"),
        ("my room has a lamp", "Room"),
    ] {
        let problem = check(typed, context).unwrap_err();
        assert_eq!(problem, PasswordProblem::HoldsContext { word: word.into() }, "{typed}");
    }
    // Short words, and those that are part of everything.
    check("some theme mapped olden lamps", context).unwrap();
    check("straßenbahn im regen", &["STRASSE"]).unwrap_err();
}

#[test]
fn the_work_is_bounded_for_every_length() {
    for length in [15, 31, 32, 63, 100, 1024] {
        let chars: Vec<char> =
            "4@8({[<369&#!1/|0$5+7%2z".chars().cycle().take(length - 1).chain(['x']).collect();
        let part = looked_at(&chars);
        assert_eq!(part.map(<[char]>::len), (length < LONG_CHARS).then_some(length), "{length}");
    }
    let repeated: Vec<char> = "ab".chars().cycle().take(1024).collect();
    assert_eq!(looked_at(&repeated), Some(['a', 'b'].as_slice()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_passwords_are_accepted(typed in "[!-~]{16}") {
        prop_assert_eq!(check(&typed, &[]), Ok(()));
    }
}
