use std::time::Duration;

use super::Given;
use crate::config::{Tls, VerifiedEmail};

/// Sets one key through `--set` and expects exactly one problem, about `key`.
#[track_caller]
fn refused(base: fn() -> Given, settings: &[&str], key: &str, says: &str) {
    let mut given = base();
    for setting in settings {
        given = given.flags(&["--set", setting]);
    }
    let problem = given.problem();
    assert_eq!(problem.key, key, "{problem}");
    let text = format!("{} {}", problem.wrong, problem.hint);
    assert!(text.contains(says), "{settings:?} should say {says:?}: {problem}");
    assert!(problem.hint.ends_with('.') && problem.wrong.ends_with('.'), "{problem}");
}

#[track_caller]
fn taken(base: fn() -> Given, settings: &[&str]) {
    let mut given = base();
    for setting in settings {
        given = given.flags(&["--set", setting]);
    }
    given.good();
}

#[test]
fn production_asks_for_its_secret_address_and_https() {
    Given::production().good();
    let missing = |name: &str| {
        let problem = Given::production().without(name).problem();
        (problem.key, problem.hint)
    };
    let (key, hint) = missing("SECRET_KEY");
    assert!(key == "secret_key" && hint.contains("SECRET_KEY"), "{key}: {hint}");
    let (key, hint) = missing("VESTIBULE_PUBLIC_URL");
    assert!(key == "public_url" && hint.contains("https://"), "{key}: {hint}");
    let (key, hint) = missing("VESTIBULE_TRUSTED_PROXIES");
    assert!(key == "trusted_proxies" && hint.contains("tls.cert"), "{key}: {hint}");
    refused(Given::production, &["public_url=http://maps.example.org"], "public_url", "https");
    refused(Given::production, &["pages.app_dir=app"], "pages.app_dir", "development only");
    refused(
        Given::production,
        &["passwords.argon2=m=19456,t=1,p=1"],
        "passwords.argon2",
        "too low",
    );
    taken(Given::production, &["passwords.argon2=m=47104,t=1,p=1"]);
    // All at once, each key once.
    let given = Given::nothing().flags(&["--profile", "production"]);
    let keys: Vec<_> = given.problems().into_iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["public_url", "secret_key", "trusted_proxies"]);
}

#[test]
fn an_unknown_profile_is_the_only_thing_said_of_it() {
    refused(Given::nothing, &["profile=prod"], "profile", "production");
}

#[test]
fn a_secret_that_repeats_itself_is_for_development() {
    let secret = "k".repeat(32);
    for name in ["SECRET_KEY", "JWT_SECRET_KEY"] {
        let key = name.to_lowercase();
        let warnings = Given::nothing().variable(name, &secret).good().warnings;
        let about = format!("{key} repeats itself");
        assert!(warnings.iter().any(|warning| warning.starts_with(&about)), "{warnings:?}");
        let problem = Given::production().variable(name, &secret).problem();
        assert_eq!(problem.key, key);
        assert!(!problem.to_string().contains(&secret), "{problem}");
    }
}

#[test]
fn weak_secrets_are_refused_in_every_profile() {
    for name in ["SECRET_KEY", "JWT_SECRET_KEY", "VESTIBULE_SECRET_KEY"] {
        for secret in ["short", "changeme-changeme-changeme-changeme"] {
            let problem = Given::nothing().variable(name, secret).problem();
            assert!(name.to_lowercase().ends_with(&problem.key), "{problem}");
            assert!(!problem.to_string().contains(secret), "{problem}");
        }
    }
}

#[test]
fn the_production_database_at_home_is_named() {
    refused(Given::nothing, &["profile=dev-prod-db"], "database_url", "DATABASE_URL");
    let given = Given::nothing()
        .variable("DATABASE_URL", "postgres://u:p@db/site")
        .flags(&["--profile", "dev-prod-db"]);
    let settings = given.good().settings;
    assert_eq!(settings.accounts.verified_email, VerifiedEmail::Optional);
    assert!(!settings.public_url.is_https());
}

