use super::{Given, SECRET, listed};

const JWT_SECRET: &str = "qJ8vT2mWx5RzL9cYk3NfB7hDs1GpUe6A";

#[test]
fn secrets_are_masked_everywhere() {
    let given = Given::nothing()
        .variable("SECRET_KEY", SECRET)
        .variable("JWT_SECRET_KEY", JWT_SECRET)
        .variable("DATABASE_URL", "postgres://me:hunter2@db/site")
        .variable("REDIS_URL", "redis://:hunter2@cache/")
        .variable("VESTIBULE_MAIL__URL", "smtp://me:hunter2@mail")
        .variable("VESTIBULE_FILES__URL", "s3://bucket?region=x&secret_access_key=hunter2");
    let configuration = given.good();
    let shown =
        format!("{}{}{:?}", configuration.listing(), configuration.listing_json(), configuration);
    for secret in [SECRET, JWT_SECRET, "hunter2"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(listed(&configuration, "secret_key").0, "********");
    assert_eq!(listed(&configuration, "database_url").0, "postgres://me:********@db/site");
}

#[test]
fn the_json_listing_holds_values_and_sources_of_their_own_kinds() {
    let given = Given::nothing()
        .toml("trusted_proxies = [\"10.0.0.1\"]\n")
        .variable("VESTIBULE_PASSWORDS__QUEUE", "7");
    let listing = given.good().listing_json();
    let find = |key: &str| {
        let entries = listing.as_array().unwrap();
        entries.iter().find(|entry| entry["key"] == key).unwrap().clone()
    };
    let json = serde_json::json!({
        "key": "trusted_proxies", "value": ["10.0.0.1/32"], "source": "file", "at": "vestibule.toml:1"
    });
    assert_eq!(find("trusted_proxies"), json);
    let json = serde_json::json!({
        "key": "passwords.queue", "value": 7, "source": "environment", "at": "VESTIBULE_PASSWORDS__QUEUE"
    });
    assert_eq!(find("passwords.queue"), json);
    assert_eq!(find("tls.self_signed")["value"], false);
    assert_eq!(find("redis_url")["value"], serde_json::Value::Null);
    assert_eq!(find("tokens.issuer")["at"], "public_url");
}

#[test]
fn the_defaults_are_those_of_the_reference() {
    let configuration = Given::nothing().good();
    let table = [
        ("profile", "development"),
        ("site_name", "Vestibule"),
        ("public_url", "http://127.0.0.1:5000"),
        ("listen", "127.0.0.1:5000"),
        ("data_dir", "./data"),
        ("secret_key", "null"),
        ("secret_key_previous", "null"),
        ("database_url", "sqlite://./data/vestibule.db"),
        ("redis_url", "null"),
        ("tls.self_signed", "false"),
        ("trusted_proxies", "[]"),
        ("tokens.access_ttl", "15m"),
        ("tokens.refresh_ttl", "30d"),
        ("tokens.unremembered_ttl", "12h"),
        ("tokens.session_max", "180d"),
        ("tokens.grace", "30s"),
        ("tokens.fresh_for", "10m"),
        ("tokens.algorithm", "ES256"),
        ("tokens.issuer", "http://127.0.0.1:5000"),
        ("tokens.audience", "http://127.0.0.1:5000"),
        ("tokens.leeway", "5s"),
        ("tokens.flask_names", "false"),
        // Over plain http, without the prefix.
        ("cookies.access", "access"),
        ("cookies.refresh", "refresh"),
        ("cookies.csrf", "csrf"),
        ("cookies.same_site", "Lax"),
        ("cookies.refresh_path", "/"),
        ("cors.origins", "[]"),
        ("passwords.min_length", "15"),
        ("passwords.argon2", "m=19456,t=2,p=1"),
        ("passwords.queue", "64"),
        ("limits.account", "10/15m"),
        ("limits.address", "100/15m"),
        ("limits.network", "1000/1h"),
        ("limits.register", "20/1h"),
        ("limits.sessions", "200"),
        ("limits.mail", "5/1h"),
        ("limits.feedback", "10/1h"),
        ("accounts.registration", "open"),
        ("accounts.verified_email", "optional"),
        ("mail.url", "null"),
        ("mail.templates", "null"),
        ("files.url", "file://./data/files"),
        ("files.max_size", "50MiB"),
        ("files.quota", "1GiB"),
        ("pages.app_dir", "null"),
        ("pages.templates", "null"),
        ("pages.texts", "null"),
        ("pages.language", "en"),
        ("pages.app_path", "/static/mapapp"),
        ("metrics.listen", "null"),
        ("feed.bound", "5s"),
        ("feed.strict", "false"),
    ];
    for (key, value) in table {
        assert_eq!(listed(&configuration, key).0, value, "{key}");
    }
    assert!(!configuration.settings.public_url_given);
    assert_eq!(configuration.settings.mail_dir().to_str(), Some("./data/mail"));
}

#[test]
fn the_listing_for_people_has_a_line_a_key() {
    let listing = Given::nothing().flags(&["--listen", "127.0.0.1:8000"]).good().listing();
    let line = listing.lines().find(|line| line.starts_with("listen ")).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["listen", "127.0.0.1:8000", "flag", "--listen"]
    );
}

