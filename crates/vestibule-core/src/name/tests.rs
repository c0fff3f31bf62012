//! The attacks on names: equal spellings, look-alikes, invisible characters.

use proptest::prelude::*;

use super::{NameError, *};

fn name(typed: &str) -> UserName {
    UserName::parse(typed).unwrap_or_else(|error| panic!("{typed:?}: {error}"))
}

fn address(typed: &str) -> EmailAddress {
    EmailAddress::parse(typed).unwrap_or_else(|error| panic!("{typed:?}: {error}"))
}

#[test]
fn spellings_of_one_user_name_share_a_key() {
    for (one, other) in [
        ("José", "Jose\u{301}"),
        ("anna", "ANNA"),
        ("anna", "  Anna\t\n"),
        ("fiona", "ﬁona"),
        ("anna", "ａｎｎａ"),
        ("ANNA_1", "ａｎｎａ_１"),
        ("straße", "STRASSE"),
        ("kelvin", "\u{212a}elvin"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ᾳδης", "ΑΙΔΗΣ"),
        ("x\u{3b1}\u{345}\u{301}".trim_start_matches('x'), "\u{3b1}\u{301}\u{345}"),
        ("dž", "ǆ"),
    ] {
        assert_eq!(name(one).key(), name(other).key(), "{one} {other}");
        assert_eq!(name(one), name(other));
    }
    assert_eq!(name("  José ").as_str(), "José", "shown as typed");
    assert_ne!(name("anna"), name("ann4"));
}

#[test]
fn user_names_of_every_writing_system_are_welcome() {
    for typed in [
        "a",
        "anna.berger",
        "x-1_y",
        "Владимир",
        "李小龍",
        "さくら花子カナ",
        "김철수",
        "مريم",
        "שרה",
        "नेहा",
        "สมชาย",
        "Nguyễn",
        "Ελένη",
        "a1234567",
        "_anna_",
        "ø",
    ] {
        name(typed);
    }
    name(&"é".repeat(64));
    name(&"e\u{301}".repeat(64));
}

#[test]
fn user_names_that_deceive_or_break_are_refused() {
    let long = "a".repeat(65);
    let huge = "a".repeat(1_000_000);
    for (typed, error) in [
        ("", NameError::Empty),
        (" \u{3000}\n", NameError::Empty),
        (long.as_str(), NameError::UserNameTooLong),
        (huge.as_str(), NameError::UserNameTooLong),
        ("12345", NameError::NoLetter),
        ("١٢٣", NameError::NoLetter),
        ("...", NameError::NoLetter),
        ("a@b", NameError::AtSign),
        ("a＠b", NameError::AtSign),
        ("a﹫b", NameError::AtSign),
        ("anna b", NameError::Space),
        ("anna\u{a0}b", NameError::Space),
        ("an\u{200b}na", NameError::Invisible),
        ("anna\u{200d}", NameError::Invisible),
        ("an\u{ad}na", NameError::Invisible),
        ("\u{202e}anna", NameError::Invisible),
        ("anna\u{2066}", NameError::Invisible),
        ("anna\u{61c}", NameError::Invisible),
        ("anna\u{0}", NameError::Invisible),
        ("an\nna", NameError::Invisible),
        ("anna\u{fe0f}", NameError::Invisible),
        ("anna\u{3164}", NameError::Invisible),
        ("an\u{34f}na", NameError::Invisible),
        ("anna\u{e0041}", NameError::Invisible),
        ("pаypal", NameError::MixedScripts),
        ("αnna", NameError::MixedScripts),
        ("anna١", NameError::MixedScripts),
        ("\u{301}anna", NameError::StrayMark),
        (".\u{301}anna", NameError::StrayMark),
        ("a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}", NameError::StrayMark),
        ("anna/b", NameError::Character { character: '/' }),
        ("<b>", NameError::Character { character: '<' }),
        ("anna①", NameError::Character { character: '①' }),
        ("😀anna", NameError::Character { character: '😀' }),
        ("anna\u{20dd}", NameError::Character { character: '\u{20dd}' }),
        ("paŀ", NameError::Character { character: '·' }),
    ] {
        assert_eq!(
            UserName::parse(typed).unwrap_err(),
            error,
            "{:?}",
            typed.get(..20).unwrap_or(typed)
        );
    }
}

#[test]
fn spellings_of_one_address_share_a_key() {
    for (one, other) in [
        ("Anna@Example.ORG", "anna@example.org"),
        ("josé@bücher.example", "jose\u{301}@BU\u{308}CHER.example"),
        ("anna@bücher.example", " anna@xn--bcher-kva.example "),
        ("anna@bücher.example", "anna@XN--BCHER-KVA.example"),
        ("ａnna@ｅxample.org", "anna@example.org"),
    ] {
        assert_eq!(address(one), address(other), "{one} {other}");
    }
    let typed = address(" Anna.B+list@Example.ORG ");
    assert_eq!(typed.as_str(), "Anna.B+list@Example.ORG");
    assert_eq!(typed.key(), "anna.b+list@example.org");
    assert_eq!(typed.local_part(), "Anna.B+list");
    assert_eq!(serde_json::to_string(&typed).unwrap(), r#""Anna.B+list@Example.ORG""#);
}

#[test]
fn honest_addresses_are_accepted() {
    for typed in [
        "a@b.co",
        "!#$%&'*+-/=?^_`{|}~@example.org",
        "владимир@почта.рф",
        "хор@хор.рф",
        "a@müller.de",
        "a@altın.com.tr",
        "user@r3---sn.example",
        "a@日本語.jp",
        "1@2.org",
        "a@127.org",
        "用户@例え.テスト",
    ] {
        address(typed);
    }
    address(&format!("{}@example.org", "a".repeat(64)));
}

#[test]
fn addresses_that_deceive_or_break_are_refused() {
    let long_local = format!("{}@example.org", "a".repeat(65));
    let long = format!("a@{}example.org", "abcdefghi.".repeat(25));
    let long_label = format!("a@{}.org", "a".repeat(64));
    for (typed, error) in [
        ("", NameError::Empty),
        ("anna", NameError::NotAnAddress),
        ("a@b@example.org", NameError::NotAnAddress),
        ("user＠victim.test", NameError::ImitatedSign),
        ("user@victim．test", NameError::ImitatedSign),
        ("user@victim。test", NameError::ImitatedSign),
        ("user@victim｡test", NameError::ImitatedSign),
        ("user@victim․test", NameError::ImitatedSign),
        ("us…er@victim.test", NameError::ImitatedSign),
        ("user@x.test＠victim.test", NameError::ImitatedSign),
        ("user@\u{200b}victim.test", NameError::Invisible),
        ("us\u{202e}er@victim.test", NameError::Invisible),
        ("user@victim.test\r\nBcc:x@y.test", NameError::Invisible),
        ("user@victim.te\0st", NameError::Invisible),
        ("user@vіctim.test", NameError::MixedScripts),
        ("user@xn--vctim-rya5f.test", NameError::Domain),
        ("usеr@victim.test", NameError::MixedScripts),
        ("user@аррӏе.com", NameError::ImitatedDomain),
        ("user@xn--80ak6aa92e.com", NameError::ImitatedDomain),
        ("@example.org", NameError::LocalPartLength),
        (long_local.as_str(), NameError::LocalPartLength),
        (long.as_str(), NameError::EmailTooLong),
        (".a@example.org", NameError::LocalPart),
        ("a.@example.org", NameError::LocalPart),
        ("a..b@example.org", NameError::LocalPart),
        ("a b@example.org", NameError::LocalPart),
        ("\"a b\"@example.org", NameError::LocalPart),
        ("a,b@example.org", NameError::LocalPart),
        ("Anna <a@example.org", NameError::LocalPart),
        ("a@", NameError::Domain),
        ("a@localhost", NameError::Domain),
        ("a@example.org.", NameError::Domain),
        ("a@example..org", NameError::Domain),
        ("a@-example.org", NameError::Domain),
        ("a@exa mple.org", NameError::Domain),
        ("a@exa_mple.org", NameError::Domain),
        ("a@example.org>", NameError::Domain),
        ("a@xn--a.org", NameError::Domain),
        (long_label.as_str(), NameError::Domain),
        ("a@127.0.0.1", NameError::IpAddress),
        ("a@１27.0.0.1", NameError::IpAddress),
        ("a@[127.0.0.1]", NameError::IpAddress),
        ("a@[IPv6:::1]", NameError::IpAddress),
        ("a@127.1", NameError::Domain),
        ("a@example.0x7f", NameError::Domain),
    ] {
        assert_eq!(EmailAddress::parse(typed).unwrap_err(), error, "{typed:?}");
    }
}

#[test]
fn punycode_hides_no_mixed_scripts() {
    let ascii = idna::domain_to_ascii("vіctim.test").unwrap();
    assert!(ascii.starts_with("xn--"));
    let error = EmailAddress::parse(&format!("user@{ascii}")).unwrap_err();
    assert_eq!(error, NameError::MixedScripts);
}

#[test]
fn what_is_typed_at_sign_in_finds_its_account() {
    for typed in ["anna", " ANNA ", "ａｎｎａ", "\u{2003}Anna\r\n"] {
        let key = LoginKey::from_typed(typed);
        assert_eq!(
            (key.as_str(), key.is_email(), key.is_nobody()),
            ("anna", false, false),
            "{typed:?}"
        );
    }
    for typed in ["anna@example.org", " ANNA@EXAMPLE.ORG\n", "Anna@ｅxample.org"] {
        let key = LoginKey::from_typed(typed);
        assert_eq!((key.as_str(), key.is_email()), ("anna@example.org", true), "{typed:?}");
    }
    let decomposed = LoginKey::from_typed(&"\u{1f80}".repeat(64));
    assert!(!decomposed.is_nobody(), "the longest user name is not cut");
}

#[test]
fn nonsense_at_sign_in_is_nobody() {
    let huge = "x".repeat(1_000_000);
    let wide = "\u{fdfa}".repeat(10_000);
    for typed in [
        "",
        " ",
        "a b",
        "anna＠example.org",
        "an\u{200b}na",
        "pаypal",
        "42",
        "a@b@c.d",
        "\0",
        &huge,
        &wide,
    ] {
        let key = LoginKey::from_typed(typed);
        assert!(key.is_nobody() && !key.is_email(), "{}", key.as_str());
        assert!(key.as_str().starts_with(' ') && key.as_str().len() <= 128);
        assert!(!key.as_str().contains('\0'), "stores refuse NUL in text");
    }
    let beyond = format!("\u{1}{}x", "\0".repeat(LoginKey::MAX_TYPED_BYTES));
    assert_eq!(LoginKey::from_typed(&beyond).as_str(), " ", "cut before it is looked at");
    assert_eq!(
        LoginKey::from_typed(&huge),
        LoginKey::from_typed(&format!("{huge}y")),
        "cut the same way"
    );
}

#[test]
fn roles_are_plain_words() {
    for typed in ["admin", "map-editor", "level_2", "a", " admin "] {
        RoleName::parse(typed).unwrap();
    }
    assert_eq!(RoleName::parse("").unwrap_err(), NameError::Empty);
    let long = "a".repeat(33);
    for typed in ["Admin", "ädmin", "a b", "a,b", "a\0", &long] {
        assert_eq!(RoleName::parse(typed).unwrap_err(), NameError::Role, "{typed}");
    }
    assert_eq!(serde_json::from_str::<RoleName>("\"admin\"").unwrap().as_str(), "admin");
    assert!(serde_json::from_str::<RoleName>("\"Admin\"").is_err());
}

#[test]
fn every_character_folds_to_a_stable_form() {
    let characters = ('\0'..='\u{1ffff}').map(|character| character.to_string());
    let unstable: Vec<String> = characters
        .filter(|typed| {
            let folded = fold(typed);
            fold(&folded) != folded || characters::nfkc(&folded) != folded
        })
        .collect();
    assert_eq!(unstable, Vec::<String>::new());
}

proptest! {
    /// A key is the name of exactly its own account, so a second look changes nothing.
    #[test]
    fn keys_are_stable(typed in any::<String>()) {
        let folded = fold(&typed);
        prop_assert_eq!(&fold(&folded), &folded);
    }

    #[test]
    fn no_text_panics_and_sign_in_agrees_with_registration(typed in "[\\PCa-zA-Z0-9ａ-ｚéßſÅ\u{300}-\u{345}@.＠_ -]{0,40}") {
        let key = LoginKey::from_typed(&typed);
        let as_name = UserName::parse(&typed).ok();
        let as_address = EmailAddress::parse(&typed).ok();
        prop_assert!(as_name.is_none() || as_address.is_none());
        match (as_name, as_address) {
            (Some(name), _) => {
                prop_assert_eq!(key.as_str(), name.key());
                prop_assert_eq!(UserName::parse(name.key()), Ok(name));
            }
            (_, Some(address)) => {
                prop_assert_eq!(key.as_str(), address.key());
                prop_assert_eq!(EmailAddress::parse(address.key()), Ok(address));
            }
            (None, None) => prop_assert!(key.is_nobody()),
        }
    }

    #[test]
    fn case_and_composition_never_make_two_accounts(typed in "[a-zA-ZéßſﬁﬀßµͅάᾳΐŉǰẖİıA-Z\u{300}\u{301}\u{308}]{1,12}") {
        if let Ok(name) = UserName::parse(&typed) {
            for other in [typed.to_lowercase().to_uppercase().to_lowercase(), nfc(&typed), characters::nfkc(&typed)] {
                if fold(&other) == name.key()
                    && let Ok(other) = UserName::parse(&other)
                {
                    prop_assert_eq!(&other, &name);
                }
            }
        }
    }
}
