use std::{fmt::Display, str::FromStr, time::Duration};

use serde::{Deserialize, de::IntoDeserializer};

use super::{Given, listed};
use crate::config::values::Rate;
use crate::config::{
    Algorithm, DatabaseUrl, FilesUrl, Origin, Profile,
    addresses::{ServiceUrl, network},
    cookie_names::{fitted, name},
    dotenv,
    secret::{Weakness, weakness},
    texts,
    values::{Argon2Cost, ByteSize, Period, Switch},
};

#[test]
fn durations_have_a_unit_and_come_back_as_written() {
    let table = [
        ("0s", 0),
        ("500ms", 500),
        ("5s", 5_000),
        ("90s", 90_000),
        ("15m", 900_000),
        ("12h", 43_200_000),
        ("30d", 2_592_000_000),
        ("36500d", 3_153_600_000_000),
    ];
    for (text, milliseconds) in table {
        let period: Period = text.parse().unwrap();
        assert_eq!(period.0, Duration::from_millis(milliseconds), "{text}");
        assert_eq!(period.to_string().parse(), Ok(period), "{text}");
    }
    assert_eq!(Period(Duration::from_secs(900)).to_string(), "15m");
    assert_eq!(Period(Duration::from_secs(86_400)).to_string(), "1d");
    assert_eq!("0".parse(), Ok(Period(Duration::ZERO)));
    for text in [
        "",
        "s",
        "15",
        "15x",
        "-5s",
        "1.5h",
        "5 minutes",
        "1h30m",
        "36501d",
        "99999999999999999999d",
    ] {
        assert!(text.parse::<Period>().is_err(), "{text}");
    }
}

#[test]
fn sizes_tell_powers_of_1024_from_powers_of_1000() {
    let table = [
        ("0", 0),
        ("1234", 1_234),
        ("512B", 512),
        ("50KB", 50_000),
        ("10MiB", 10_485_760),
        ("10 mib", 10_485_760),
        ("1GiB", 1_073_741_824),
        ("2GB", 2_000_000_000),
    ];
    for (text, bytes) in table {
        let size: ByteSize = text.parse().unwrap();
        assert_eq!(size.0, bytes, "{text}");
        assert_eq!(size.to_string().parse(), Ok(size), "{text}");
    }
    assert_eq!(ByteSize(50 << 20).to_string(), "50MiB");
    for text in ["", "MiB", "10M", "-1", "1.5GiB", "9000000TiB"] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}

#[test]
fn rates_are_a_count_within_a_window_or_off() {
    for text in ["10/15m", "1/1s", "100/30d", "off"] {
        let rate: Rate = text.parse().unwrap();
        assert_eq!(rate.to_string(), text);
    }
    assert_eq!("OFF".parse(), Ok(Rate::Off));
    for text in ["", "10", "10/", "/15m", "0/15m", "10/0s", "10/500ms", "ten/15m", "10/15"] {
        assert!(text.parse::<Rate>().is_err(), "{text}");
    }
}

#[test]
fn hashing_costs_are_three_numbers_in_any_order() {
    let usual = Argon2Cost { memory_kib: 19_456, passes: 2, lanes: 1 };
    assert_eq!("m=19456,t=2,p=1".parse(), Ok(usual));
    assert_eq!("p=1, t=2, m=19456".parse(), Ok(usual));
    assert_eq!(usual.to_string(), "m=19456,t=2,p=1");
    for text in
        ["", "m=19456,t=2", "m=19456,t=2,p=1,m=8", "m=19456,t=2,x=1", "m=,t=2,p=1", "m=-1,t=2,p=1"]
    {
        assert!(text.parse::<Argon2Cost>().is_err(), "{text}");
    }
}

#[test]
fn switches_are_written_in_four_ways() {
    for (text, on) in [
        ("true", true),
        ("1", true),
        ("yes", true),
        ("on", true),
        ("ON", true),
        ("false", false),
        ("0", false),
        ("no", false),
        ("off", false),
        ("False", false),
    ] {
        assert_eq!(text.parse(), Ok(Switch(on)), "{text}");
    }
    assert!("maybe".parse::<Switch>().is_err());
}

#[test]
fn serde_reads_the_same_notation() {
    fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, serde::de::value::Error> {
        T::deserialize(text.into_deserializer())
    }
    assert_eq!(read::<Period>("15m"), Ok(Period(Duration::from_secs(900))));
    assert_eq!(read::<ByteSize>("1KiB"), Ok(ByteSize(1_024)));
    assert_eq!(read::<Rate>("off"), Ok(Rate::Off));
    assert_eq!(read::<Switch>("on"), Ok(Switch(true)));
    assert!(read::<Argon2Cost>("m=1").is_err());
}

