use vestibule::{
    Signing, SiteSecret, SystemEntropy,
    core::{
        jws::Algorithm,
        ring::{self, KeyRing, KeyState},
        store::{Changed, Feed as _, KeyStore as _},
        time::{Clock as _, Timestamp},
    },
    rotation_policy,
};
use vestibule_site::{
    outbox::{MailId, OutgoingMail},
    store::Outbox as _,
};

use super::carry_out;
use crate::{
    cli::{
        arguments::Command,
        context::fixture::{Detail, START, Site, parse},
    },
    services::mail,
};

async fn run(site: &Site, line: &str) -> Detail {
    let Command::Key(command) = parse(&format!("key {line}")) else {
        panic!("{line}");
    };
    site.hear(async |context, console| carry_out(command, context, console).await).await
}

/// A site whose server has made its ring.
async fn with_ring() -> Site {
    let site = Site::new();
    let policy = rotation_policy(Algorithm::ES256, &site.config.lifetimes);
    let now = site.clock.now();
    let sealing = site.config.secret.sealing_key();
    let keys = ring::tend(&[], &policy, &sealing, &SystemEntropy, now).unwrap().unwrap();
    assert!(site.store.replace_key_ring(0, &keys, now).await.unwrap());
    site
}

async fn kid(site: &Site, state: KeyState) -> String {
    let (_, keys) = site.store.key_ring().await.unwrap();
    let mut found = keys.iter().filter(|key| key.state == state);
    let kid = found.next().unwrap().kid.clone();
    assert!(found.next().is_none());
    kid
}

#[tokio::test]
async fn a_listing_shows_nothing_private() {
    let site = with_ring().await;
    let (active, next) = (kid(&site, KeyState::Active).await, kid(&site, KeyState::Next).await);
    let key = |kid: &str, state: &str| {
        serde_json::json!({
            "kid": kid, "algorithm": "ES256", "state": state,
            "created_at": START, "changed_at": START,
        })
    };
    assert_eq!(
        run(&site, "list --json").await.json(),
        serde_json::json!([key(&active, "active"), key(&next, "next")])
    );
    let text = run(&site, "list").await;
    assert!(text.success().contains("2025-06-15 15:06"), "{}", text.results);
    assert_eq!(text.results.lines().count(), 3);
}

#[tokio::test]
async fn rotation_lets_the_next_key_sign_and_tells_the_nodes() {
    let site = with_ring().await;
    let (active, next) = (kid(&site, KeyState::Active).await, kid(&site, KeyState::Next).await);
    let feed = site.store.last_sequence().await.unwrap();
    let said = run(&site, "rotate").await;
    assert_eq!(said.success(), format!("Now signing with key {next}.\n"));
    assert_eq!(kid(&site, KeyState::Active).await, next);
    assert_eq!(kid(&site, KeyState::Retiring).await, active);
    let changes = site.store.changes_after(feed, 9).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].what, Changed::Keys);
}

#[tokio::test]
async fn a_site_that_never_ran_can_rotate() {
    let site = Site::new();
    assert_eq!(run(&site, "list --json").await.results, "[]\n");
    run(&site, "rotate").await.success();
    let active = kid(&site, KeyState::Active).await;
    assert_ne!(active, kid(&site, KeyState::Next).await);
}

#[tokio::test]
async fn a_retired_key_verifies_nothing_and_retires_once() {
    let site = with_ring().await;
    let active = kid(&site, KeyState::Active).await;
    run(&site, &format!("retire -- {active}")).await.success();
    assert_eq!(kid(&site, KeyState::Retired).await, active);
    let (revision, keys) = site.store.key_ring().await.unwrap();
    let policy = rotation_policy(Algorithm::ES256, &site.config.lifetimes);
    let ring = KeyRing::open(&keys, &policy, &site.config.secret.sealing_key()).unwrap();
    assert!(ring.verifier(&active, Timestamp::from_seconds(START)).is_none());
    run(&site, &format!("retire -- {active}")).await.success();
    assert_eq!(site.store.key_ring().await.unwrap().0, revision);
    let said = run(&site, "retire nobody").await;
    assert!(said.failure().contains("`vestibule key list`"));
}

