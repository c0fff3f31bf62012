//! `vestibule config …`, and configurations that do not start.

use vestibule_testkit::site::Place;

// Nothing of this opens a store.
use crate::test_app::{SECRET, file_place as place, run, run_json};

#[test]
fn what_is_in_force_is_shown_with_its_source_and_without_secrets() {
    let place = place()
        .with("SECRET_KEY", SECRET)
        .with("VESTIBULE_SITE_NAME", "Maps")
        .with("VESTIBULE_MAIL__URL", "smtp://me:swordfish-44@mail.test");
    std::fs::write(place.path().join("vestibule.toml"), "[tokens]\naccess_ttl = \"5m\"\n").unwrap();
    let listing = run_json(&place, &["config", "show", "--json"]);
    let find = |key: &str| {
        let entry = listing.as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap();
        (entry["value"].to_string(), entry["source"].to_string(), entry["at"].to_string())
    };
    let text = |text: &str| format!("{text:?}");
    assert_eq!(find("site_name"), (text("Maps"), text("environment"), text("VESTIBULE_SITE_NAME")));
    assert_eq!(find("tokens.access_ttl"), (text("5m"), text("file"), text("vestibule.toml:2")));
    assert_eq!(find("tokens.refresh_ttl"), (text("30d"), text("default"), "null".to_owned()));
    assert_eq!(find("secret_key").0, text("********"));
    let shown = run(&place, &["config", "show", "--set", "tokens.access_ttl=4m"]);
    assert!(shown.contains("--set"), "{shown}");
    for output in [shown, listing.to_string()] {
        assert!(!output.contains(SECRET) && !output.contains("swordfish"), "{output}");
    }
    assert!(!place.path().join("data").exists(), "looking makes nothing");
}

/// The program has to refuse this with status 2, and name the key and something that mends it.
fn refuses(place: &Place, arguments: &[&str], key: &str, mend: &str) {
    for command in ["serve", "config"] {
        let mut all = vec![command];
        all.extend((command == "config").then_some("check"));
        all.extend(arguments);
        let done = place.run(&all);
        assert_eq!(done.code(), 2, "{all:?}: {done:?}");
        assert!(done.stderr.contains(key), "{all:?} does not name {key}: {done:?}");
        assert!(done.stderr.contains(mend), "{all:?} does not say {mend}: {done:?}");
        assert_eq!(done.stdout, "", "{all:?}");
    }
    assert!(!place.path().join("data").exists(), "{arguments:?} stored something");
}

#[test]
fn bad_configurations_do_not_start_and_name_the_key_and_the_mend() {
    let free = ["--listen", "127.0.0.1:0"];
    let with = |name: &str, value: &str| place().with(name, value);
    refuses(
        &with("VESTIBULE_TOKENS__ACCES_TTL", "5m"),
        &free,
        "VESTIBULE_TOKENS__ACCES_TTL",
        "VESTIBULE_TOKENS__ACCESS_TTL",
    );
    refuses(&place(), &["--set", "tokens.acces_ttl=5m"], "tokens.acces_ttl", "access_ttl");
    refuses(&with("SECRET_KEY", "short"), &free, "secret_key", "at least 32");
    for sample in ["your-secret-key-change-me-in-production!!", "00000000000000000000000000000000"]
    {
        refuses(&with("SECRET_KEY", sample), &free, "secret_key", "openssl rand");
    }
    refuses(&with("VESTIBULE_TOKENS__ACCESS_TTL", "soon"), &free, "tokens.access_ttl", "15m");
    refuses(&with("VESTIBULE_TOKENS__ACCESS_TTL", "0s"), &free, "tokens.access_ttl", "1s");
    refuses(&with("VESTIBULE_LISTEN", "nowhere"), &[], "listen", "127.0.0.1:5000");
    refuses(&with("VESTIBULE_TOKENS__ALGORITHM", "none"), &free, "tokens.algorithm", "ES256");
    refuses(
        &with("VESTIBULE_TOKENS__ALGORITHM", "HS256"),
        &free,
        "jwt_secret_key",
        "JWT_SECRET_KEY",
    );
    refuses(
        &with("VESTIBULE_PUBLIC_URL", "https://app.test/path"),
        &free,
        "public_url",
        "https://",
    );
    refuses(&with("VESTIBULE_TLS__CERT", "missing.pem"), &free, "tls.", "PEM");
    refuses(&place(), &["--config", "missing.toml"], "missing.toml", "--config");
    refuses(&place(), &["--profile", "staging"], "profile", "production");
}

#[test]
fn production_asks_for_what_keeps_people_safe() {
    let production = || {
        place()
            .with("VESTIBULE_PASSWORDS__ARGON2", "m=19456,t=2,p=1")
            .with("VESTIBULE_PROFILE", "production")
            .with("SECRET_KEY", SECRET)
            .with("VESTIBULE_PUBLIC_URL", "https://app.test")
            .with("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1")
    };
    assert!(run(&production(), &["config", "check"]).contains("is valid"));
    refuses(
        &production().with("VESTIBULE_PUBLIC_URL", "http://app.test"),
        &[],
        "public_url",
        "https://",
    );
    refuses(
        &production().with("VESTIBULE_TRUSTED_PROXIES", ""),
        &[],
        "tls.cert",
        "trusted_proxies",
    );
    refuses(
        &production().with("VESTIBULE_PASSWORDS__ARGON2", "m=64,t=1,p=1"),
        &[],
        "passwords.argon2",
        "m=19456",
    );
    refuses(&production().with("VESTIBULE_PAGES__APP_DIR", "app"), &[], "pages.app_dir", "Remove");
    let none = place().with("VESTIBULE_PROFILE", "production");
    refuses(&none, &[], "secret_key", "SECRET_KEY");
    refuses(&none, &[], "public_url", "https://maps.example.org");
    let place = place().with("VESTIBULE_PROFILE", "dev-prod-db");
    refuses(&place, &[], "database_url", "DATABASE_URL");
}
