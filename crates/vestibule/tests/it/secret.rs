//! The site's secret: held against the store at every start, and replaced without signing anybody out.

use std::sync::Arc;

use vestibule::{
    BuildError, Carrier, Signing, SiteSecret, Vestibule, check_secret,
    core::{
        ring::KeyState,
        secret::MadeUnder,
        store::{KeyStore as _, SiteValues as _},
    },
    reseal,
};
use vestibule_testkit::{SeededEntropy, both_carriers};

use crate::site::{SECRET, Site, holder, refresh_at};

const NEW: &[u8] = b"quite another secret, also of 32 bytes";

fn new() -> SiteSecret {
    SiteSecret::new(NEW).unwrap()
}

fn old() -> SiteSecret {
    SiteSecret::new(SECRET).unwrap()
}

/// The same site after a restart with another secret.
async fn restarted(site: &Site, secret: SiteSecret) -> Result<Vestibule, BuildError> {
    let config = vestibule::Config { secret, ..site.auth.config().clone() };
    Vestibule::builder(site.store.clone()).config(config).build().await
}

async fn node(site: &Site, secret: SiteSecret) -> Site {
    let config = vestibule::Config { secret, ..site.auth.config().clone() };
    let clock = Arc::clone(&site.clock);
    Site::on(site.store.clone(), clock, |own| *own = config, |builder| builder).await
}

#[tokio::test]
async fn a_node_with_another_secret_does_not_start() {
    for signing in [None, Some(Signing::Shared(SECRET.to_vec()))] {
        let site = Site::configured(|config| {
            if let Some(signing) = signing {
                config.signing = signing;
            }
        })
        .await;
        let refused = restarted(&site, new()).await.err().unwrap();
        assert!(refused.to_string().starts_with("SECRET_KEY does not match this database."));
        assert!(restarted(&site, old()).await.is_ok());
        assert!(restarted(&site, new().with_previous(&old())).await.is_ok());
        assert!(restarted(&site, old().with_previous(&new())).await.is_ok());
    }
}

/// A database from before there was a check: what is sealed in it tells.
#[tokio::test]
async fn a_store_without_a_check_gets_one_where_the_secret_opens_what_is_sealed_there() {
    let site = Site::new().await;
    let store = vestibule::MemoryStore::new();
    let (_, keys) = site.store.inner().key_ring().await.unwrap();
    assert!(store.replace_key_ring(0, &keys, site.auth.now()).await.unwrap());
    let entropy = SeededEntropy::default();
    assert!(check_secret(&store, &new(), &entropy).await.is_err());
    assert_eq!(store.site_value("secret check").await.unwrap(), None, "nothing was written");
    assert_eq!(check_secret(&store, &old(), &entropy).await.unwrap(), MadeUnder::Present);
    assert!(store.site_value("secret check").await.unwrap().is_some());
    assert!(check_secret(&store, &new(), &entropy).await.is_err());
}

/// What was signed before goes on, and after sealing anew the old secret is not needed for what lies in the
/// store.
async fn replacing_it_signs_nobody_out(carrier: Carrier) {
    let site = Site::new().await;
    site.add_user("anna").await;
    let visitor = site.signed_in(carrier).await;
    let both = new().with_previous(&old());
    let after = node(&site, both.clone()).await;
    let moved = after.visitor(carrier);
    moved.hold(visitor.access_token().as_deref(), visitor.refresh_token().as_deref());
    assert_eq!(moved.get("/api/thing").await.status, 200);
    // By the refresh token of before, and in a browser with the CSRF value of before.
    let (refresh, csrf) = (visitor.refresh_token().unwrap(), site.csrf_of(&*visitor));
    after.outlive_access();
    let renewed = refresh_at(after.transport(), carrier, &refresh, csrf).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let moved = holder(&after, carrier, &renewed);
    assert_eq!(moved.get("/api/thing").await.status, 200);

    assert!(restarted(&site, new()).await.is_err(), "the ring is under the old secret still");
    let (store, entropy) = (site.store.inner(), SeededEntropy::new(99));
    assert_eq!(reseal(store, &both, &entropy, site.auth.now()).await.unwrap(), 2);
    assert_eq!(reseal(store, &both, &entropy, site.auth.now()).await.unwrap(), 0);
    assert!(restarted(&site, old()).await.is_err());
    let alone = node(&site, new()).await;
    let (refresh, csrf) = (moved.refresh_token().unwrap(), after.csrf_of(&*moved));
    let renewed = refresh_at(alone.transport(), carrier, &refresh, csrf).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let last = holder(&alone, carrier, &renewed);
    assert_eq!(last.get("/api/thing").await.status, 200);
    let (_, keys) = store.key_ring().await.unwrap();
    assert!(keys.iter().all(|key| key.state != KeyState::Retired), "the keys are the same");
}

both_carriers!(replacing_it_signs_nobody_out);
