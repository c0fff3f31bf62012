//! The commands: what they do, print, and how they end.

mod configuration;
mod keys;
mod moving;
mod people;
mod restoring;
mod sessions;

use std::time::Duration;

pub(crate) use keys::kid;

use crate::test_app::{email, file_place, good, place, run, serve};

/// A running server reads what a command changed twice a second; the rest is for a busy machine.
const HEARD_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn wrong_usage_ends_with_status_2_and_says_how_it_is_right() {
    let place = place();
    for wrong in [
        &["nonsense"][..],
        &["user"],
        &["user", "create", "--username", "ada"],
        &["user", "create", "--username", "ada", "--email", "a@people.test", "--password", "x"],
        &["user", "grant", "ada"],
        &["user", "grant", "ada", "Not A Role"],
        &["session", "end"],
        &["key", "retire"],
        &["serve", "--nonsense"],
    ] {
        let done = place.run(wrong);
        assert_eq!(done.code(), 2, "{wrong:?}: {done:?}");
        assert!(done.stderr.contains("--help"), "{wrong:?}: {done:?}");
        assert_eq!(done.stdout, "", "{wrong:?}");
    }
    let help = run(&place, &["--help"]);
    for command in ["serve", "migrate", "user", "session", "key", "restored", "config", "openapi"] {
        assert!(help.contains(command), "{help}");
    }
    assert!(!place.path().join("data").exists(), "asking for help makes nothing");
}

#[test]
fn what_cannot_be_done_ends_with_status_1() {
    let place = place();
    for failing in [
        &["user", "show", "nobody"][..],
        &["user", "suspend", "nobody"],
        &["user", "grant", "nobody", "editor"],
        &["session", "end", "0000000000000000"],
        &["session", "list", "--user", "nobody"],
        &["key", "retire", "no-such-key"],
        &["user", "import", "no-such-file.csv"],
    ] {
        let done = place.run(failing);
        assert_eq!(done.code(), 1, "{failing:?}: {done:?}");
        assert!(done.stderr.starts_with("vestibule: "), "{failing:?}: {done:?}");
    }
}

#[test]
fn migrating_makes_the_database_file_and_leaves_a_newer_one_alone() {
    let place = file_place();
    assert!(run(&place, &["migrate"]).contains("Created the database"));
    assert!(run(&place, &["migrate"]).contains("is up to date"));
    let path = place.path().join("data/vestibule.db");
    let database = rusqlite::Connection::open(path).unwrap();
    database.pragma_update(None, "user_version", 9999).unwrap();
    drop(database);
    for command in ["migrate", "serve"] {
        let done = place.run(&[command, "--listen", "127.0.0.1:0"]);
        assert_eq!(done.code(), 2, "{command}: {done:?}");
        assert!(done.stderr.contains("newer"), "{command}: {done:?}");
    }
}

#[tokio::test]
async fn the_description_of_the_api_is_the_one_that_is_served() {
    let place = place();
    let printed = run(&place, &["openapi"]);
    let site = serve(&place);
    let served = site.anonymous().get("/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed, served.json());
    insta::assert_json_snapshot!("openapi", printed);
}

#[test]
fn people_are_brought_over_with_their_passwords() {
    let place = place();
    let csv = "username,email,password_hash,status,is_super_user,roles,created_at\n\
               ada,ada@people.test,,active,true,editor reviewer,2021-05-01T10:00:00Z\n\
               bob,bob@people.test,,suspended,false,,2022-05-01T10:00:00Z\n";
    std::fs::write(place.path().join("people.csv"), csv).unwrap();
    run(&place, &["user", "import", "people.csv", "--dry-run"]);
    assert_eq!(run(&place, &["user", "list", "--json"]).trim(), "[]");
    run(&place, &["user", "import", "people.csv"]);
    let users = crate::test_app::run_json(&place, &["user", "list", "--json"]);
    assert_eq!(users[0]["roles"], serde_json::json!(["editor", "reviewer"]));
    assert_eq!(
        (&users[0]["is_super_user"], &users[1]["status"]),
        (&true.into(), &"suspended".into())
    );
    assert_eq!(users[1]["email"], email("bob"));
    good(place.run(&["user", "show", "ada"]));
}
