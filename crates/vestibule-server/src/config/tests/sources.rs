use std::time::Duration;

use super::{Given, SECRET, listed};
use crate::config::{DatabaseUrl, Profile, keys::KEYS};

#[test]
fn later_sources_win_and_each_is_named() {
    let mut given = Given::nothing();
    let mut expect = |change: &dyn Fn(Given) -> Given, value: &str, source: &str| {
        given = change(std::mem::replace(&mut given, Given::nothing()));
        let found = listed(&given.good(), "site_name");
        assert_eq!(found, (value.to_owned(), source.to_owned()));
    };
    expect(&|given| given, "Vestibule", "default");
    expect(
        &|given| given.toml("# a comment\nsite_name = \"File\"\n"),
        "File",
        "vestibule.toml line 2",
    );
    expect(
        &|given| given.dotenv("VESTIBULE_SITE_NAME=DotEnv\n"),
        "DotEnv",
        ".env line 1, VESTIBULE_SITE_NAME",
    );
    expect(
        &|given| given.variable("VESTIBULE_SITE_NAME", "Environment"),
        "Environment",
        "environment VESTIBULE_SITE_NAME",
    );
    expect(&|given| given.flags(&["--set", "site_name=Flag"]), "Flag", "flag --set");
}

#[test]
fn the_profile_lies_between_defaults_and_the_file() {
    let development = Given::nothing().good();
    assert_eq!(listed(&development, "accounts.verified_email").0, "optional");
    let production = Given::production();
    let (value, source) = listed(&production.good(), "accounts.verified_email");
    assert_eq!((value.as_str(), source.as_str()), ("required", "profile production"));
    let given = production.toml("[accounts]\nverified_email = \"optional\"\n");
    assert_eq!(listed(&given.good(), "accounts.verified_email").1, "vestibule.toml line 2");
}

#[test]
fn the_profile_itself_is_taken_from_every_source() {
    let given = Given::production().without("VESTIBULE_PROFILE").toml("profile = \"production\"\n");
    assert_eq!(given.good().settings.profile, Profile::Production);
    let given = given.flags(&["--profile", "development"]);
    assert_eq!(given.good().settings.profile, Profile::Development);
}

#[test]
fn a_dedicated_flag_wins_over_set_and_over_the_environment() {
    let given = Given::nothing()
        .variable("VESTIBULE_LISTEN", "127.0.0.1:1")
        .variable("SERVICE_PORT", "2")
        .flags(&["--set", "listen=127.0.0.1:3", "--listen", "127.0.0.1:4"]);
    let found = listed(&given.good(), "listen");
    assert_eq!(found, ("127.0.0.1:4".to_owned(), "flag --listen".to_owned()));
}

#[test]
fn every_key_has_its_environment_name() {
    for key in KEYS {
        let name = key.environment_name();
        assert!(name.starts_with("VESTIBULE_") && !name.contains('.'), "{name}");
    }
    let given = Given::nothing()
        .variable("VESTIBULE_TOKENS__ACCESS_TTL", "5s")
        .variable("VESTIBULE_TOKENS__FLASK_NAMES", "yes")
        .variable("VESTIBULE_FILES__MAX_SIZE", "10MiB")
        .variable("VESTIBULE_PASSWORDS__QUEUE", "7");
    let settings = given.good().settings;
    assert_eq!(settings.tokens.access_ttl, Duration::from_secs(5));
    assert!(settings.tokens.flask_names);
    assert_eq!(settings.files.max_size, 10 << 20);
    assert_eq!(settings.passwords.queue, 7);
}

#[test]
fn every_key_is_read_and_listed_once_in_the_catalogues_order() {
    let configuration = Given::nothing().good();
    let listed: Vec<_> = configuration.entries.iter().map(|entry| entry.key).collect();
    let catalogue: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(listed, catalogue);
}

#[test]
fn usual_names_work_and_give_way_to_our_own() {
    let given = Given::nothing()
        .variable("SECRET_KEY", SECRET)
        .variable("JWT_SECRET_KEY", "qJ8vT2mWx5RzL9cYk3NfB7hDs1GpUe6A")
        .variable("DATABASE_URL", "sqlite://a.db")
        .variable("REDIS_URL", "redis://cache")
        .variable("SERVICE_PORT", "8080");
    let settings = given.good().settings;
    assert_eq!(settings.secret_key.unwrap().expose(), SECRET);
    assert!(settings.jwt_secret_key.is_some());
    assert_eq!(settings.database_url, DatabaseUrl::Sqlite("a.db".into()));
    assert!(settings.redis_url.is_some());
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.public_url.to_string(), "http://127.0.0.1:8080");
    let given = given.variable("VESTIBULE_DATABASE_URL", "sqlite://b.db");
    assert_eq!(given.good().settings.database_url, DatabaseUrl::Sqlite("b.db".into()));
}