#[tokio::test]
async fn with_another_secret_the_ring_is_left_alone() {
    let mut site = with_ring().await;
    let before = site.store.key_ring().await.unwrap();
    site.config.secret = SiteSecret::new([8; 32]).unwrap();
    let active = kid(&site, KeyState::Active).await;
    for line in ["rotate".to_owned(), format!("retire -- {active}")] {
        let said = run(&site, &line).await;
        let refused = said.ended.unwrap_err();
        assert_eq!(refused.status(), 2);
        assert!(refused.to_string().starts_with("SECRET_KEY does not match this database."));
        assert_eq!(site.store.key_ring().await.unwrap(), before);
    }
}

#[tokio::test]
async fn the_key_of_the_configuration_is_listed_and_does_not_move() {
    let mut site = Site::new();
    let secret = "a shared secret of thirty-two bytes";
    site.config.signing = Signing::Shared(secret.as_bytes().to_vec());
    let said = run(&site, "list --json").await;
    assert!(!said.results.contains(secret));
    let key = &said.json()[0];
    assert_eq!((&key["algorithm"], &key["state"]), (&"HS256".into(), &"active".into()));
    assert_eq!(key["created_at"], serde_json::Value::Null);
    for line in ["rotate", "retire k1"] {
        assert!(run(&site, line).await.failure().contains("jwt_secret_key"));
    }
    assert_eq!(site.store.key_ring().await.unwrap().0, 0);
}

#[tokio::test(start_paused = true)]
async fn another_algorithm_is_published_before_it_signs_and_refused_where_there_is_no_ring() {
    let site = with_ring().await;
    let (active, next) = (kid(&site, KeyState::Active).await, kid(&site, KeyState::Next).await);
    let said = run(&site, "rotate --algorithm EdDSA").await;
    let new = kid(&site, KeyState::Active).await;
    assert_eq!(said.success(), format!("Now signing with key {new} (EdDSA).\n"));
    assert!(new != active && new != next);
    assert_eq!(kid(&site, KeyState::Retiring).await, active);
    assert_eq!(kid(&site, KeyState::Retired).await, next);
    let said = run(&site, "rotate --algorithm EdDSA").await;
    assert!(said.success().contains("Now signing with key"));
    let (_, keys) = site.store.key_ring().await.unwrap();
    assert_eq!(keys.iter().filter(|key| key.algorithm == Algorithm::ES256).count(), 2);
}

#[tokio::test]
async fn keys_and_mails_are_sealed_under_the_new_secret() {
    let mut site = with_ring().await;
    let old = site.config.secret.clone();
    let id = MailId::from_bytes([3; 16]);
    let now = site.clock.now();
    let mail = OutgoingMail {
        id,
        kind: "verify address".to_owned(),
        user: None,
        recipient: "ada@example.org".to_owned(),
        sealed: mail::sealing_key(&old).seal(&id.to_string(), b"a link", &SystemEntropy).unwrap(),
        created_at: now,
        gives_up_at: now + std::time::Duration::from_secs(60),
    };
    site.store.enqueue_mail(&mail).await.unwrap();
    let new = SiteSecret::new([8; 32]).unwrap();
    site.config.secret = new.clone().with_previous(&old);
    let said = run(&site, "reseal").await;
    assert_eq!(said.success(), "Resealed with the current secret: 2 keys and 1 mail.\n");
    site.config.secret = new.clone();
    let said = run(&site, "reseal").await;
    assert_eq!(said.success(), "Resealed with the current secret: 0 keys and 0 mails.\n");
    run(&site, "rotate").await.success();
    let claimed = site.store.claim_mail("a", now, now + std::time::Duration::from_secs(1)).await;
    let sealed = claimed.unwrap().unwrap().mail.sealed;
    let opened = mail::sealing_key(&new).open(&id.to_string(), &sealed).unwrap();
    assert_eq!(&**opened, b"a link");
}