#[test]
fn certificates_are_whole_and_readable() {
    let base = || {
        Given::nothing()
            .file("cert.pem", "-----BEGIN CERTIFICATE-----\n")
            .file("key.pem", "-----BEGIN EC PRIVATE KEY-----\n")
    };
    let given = base().flags(&["--set", "tls.cert=cert.pem", "--set", "tls.key=key.pem"]);
    let settings = given.good().settings;
    assert!(matches!(settings.tls, Tls::Files { .. }));
    assert!(settings.public_url.is_https() && settings.cookies.secure);
    assert_eq!(settings.cookies.access, "__Host-access");
    refused(base, &["tls.cert=cert.pem"], "tls.key", "without tls.key");
    refused(base, &["tls.key=key.pem"], "tls.cert", "without tls.cert");
    refused(
        base,
        &["tls.cert=cert.pem", "tls.self_signed=yes"],
        "tls.self_signed",
        "creates a certificate",
    );
    refused(base, &["tls.cert=none.pem", "tls.key=key.pem"], "tls.cert", "Cannot read");
    refused(base, &["tls.cert=cert.pem", "tls.key=cert.pem"], "tls.key", "no private key");
    refused(
        base,
        &["tls.self_signed=1", "public_url=http://localhost:5000"],
        "public_url",
        "https://",
    );
    taken(base, &["tls.self_signed=on"]);
}

#[test]
fn lifetimes_fit_into_each_other() {
    let table: &[(&[&str], &str, &str)] = &[
        (&["tokens.access_ttl=500ms"], "tokens.access_ttl", "from 1s to 1d"),
        (&["tokens.access_ttl=25h"], "tokens.access_ttl", "from 1s to 1d"),
        (&["tokens.access_ttl=1h", "tokens.refresh_ttl=1h"], "tokens.access_ttl", "not shorter"),
        (
            &["tokens.refresh_ttl=2h", "tokens.session_max=1h"],
            "tokens.refresh_ttl",
            "longer than the session",
        ),
        (&["tokens.unremembered_ttl=181d"], "tokens.unremembered_ttl", "longer than the session"),
        (&["tokens.refresh_ttl=401d", "tokens.session_max=500d"], "tokens.refresh_ttl", "400d"),
        (&["tokens.grace=6m"], "tokens.grace", "from 0s to 5m"),
        (&["tokens.leeway=61s"], "tokens.leeway", "from 0s to 1m"),
        (&["tokens.fresh_for=0s"], "tokens.fresh_for", "from 1s"),
        (&["tokens.access_ttl=15"], "tokens.access_ttl", "has no unit"),
    ];
    for (settings, key, says) in table {
        refused(Given::nothing, settings, key, says);
    }
    taken(Given::nothing, &["tokens.grace=0s", "tokens.leeway=0s", "tokens.access_ttl=1s"]);
}

#[test]
fn default_lifetimes_give_way_to_given_ones() {
    let tokens = |setting| Given::nothing().flags(&["--set", setting]).good().settings.tokens;
    let hour = tokens("tokens.session_max=1h");
    assert_eq!(hour.refresh_ttl, Duration::from_secs(3_600));
    assert_eq!(hour.unremembered_ttl, Duration::from_secs(3_600));
    assert_eq!(hour.access_ttl, Duration::from_secs(900));
    let short = tokens("tokens.refresh_ttl=10s");
    assert_eq!(short.access_ttl, Duration::from_secs(5));
    assert_eq!(short.unremembered_ttl, Duration::from_secs(10));
}

#[test]
fn hs256_needs_its_key() {
    refused(Given::nothing, &["tokens.algorithm=HS256"], "jwt_secret_key", "JWT_SECRET_KEY");
    let given = Given::nothing()
        .variable("JWT_SECRET_KEY", super::SECRET)
        .flags(&["--set", "tokens.algorithm=HS256"]);
    given.good();
    // Its key is there, and wrong: said once.
    let given = given.variable("JWT_SECRET_KEY", "short");
    assert_eq!(given.problem().key, "jwt_secret_key");
}