#[test]
fn our_own_name_in_dotenv_wins_over_a_usual_one_of_the_environment() {
    let given = Given::nothing()
        .dotenv("VESTIBULE_DATABASE_URL=sqlite://ours.db\nREDIS_URL=redis://dotenv\n")
        .variable("DATABASE_URL", "sqlite://theirs.db")
        .variable("REDIS_URL", "redis://environment");
    let configuration = given.good();
    assert_eq!(listed(&configuration, "database_url").0, "sqlite://ours.db");
    assert_eq!(listed(&configuration, "redis_url").0, "redis://environment");
}

#[test]
fn the_service_port_keeps_the_address_of_weaker_sources() {
    let given =
        Given::nothing().toml("listen = \"0.0.0.0:1000\"\n").variable("SERVICE_PORT", "8080");
    let found = listed(&given.good(), "listen");
    assert_eq!(found, ("0.0.0.0:8080".to_owned(), "environment SERVICE_PORT".to_owned()));
    let given = given.variable("VESTIBULE_LISTEN", "127.0.0.1:9");
    assert_eq!(listed(&given.good(), "listen").0, "127.0.0.1:9");
    let wrong = Given::nothing().variable("SERVICE_PORT", "eighty").problem();
    assert_eq!(
        (wrong.key.as_str(), wrong.place.as_deref()),
        ("listen", Some("environment SERVICE_PORT"))
    );
}