#[test]
fn words_come_back_as_written() {
    fn same<T: FromStr + Display>(words: &[&str]) {
        for word in words {
            let value = word.parse::<T>().unwrap_or_else(|_| panic!("{word}"));
            assert_eq!(value.to_string(), *word);
        }
    }
    same::<Profile>(&["development", "dev-prod-db", "production"]);
    same::<Algorithm>(&["ES256", "EdDSA", "HS256"]);
    assert!("none".parse::<Algorithm>().is_err());
    assert!("staging".parse::<Profile>().unwrap_err().hint.contains("dev-prod-db"));
}

#[test]
fn origins_have_no_path() {
    for (text, shown) in [
        ("https://maps.example.org", "https://maps.example.org"),
        ("https://maps.example.org/", "https://maps.example.org"),
        ("https://Maps.Example.org:443", "https://maps.example.org"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ] {
        let origin: Origin = text.parse().unwrap();
        assert_eq!(origin.to_string(), shown);
        assert_eq!(origin.to_string().parse(), Ok(origin));
    }
    for text in [
        "",
        "*",
        "maps.example.org",
        "ftp://maps.example.org",
        "https://",
        "https://maps.example.org/app",
        "https://maps.example.org?x",
        "https://maps.example.org#x",
        "https://me:pw@maps.example.org",
    ] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
}

#[test]
fn apps_in_a_web_view_may_call_the_api() {
    let given = Given::nothing().variable(
        "VESTIBULE_CORS__ORIGINS",
        "https://maps.example.org/, capacitor://localhost, tauri://localhost, chrome-extension://abcdef",
    );
    assert_eq!(
        listed(&given.good(), "cors.origins").0,
        r#"["https://maps.example.org","capacitor://localhost","tauri://localhost","chrome-extension://abcdef"]"#
    );
    for text in ["null", "capacitor:localhost", "app://", "app://localhost/path"] {
        let problem = Given::nothing().variable("VESTIBULE_CORS__ORIGINS", text).problem();
        assert_eq!(problem.key, "cors.origins", "{text}");
        assert!(problem.hint.contains("capacitor://localhost"), "{}", problem.hint);
    }
}

#[test]
fn places_of_data_are_read() {
    for (text, path) in [
        ("sqlite://data/v.db", "data/v.db"),
        ("sqlite://./data/v.db", "./data/v.db"),
        ("sqlite:///srv/v.db", "/srv/v.db"),
        ("sqlite:v.db", "v.db"),
    ] {
        assert_eq!(text.parse(), Ok(DatabaseUrl::Sqlite(path.into())), "{text}");
    }
    for text in ["postgres://u:p@h/d", "postgresql://h/d"] {
        assert!(matches!(text.parse(), Ok(DatabaseUrl::Postgres(_))), "{text}");
    }
    for text in [
        "",
        "v.db",
        "sqlite:",
        "sqlite://",
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite://v.db?mode=rwc",
        "mysql://h/d",
        "postgresql+psycopg2://h/d",
        "postgres:///d",
    ] {
        assert!(text.parse::<DatabaseUrl>().is_err(), "{text}");
    }
    assert_eq!("file:///srv/f".parse(), Ok(FilesUrl::Folder("/srv/f".into())));
    assert!(matches!("s3://b?region=x".parse(), Ok(FilesUrl::S3(_))));
    assert!("http://b".parse::<FilesUrl>().is_err());
    assert!(ServiceUrl::redis("rediss://h").is_ok() && ServiceUrl::redis("http://h").is_err());
    assert!(ServiceUrl::mail("smtps://h").is_ok() && ServiceUrl::mail("h:25").is_err());
}

#[test]
fn credentials_in_urls_are_printed_nowhere() {
    for text in [
        "postgres://u:hunter2@h/d",
        "postgres://h/d?user=u&password=hunter2",
        "s3://b?region=x&secret_access_key=hunter2",
    ] {
        let url = match (text.parse(), text.parse()) {
            (Ok(DatabaseUrl::Postgres(url)), _) | (_, Ok(FilesUrl::S3(url))) => url,
            _ => panic!("{text}"),
        };
        assert!(!format!("{url}{url:?}").contains("hunter2"), "{url}");
        assert!(url.to_string().contains("*****"), "{url}");
    }
    let plain: DatabaseUrl = "postgres://u@h:5433/d?sslmode=require".parse().unwrap();
    assert_eq!(plain.to_string(), "postgres://u@h:5433/d?sslmode=require");
}

#[test]
fn proxies_are_addresses_or_networks() {
    assert_eq!(network("10.1.2.3/8").unwrap().to_string(), "10.0.0.0/8");
    assert_eq!(network("::1").unwrap().to_string(), "::1/128");
    assert!(network("proxy").is_err() && network("10.0.0.0/33").is_err());
}

#[test]
fn cookie_names_are_tokens() {
    for good in ["__Host-access", "access_token_cookie", "a"] {
        assert!(name(good).is_ok(), "{good}");
    }
    for bad in ["", "__Host-", "__secure-", "a b", "a=b", "a;b", "a\"", "ä", "a\n"] {
        assert!(name(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn cookie_prefixes_follow_scheme_and_path() {
    for (secure, path, fits) in [
        (true, "/", "__Host-refresh"),
        (true, "/auth", "__Secure-refresh"),
        (false, "/", "refresh"),
        (false, "/auth", "refresh"),
    ] {
        assert_eq!(fitted("__Host-refresh", secure, path), fits);
        assert_eq!(fitted("own", secure, path), "own");
    }
}

#[test]
fn texts_keep_their_rules() {
    for good in ["a@b.org", "My Site <a@b.org>"] {
        assert!(texts::sender(good).is_ok(), "{good}");
    }
    for bad in ["", "a", "@b", "a@", "a b@c", "a@b, c@d", "x <a@b", "x\r\nBcc: a@b"] {
        assert!(texts::sender(bad).is_err(), "{bad:?}");
    }
    assert_eq!(texts::refresh_path("/auth/").as_deref(), Ok("/auth"));
    assert_eq!(texts::refresh_path("/").as_deref(), Ok("/"));
    for bad in ["", "auth", "//evil", "/a;b", "/a?b", "/../a", "/a b"] {
        assert!(texts::refresh_path(bad).is_err(), "{bad:?}");
    }
    for bad in ["/", "/api", "/auth/app", "static"] {
        assert!(texts::app_path(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn well_known_secrets_are_recognised_however_they_are_filled_up() {
    let table = [
        ("secret", Some(Weakness::WellKnown)),
        ("changeme", Some(Weakness::WellKnown)),
        ("change-me-in-production-please-0000", Some(Weakness::WellKnown)),
        ("CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME", Some(Weakness::WellKnown)),
        ("your-256-bit-secret", Some(Weakness::WellKnown)),
        ("your-256-bit-secretyour-256-bit-secret", Some(Weakness::WellKnown)),
        ("your-256-bit-secret-0000000000000000", Some(Weakness::WellKnown)),
        ("secretsecretsecretsecretsecretsecretsec", Some(Weakness::WellKnown)),
        ("secret..............................", Some(Weakness::WellKnown)),
        ("super-secret-1234567890123456789012", Some(Weakness::WellKnown)),
        ("passwordxxxxxxxxxxxxxxxxxxxxxxxxxxx", Some(Weakness::WellKnown)),
        ("a-string-secret-at-least-256-bits-long", Some(Weakness::WellKnown)),
        (
            "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
            Some(Weakness::WellKnown),
        ),
        ("_5#y2L\"F4Q8z\\n\\xec]/", Some(Weakness::WellKnown)),
        ("0123456789abcdefghijklmnopqrstuvwxyz", Some(Weakness::WellKnown)),
        ("", Some(Weakness::Short(0))),
        ("vUd7qYh2kX9mB4tRz1wLs8PcNf6JgEo", Some(Weakness::Short(31))),
        ("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", Some(Weakness::Repeats)),
        ("0123456789abcdef0123456789abcdef", Some(Weakness::Repeats)),
        ("12341234123412341234123412341234123", Some(Weakness::Repeats)),
        (super::SECRET, None),
        ("13579246801470369258159263748509182", None),
        ("correct horse battery staple and a secret more", None),
    ];
    for (secret, expected) in table {
        assert_eq!(weakness(secret), expected, "{secret}");
    }
}

#[test]
fn dotenv_takes_values_as_they_stand() {
    let table = [
        ("A=b", "b"),
        ("A = b ", "b"),
        ("export A=b", "b"),
        ("A=", ""),
        ("A=b # comment", "b"),
        ("A=# comment", ""),
        ("A=b#c", "b#c"),
        ("A=pa$word${X}", "pa$word${X}"),
        ("A=b=c", "b=c"),
        ("A='b # $c \\n'", "b # $c \\n"),
        ("A=\"b \\\"c\\\" \\n\\$ \\x\" # comment", "b \"c\" \n$ \\x"),
        ("A=\"two\nlines\"", "two\nlines"),
        ("A=b\r\n", "b"),
    ];
    for (text, value) in table {
        let (assignments, bad) = dotenv::parse(text);
        assert!(bad.is_empty(), "{text}: {bad:?}");
        assert_eq!(assignments.len(), 1, "{text}");
        assert_eq!(
            (assignments[0].name.as_str(), assignments[0].value.as_str()),
            ("A", value),
            "{text}"
        );
    }
}

#[test]
fn dotenv_counts_lines_and_finds_the_bad_ones() {
    let (assignments, bad) =
        dotenv::parse("# first\n\nA=1\nno assignment\nB='x\ny'\nC=3\n=4\nD=\"open");
    let found: Vec<_> = assignments.iter().map(|one| (one.name.as_str(), one.line)).collect();
    assert_eq!(found, [("A", 3), ("B", 5), ("C", 7)]);
    assert_eq!(bad.iter().map(|one| one.line).collect::<Vec<_>>(), [4, 8, 9]);
}