#[test]
fn cookies_are_named_apart_and_kept_to_this_site() {
    let table: &[(&[&str], &str, &str)] = &[
        (&["cookies.same_site=None"], "cookies.same_site", "cross-site"),
        (&["cookies.same_site=maybe"], "cookies.same_site", "Lax or Strict"),
        (&["cookies.access=a b"], "cookies.access", "cookie names cannot have"),
        (&["cookies.csrf=__Host-access"], "cookies.csrf", "cookies.access"),
        (&["cookies.refresh_path=auth"], "cookies.refresh_path", "start with /"),
    ];
    for (settings, key, says) in table {
        refused(Given::nothing, settings, key, says);
    }
    let cookies = |given: Given| given.good().settings.cookies;
    let redirect = cookies(Given::production().flags(&["--set", "cookies.refresh_path=/auth/"]));
    assert_eq!(redirect.refresh, "__Secure-refresh");
    assert_eq!(redirect.access, "__Host-access");
    assert_eq!(redirect.refresh_path, "/auth");
    let flask = cookies(Given::production().flags(&["--set", "tokens.flask_names=1"]));
    assert_eq!(flask.access, "access_token_cookie");
    assert_eq!(flask.csrf, "csrf_access_token");
}

#[test]
fn single_values_say_what_they_take() {
    let table: &[(&str, &str, &str)] = &[
        ("site_name=\n", "site_name", "empty"),
        ("public_url=https://maps.example.org/app", "public_url", "has a path"),
        ("listen=localhost:5000", "listen", "127.0.0.1:5000"),
        ("listen=:5000", "listen", "127.0.0.1:5000"),
        ("data_dir=~/site", "data_dir", "full path"),
        ("database_url=mysql://h/d", "database_url", "postgres://"),
        ("redis_url=http://h", "redis_url", "redis://"),
        ("trusted_proxies=10.0.0.1,proxy", "trusted_proxies", "\"proxy\" is not"),
        ("tokens.algorithm=none", "tokens.algorithm", "ES256, EdDSA, HS256"),
        ("cors.origins=*", "cors.origins", "every site"),
        ("cors.origins=https://a.example/x", "cors.origins", "has a path"),
        ("passwords.min_length=7", "passwords.min_length", "from 8 to 128"),
        ("passwords.min_length=129", "passwords.min_length", "from 8 to 128"),
        ("passwords.argon2=m=1,t=2", "passwords.argon2", "m=19456,t=2,p=1"),
        ("passwords.argon2=m=4,t=1,p=1", "passwords.argon2", "8 times p"),
        ("passwords.parallel=0", "passwords.parallel", "from 1"),
        ("passwords.queue=0", "passwords.queue", "from 1"),
        ("limits.account=10", "limits.account", "10/15m"),
        ("accounts.registration=invite", "accounts.registration", "open, closed"),
        ("accounts.verified_email=yes", "accounts.verified_email", "optional, required"),
        ("mail.url=mail.example.org", "mail.url", "smtp://"),
        ("mail.from=nobody", "mail.from", "no-reply@"),
        ("files.url=/srv/files", "files.url", "file://"),
        ("files.max_size=0", "files.max_size", "No file"),
        ("files.max_size=2GiB", "files.max_size", "files.quota"),
        ("pages.app_path=/api", "pages.app_path", "hide pages"),
        ("pages.app_dir=nowhere", "pages.app_dir", "no index.html"),
        ("feed.bound=0s", "feed.bound", "from 1s to"),
        ("metrics.listen=9000", "metrics.listen", "address with a port"),
        ("metrics.listen=127.0.0.1:5000", "metrics.listen", "itself listens"),
        ("tls.self_signed=maybe", "tls.self_signed", "true or false"),
    ];
    for (setting, key, says) in table {
        refused(Given::nothing, &[setting], key, says);
    }
}

#[test]
fn a_password_in_a_bad_url_is_not_repeated() {
    for setting in ["database_url=mysql://me:hunter2@h/d", "mail.url=http://me:hunter2@h"] {
        let problem = Given::nothing().flags(&["--set", setting]).problem();
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }
}