#[test]
fn lists_are_arrays_in_toml_and_separated_by_commas_elsewhere() {
    let networks = |given: Given| {
        let networks = given.good().settings.trusted_proxies;
        networks.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let toml = "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n";
    assert_eq!(networks(Given::nothing().toml(toml)), ["10.0.0.0/8", "::1/128"]);
    let name = "VESTIBULE_TRUSTED_PROXIES";
    let given = Given::nothing().variable(name, " 127.0.0.1 ,10.0.0.0/8, ");
    assert_eq!(networks(given), ["127.0.0.1/32", "10.0.0.0/8"]);
    // An empty list takes the file's away.
    assert!(networks(Given::nothing().toml(toml).variable(name, "")).is_empty());
    let single = Given::nothing().toml("trusted_proxies = \"10.0.0.1\"\n").problem();
    assert!(single.hint.contains("[\"…\", \"…\"]"), "{single}");
}

#[test]
fn a_secret_of_digits_stays_a_text() {
    let digits = "01928374650192837465564738291002938475";
    let given = Given::nothing().variable("SECRET_KEY", digits);
    assert_eq!(given.good().settings.secret_key.unwrap().expose(), digits);
    let bare = Given::nothing().toml("secret_key = 192837465019283746\n").problem();
    assert_eq!(bare.hint, "Write secret_key = \"…\".");
    assert!(!bare.to_string().contains("1928"), "{bare}");
}

#[test]
fn an_empty_variable_counts_as_not_given() {
    let given = Given::nothing()
        .variable("SECRET_KEY", "")
        .variable("VESTIBULE_REDIS_URL", " ")
        .variable("SERVICE_PORT", "");
    let settings = given.good().settings;
    assert!(settings.secret_key.is_none() && settings.redis_url.is_none());
    let problem = Given::nothing().flags(&["--listen", ""]).problem();
    assert_eq!(problem.place.as_deref(), Some("flag --listen"));
}

#[test]
fn a_named_file_replaces_the_usual_one_and_must_exist() {
    let given = Given::nothing()
        .toml("site_name = \"Usual\"\n")
        .file("other.toml", "site_name = \"Other\"\n")
        .flags(&["--config", "other.toml"]);
    let found = listed(&given.good(), "site_name");
    assert_eq!(found, ("Other".to_owned(), "other.toml line 1".to_owned()));
    let missing = Given::nothing().flags(&["--config", "missing.toml"]).problem();
    assert_eq!(missing.key, "missing.toml");
    assert!(missing.wrong.contains("Cannot read"), "{missing}");
}

#[test]
fn unknown_keys_are_refused_with_the_one_that_was_meant() {
    let table = [
        ("site_nmae = \"x\"", "site_nmae", "`site_name`"),
        ("[tokens]\naccess_tll = \"5s\"", "tokens.access_tll", "`tokens.access_ttl`"),
        ("[token]\naccess_ttl = \"5s\"", "token.access_ttl", "`tokens.access_ttl`"),
        ("access_ttl = \"5s\"", "access_ttl", "`tokens.access_ttl`"),
        ("public-url = \"x\"", "public-url", "`public_url`"),
        ("[cookies]\nsamesite = \"Lax\"", "cookies.samesite", "`cookies.same_site`"),
        ("databse_url = \"x\"", "databse_url", "`database_url`"),
    ];
    for (toml, key, meant) in table {
        let problem = Given::nothing().toml(toml).problem();
        assert_eq!(problem.key, key);
        assert!(problem.place.as_deref().unwrap().starts_with("vestibule.toml line"), "{problem}");
        assert!(problem.hint.contains(meant), "{problem}");
    }
    let far = Given::nothing().toml("zzz = 1").problem();
    assert!(far.hint.contains("config show"), "{far}");
}

#[test]
fn unknown_variables_of_ours_are_refused_and_foreign_ones_are_not() {
    let given = Given::nothing()
        .variable("PATH", "/bin")
        .variable("VESTIBULE_TOKENS_ACCESS_TTL", "5s")
        .dotenv("FOREIGN=1\nVESTIBULE_LISTN=x\n");
    let problems = given.problems();
    let found: Vec<_> = problems
        .iter()
        .map(|problem| (problem.key.as_str(), problem.place.as_deref().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("VESTIBULE_LISTN", ".env line 2, VESTIBULE_LISTN"),
            ("VESTIBULE_TOKENS_ACCESS_TTL", "environment VESTIBULE_TOKENS_ACCESS_TTL"),
        ]
    );
    assert!(problems[0].hint.contains("VESTIBULE_LISTEN?"), "{}", problems[0]);
    assert!(problems[1].hint.contains("VESTIBULE_TOKENS__ACCESS_TTL?"), "{}", problems[1]);
    let flag = Given::nothing().flags(&["--set", "tokens.acess_ttl=5s"]).problem();
    assert!(flag.hint.contains("`tokens.access_ttl`"), "{flag}");
}

#[test]
fn sections_and_values_are_not_confused() {
    let value = Given::nothing().toml("tokens = \"x\"\n").problem();
    assert!(value.hint.contains("[tokens]"), "{value}");
    let section = Given::nothing().toml("[listen]\nport = 5\n").problem();
    assert!(section.wrong.contains("`listen` is a single value"), "{section}");
    let empty = Given::nothing().toml("[listen]\n").problem();
    assert!(empty.wrong.contains("a section"), "{empty}");
    Given::nothing().toml("[tokens]\n").good();
}

#[test]
fn broken_files_are_refused_without_showing_what_they_hold() {
    let toml = format!("site_name = \"x\"\nsecret_key = \"{SECRET}\" nonsense\n");
    let problem = Given::nothing().toml(&toml).problem();
    assert_eq!(
        (problem.key.as_str(), problem.place.as_deref()),
        ("vestibule.toml", Some("line 2"))
    );
    assert!(!problem.to_string().contains(SECRET), "{problem}");
    let problem = Given::nothing().dotenv("A=1\nSECRET_KEY: x\n").problem();
    assert_eq!((problem.key.as_str(), problem.place.as_deref()), (".env", Some("line 2")));
}

#[test]
fn secrets_are_not_taken_from_the_command_line() {
    let given = Given::nothing().flags(&["--set", &format!("secret_key={SECRET}")]);
    let problem = given.problem();
    assert!(problem.hint.contains("VESTIBULE_SECRET_KEY"), "{problem}");
    assert!(!problem.to_string().contains(SECRET), "{problem}");
}

#[test]
fn text_that_is_not_utf8_is_refused_in_our_own_variables_only() {
    let given = Given::nothing().variable("OTHER", "\u{fffd}");
    given.good();
    let problem = given.variable("SECRET_KEY", &format!("{SECRET}\u{fffd}")).problem();
    assert_eq!(problem.key, "secret_key");
}

#[test]
fn what_kubernetes_says_of_services_is_ignored_with_a_note() {
    let given = Given::nothing()
        .variable("VESTIBULE_SERVICE_HOST", "10.96.0.7")
        .variable("VESTIBULE_SERVICE_PORT", "80")
        .variable("VESTIBULE_SERVICE_PORT_HTTP", "80")
        .variable("VESTIBULE_PORT", "tcp://10.96.0.7:80")
        .variable("VESTIBULE_PORT_80_TCP", "tcp://10.96.0.7:80")
        .variable("VESTIBULE_PORT_80_TCP_PROTO", "tcp")
        .variable("VESTIBULE_PORT_80_TCP_PORT", "80")
        .variable("VESTIBULE_PORT_80_TCP_ADDR", "10.96.0.7")
        .variable("VESTIBULE_POSTGRES_PORT", "tcp://10.96.0.8:5432")
        .variable("SERVICE_PORT", "tcp://10.96.0.9:80")
        .variable("SERVICE_SERVICE_HOST", "10.96.0.9");
    let configuration = given.good();
    assert_eq!(listed(&configuration, "listen").0, "127.0.0.1:5000");
    let notes: Vec<_> =
        configuration.warnings.iter().filter(|warning| warning.contains("Service")).collect();
    let [note] = notes[..] else { panic!("{notes:?}") };
    for name in ["SERVICE_PORT,", "VESTIBULE_PORT,", "VESTIBULE_POSTGRES_PORT"] {
        assert!(note.contains(name), "{name} is not in {note}");
    }
    assert!(!note.contains("SERVICE_SERVICE_HOST"), "{note}");
}

#[test]
fn a_misspelt_setting_is_noticed_beside_a_service() {
    let given = Given::nothing()
        .variable("VESTIBULE_SERVICE_HOST", "10.96.0.7")
        .variable("VESTIBULE_PORT", "5000");
    assert_eq!(given.problem().key, "VESTIBULE_PORT");
    // Of a file nobody else is the author.
    let given = Given::nothing().dotenv("VESTIBULE_PORT=tcp://10.96.0.7:80\n");
    assert_eq!(given.problem().key, "VESTIBULE_PORT");
}
