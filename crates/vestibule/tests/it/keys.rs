//! The key ring: rotation signs nobody out, a leaked key does.

use std::time::Duration;

use vestibule::{
    Carrier, Config, Signing,
    core::{
        jws::Algorithm,
        ring::{self, KeyState},
        store::KeyStore as _,
    },
    rotation_policy,
};
use vestibule_testkit::{SeededEntropy, both_carriers, visitors::Visitor};

use crate::site::{SECRET, Site, part};

async fn with_algorithm(carrier: Carrier, configure: fn(&mut Config), name: &str) {
    let site = Site::configured(configure).await;
    site.add_user("anna").await;
    let visitor = site.signed_in(carrier).await;
    let header = part(&visitor.access_token().unwrap(), 0);
    assert_eq!(header["alg"], name);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(part(&visitor.refresh_token().unwrap(), 0)["typ"], "rt+jwt");
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    assert_eq!(visitor.refresh().await.status, 200);
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    let published = site.anonymous().get("/.well-known/jwks.json").await;
    assert_eq!(published.header("cache-control"), "public, max-age=300");
    let keys = published.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.iter().any(|key| key["kid"] == header["kid"]), name != "HS256");
    assert!(keys.iter().all(|key| key.get("d").is_none() && key.get("k").is_none()));
    assert_eq!(keys.len(), if name == "HS256" { 0 } else { 2 });
}

async fn es256(carrier: Carrier) {
    with_algorithm(carrier, |_| {}, "ES256").await;
}

async fn eddsa(carrier: Carrier) {
    with_algorithm(carrier, |config| config.signing = Signing::Ring(Algorithm::EdDSA), "EdDSA")
        .await;
}

async fn hs256(carrier: Carrier) {
    let shared = |config: &mut Config| config.signing = Signing::Shared(SECRET.to_vec());
    with_algorithm(carrier, shared, "HS256").await;
}

both_carriers!(es256, eddsa, hs256);

enum Move {
    Rotate,
    RetireActive,
}

/// Moves the ring in the store, as the command does.
async fn turn(site: &Site, how: Move) -> String {
    let config = site.auth.config();
    let (revision, keys) = site.store.inner().key_ring().await.unwrap();
    let policy = rotation_policy(Algorithm::ES256, &config.lifetimes);
    let sealing = config.secret.sealing_key();
    let entropy = SeededEntropy::new(revision + 100);
    let now = site.auth.now();
    let active = keys.iter().find(|key| key.state == KeyState::Active).unwrap().kid.clone();
    let turned = match how {
        Move::Rotate => ring::rotate(&keys, &policy, &sealing, &entropy, now),
        Move::RetireActive => ring::retire(&keys, &active, &policy, &sealing, &entropy, now),
    };
    let turned = turned.unwrap();
    assert!(site.store.inner().replace_key_ring(revision, &turned, now).await.unwrap());
    tokio::time::sleep(Duration::from_secs(1)).await;
    active
}

async fn status(site: &Site, token: &str) -> (u16, String) {
    let bearer = format!("Bearer {token}");
    site.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await.verdict()
}

/// Old tokens are good for their life, and no longer.
#[tokio::test(start_paused = true)]
async fn rotation_signs_nobody_out() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let app = site.app_of("anna").await;
    let old = app.access_token().unwrap();
    let before = turn(&site, Move::Rotate).await;
    assert_eq!(status(&site, &old).await.0, 200);
    app.refresh().await;
    let new = app.access_token().unwrap();
    assert_ne!(part(&new, 0)["kid"], before.as_str());
    assert_eq!(status(&site, &new).await.0, 200);
    site.pass(15 * 60 + 4);
    assert_eq!(status(&site, &old).await.0, 200);
    site.pass(1);
    assert_eq!(status(&site, &old).await, (401, "token_expired".to_owned()));
    site.pass(60);
    let (_, code) = status(&site, &old).await;
    assert!(code == "token_expired" || code == "token_invalid");
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.get("/api/thing").await.status, 200);
}

/// A leaked key is retired at once, its tokens with it; sessions go on by their refresh tokens.
#[tokio::test(start_paused = true)]
async fn a_retired_keys_tokens_are_refused() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let (app, browser) = (site.app_of("anna").await, site.browser_of("anna").await);
    assert_eq!(app.get("/api/thing").await.status, 200);
    turn(&site, Move::RetireActive).await;
    assert_eq!(app.get("/api/thing").await.verdict(), (401, "token_invalid".to_owned()));
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.get("/api/thing").await.status, 200);
    assert_eq!(browser.get("/api/thing").await.text(), "anna", "renewed in the same request");
    assert_eq!(site.row(&browser).await.generation, 2);
}

/// Other nodes sign with the same ring; one with another secret does not start.
#[tokio::test]
async fn nodes_share_the_ring() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let app = site.app_of("anna").await;
    let other = site.second_node().await;
    assert_eq!(status(&other, &app.access_token().unwrap()).await.0, 200);
    let secret = vestibule::SiteSecret::new(*b"quite another secret, also of 32 bytes").unwrap();
    let config = Config::new("Test site", crate::site::ORIGIN, secret).unwrap();
    let built = vestibule::Vestibule::builder(site.store.clone()).config(config).build().await;
    assert!(built.is_err());
}
