use vestibule::core::{
    renewal::Outcome,
    store::{RenewalNote, SessionStore as _},
    time::Timestamp,
};

use super::carry_out;
use crate::cli::{
    arguments::Command,
    context::fixture::{Detail, START, Site, parse},
};

async fn run(site: &Site, line: &str) -> Detail {
    let Command::Session(command) = parse(&format!("session {line}")) else {
        panic!("{line}");
    };
    site.hear(async |context, console| carry_out(command, context, console).await).await
}

#[tokio::test]
async fn a_listing_has_the_documented_fields() {
    let site = Site::new();
    let ada = site.user("ada", false).await;
    let session = site.session(&ada, "phone\x1b[2J").await;
    let said = run(&site, "list --json").await;
    assert!(!said.results.contains('\x1b'));
    assert_eq!(
        said.json(),
        serde_json::json!([{
            "id": session.id.to_string(),
            "user_id": 1,
            "username": "ada",
            "carrier": "header",
            "device": "phone\u{1b}[2J",
            "user_agent": "App/1.0",
            "address": "192.0.2.1",
            "remembered": true,
            "created_at": START,
            "last_seen_at": START,
            "auth_time": START,
            "expires_at": START + 30 * 24 * 3600,
            "ended_at": null,
            "end_reason": null,
        }])
    );
    let text = run(&site, "list").await;
    assert!(text.success().contains("ada"), "{}", text.results);
    assert!(text.results.contains("phone\\u{1b}[2J"), "{}", text.results);
}

#[tokio::test]
async fn only_living_sessions_are_listed() {
    let site = Site::new();
    let (ada, bob) = (site.user("ada", false).await, site.user("bob", false).await);
    let first = site.session(&ada, "first").await;
    site.session(&ada, "second").await;
    site.session(&bob, "third").await;
    let count = async |line: &str| run(&site, line).await.json().as_array().unwrap().len();
    assert_eq!(count("list --json").await, 3);
    assert_eq!(count("list --user ada@EXAMPLE.org --json").await, 2);
    run(&site, &format!("end {}", first.id)).await.success();
    assert_eq!(count("list --user ada --json").await, 1);
    site.clock.advance(31 * 24 * 3600);
    assert_eq!(count("list --user ada --json").await, 0);
    assert_eq!(count("list --json").await, 0);
    assert_eq!(run(&site, "list").await.messages, "There are no active sessions.\n");
}

#[tokio::test]
async fn one_session_is_ended_once() {
    let site = Site::new();
    let ada = site.user("ada", false).await;
    let (this, other) = (site.session(&ada, "this").await, site.session(&ada, "other").await);
    let line = format!("end -- {}", this.id);
    assert_eq!(run(&site, &line).await.success(), "Ended 1 session.\n");
    assert_eq!(site.end_of(&this).await, Some("ended_by_admin"));
    assert_eq!(site.end_of(&other).await, None);
    let again = run(&site, &line).await;
    assert_eq!(again.success(), "Ended 0 sessions.\n");
    assert!(again.messages.contains("ended_by_admin"), "{}", again.messages);
}

#[tokio::test]
async fn one_session_is_shown_with_what_became_of_its_tokens() {
    let site = Site::new();
    let ada = site.user("ada", false).await;
    let session = site.session(&ada, "phone").await;
    let line = format!("show -- {}", session.id);
    let said = run(&site, &line).await;
    assert!(said.success().contains("device      phone\n"), "{}", said.results);
    assert!(said.messages.contains("not been used yet"), "{}", said.messages);
    let at = Timestamp::from_seconds(START + 60);
    let note = RenewalNote {
        session: session.id,
        presented: 1,
        outcome: Outcome::RepeatedConcurrent,
        count: 3,
        first_at: at,
        last_at: at,
        address: "192.0.2.7".to_owned(),
        agent: "App/1.0".to_owned(),
    };
    site.store.note_renewals(&[note]).await.unwrap();
    let said = run(&site, &line).await;
    assert!(said.success().contains("repeated_concurrent  3      192.0.2.7"), "{}", said.results);
    run(&site, &format!("end -- {}", session.id)).await.success();
    let shown = run(&site, &format!("show --json -- {}", session.id)).await.json();
    assert_eq!(shown["session"]["end_reason"], "ended_by_admin");
    assert_eq!(
        shown["renewals"],
        serde_json::json!([{
            "generation": 1,
            "outcome": "repeated_concurrent",
            "count": 3,
            "first_at": START + 60,
            "last_at": START + 60,
            "address": "192.0.2.7",
            "user_agent": "App/1.0",
        }])
    );
}

#[tokio::test]
async fn sessions_are_ended_by_user_or_all_at_once() {
    let site = Site::new();
    let (ada, bob) = (site.user("ada", false).await, site.user("bob", false).await);
    let hers = [site.session(&ada, "a").await, site.session(&ada, "b").await];
    let his = site.session(&bob, "c").await;
    let said = run(&site, "end --user 1").await;
    assert_eq!(said.success(), "Ended 2 sessions.\n");
    for session in &hers {
        assert_eq!(site.end_of(session).await, Some("ended_by_admin"));
    }
    assert_eq!(site.end_of(&his).await, None);
    assert_eq!(run(&site, "end --all").await.success(), "Ended 1 session.\n");
    assert_eq!(run(&site, "end --all").await.success(), "Ended 0 sessions.\n");
}

#[tokio::test]
async fn what_is_not_there_is_said_with_how_to_find_it() {
    let site = Site::new();
    for line in ["end 0f3a", "end AAAAAAAAAAAAAAAAAAAAAA", "show AAAAAAAAAAAAAAAAAAAAAA"] {
        let said = run(&site, line).await;
        assert!(said.failure().contains("`vestibule session list`"), "{line}");
    }
    for line in ["end --user eve", "list --user eve"] {
        let said = run(&site, line).await;
        assert!(said.failure().contains("“eve”"), "{line}");
    }
}