#[test]
fn a_problem_reads_like_a_note_to_a_colleague() {
    let given = Given::nothing()
        .toml("[tokens]\naccess_ttl = \"15x\"\n")
        .variable("SECRET_KEY", "too short");
    let problems = given.load().unwrap_err().to_string();
    let expected = "\
The configuration has 2 problems:

  secret_key (environment SECRET_KEY)
    The value has 9 bytes, but at least 32 are needed.
    Fix: Use a random value, such as the output of `openssl rand -base64 48`.

  tokens.access_ttl (vestibule.toml line 2)
    \"15x\" is not a duration.
    Fix: Write a number with its unit: 500ms, 5s, 15m, 12h or 30d.";
    assert_eq!(problems, expected);
}

#[test]
fn what_is_easily_overlooked_is_said() {
    let warned = |given: Given, part: &str| {
        let warnings = given.good().warnings;
        assert!(warnings.iter().any(|warning| warning.contains(part)), "{part}: {warnings:?}");
    };
    warned(Given::nothing(), "neither Secure nor the __Host- prefix");
    warned(Given::nothing().flags(&["--listen", "0.0.0.0:5000"]), "passwords can be read");
    warned(Given::production(), "mail.url");
    warned(Given::production().variable("VESTIBULE_LIMITS__ACCOUNT", "off"), "limits.account");
    warned(
        Given::production().variable("VESTIBULE_TRUSTED_PROXIES", "0.0.0.0/0"),
        "trusted_proxies",
    );
    let shared =
        |given: Given| given.variable("SECRET_KEY", SECRET).variable("JWT_SECRET_KEY", SECRET);
    warned(shared(Given::nothing()), "Give jwt_secret_key its own value");
    assert_eq!(shared(Given::production()).problem().key, "jwt_secret_key");
    warned(Given::production().variable("DATABASE_URL", "postgres://u@db/app"), "files.url");
    let quiet = Given::production().variable("VESTIBULE_MAIL__URL", "smtp://mail");
    assert_eq!(quiet.good().warnings, Vec::<String>::new());
}

#[test]
fn services_on_other_machines_are_reached_by_tls_or_it_is_said() {
    let said = |name: &str, url: &str| {
        let given = Given::production().variable("VESTIBULE_MAIL__URL", "smtp://mail");
        let warnings = given.variable(name, url).good().warnings;
        let about_tls = warnings.into_iter().find(|warning| warning.contains("TLS"));
        about_tls.map(|warning| {
            assert!(!warning.contains("s3cret"), "{warning}");
            warning
        })
    };
    for (name, url, fix) in [
        ("DATABASE_URL", "postgres://u:s3cret@db.internal/app", "sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://u@10.0.0.9/app?sslmode=prefer", "sslmode=verify-full"),
        ("REDIS_URL", "redis://:s3cret@cache:6379", "rediss://"),
        (
            "VESTIBULE_FILES__URL",
            "s3://bucket?region=eu&endpoint=http://minio.internal:9000",
            "endpoint=https://",
        ),
    ] {
        let warning = said(name, url).unwrap_or_else(|| panic!("nothing is said of {url}"));
        assert!(warning.contains(fix), "{warning}");
        let given = Given::nothing().variable(name, url).good().warnings;
        assert!(!given.iter().any(|warning| warning.contains(fix)), "in development: {given:?}");
    }
    for (name, url) in [
        ("DATABASE_URL", "postgres://u@db.internal/app?sslmode=require"),
        ("DATABASE_URL", "postgres://u@db.internal/app?sslmode=verify-full&sslrootcert=ca.pem"),
        ("DATABASE_URL", "postgres://u@127.0.0.1/app"),
        ("DATABASE_URL", "postgres://u@[::1]/app"),
        ("DATABASE_URL", "postgres://u@localhost/app"),
        ("DATABASE_URL", "postgres://u@%2Fvar%2Frun%2Fpostgresql/app"),
        ("DATABASE_URL", "postgres://u@ignored/app?host=/var/run/postgresql"),
        ("REDIS_URL", "rediss://cache:6379"),
        ("REDIS_URL", "redis://127.0.0.1:6379"),
        ("VESTIBULE_FILES__URL", "s3://bucket?region=eu"),
        ("VESTIBULE_FILES__URL", "s3://bucket?endpoint=http://127.0.0.1:9000"),
    ] {
        assert_eq!(said(name, url), None, "{url}");
    }
}
