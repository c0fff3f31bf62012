//! Several nodes over one store: what one of them ends, all refuse.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::{sync::Notify, time::sleep};
use vestibule::{
    Carrier,
    core::{
        session::EndReason,
        store::{FeedNotifier, Leases as _, SessionStore as _},
    },
};
use vestibule_testkit::{FakeClock, visitors::Visitor};

use crate::site::Site;

/// A bell in this process.
#[derive(Clone, Default)]
struct Bell {
    rung: Arc<AtomicU64>,
    wake: Arc<Notify>,
}

#[async_trait]
impl FeedNotifier for Bell {
    async fn notify(&self) {
        self.rung.fetch_add(1, Ordering::SeqCst);
        self.wake.notify_one();
    }

    async fn notified(&self) {
        self.wake.notified().await;
    }

    fn is_connected(&self) -> bool {
        true
    }
}

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

/// Ends a session behind this node's back.
async fn end_elsewhere(site: &Site, visitor: &dyn Visitor) {
    let id = site.row(visitor).await.id;
    let inner = site.store.inner();
    assert!(inner.end_session(id, EndReason::EndedByAdmin, site.auth.now()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_notifier_is_faster_than_the_next_look() {
    let bell = Bell::default();
    let site = Site::built(|_| {}, |builder| builder.feed_notifier(bell.clone())).await;
    site.add_user("anna").await;
    let app = site.app_of("anna").await;
    // Just after a look, so that the next one is far away.
    sleep(Duration::from_millis(501)).await;
    end_elsewhere(&site, &app).await;
    assert_eq!(app.get("/api/thing").await.status, 200, "nobody has told yet");
    bell.notify().await;
    sleep(Duration::from_millis(1)).await;
    assert_eq!(app.get("/api/thing").await.verdict(), (401, "token_revoked".to_owned()));
}

#[tokio::test]
async fn whatever_ends_a_session_or_changes_a_user_tells_the_others() {
    let bell = Bell::default();
    let site = Site::built(|_| {}, |builder| builder.feed_notifier(bell.clone())).await;
    let user = site.add_user("anna").await;
    let rung = || bell.rung.swap(0, Ordering::SeqCst);
    let app = site.app_of("anna").await;
    assert_eq!(rung(), 0, "a sign-in ends nothing");
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(rung(), 0, "a renewal ends nothing");
    let fresh = site.app_of("anna").await;
    assert_eq!(fresh.delete("/api/auth/sessions").await.status, 204);
    assert_eq!(rung(), 1, "ending others");
    assert_eq!(fresh.sign_out().await.status, 204);
    assert_eq!(rung(), 1, "signing out");
    let change = vestibule::core::user::UserChange {
        is_super_user: Some(true),
        ..vestibule::core::user::UserChange::default()
    };
    site.auth.change_user(user.id, change).await.unwrap();
    assert_eq!(rung(), 1, "changing roles");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_knows_what_one_has_ended_whose_clock_is_behind() {
    let site = site().await;
    let app = site.app_of("anna").await;
    assert_eq!(app.sign_out().await.status, 204);
    // Two hours later by its own clock, and a moment later in truth.
    let ahead = Arc::new(FakeClock::at(site.auth.now() + Duration::from_secs(2 * 3600)));
    let config = site.auth.config().clone();
    let ahead = Site::on(site.store.clone(), ahead, |own| *own = config, |builder| builder).await;
    let bearer = format!("Bearer {}", app.access_token().unwrap());
    let answer = ahead.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await;
    assert_eq!(answer.verdict(), (401, "token_revoked".to_owned()));
}

/// Within the bound verification goes on without the store; beyond, it is asked; and nobody is let in on
/// what may be outdated.
async fn a_lost_feed_asks_the_store(carrier: Carrier) {
    let site = site().await;
    let (visitor, ended) = (site.signed_in(carrier).await, site.signed_in(carrier).await);
    site.store.set_feed_down(true);
    end_elsewhere(&site, &*ended).await;
    sleep(Duration::from_secs(4)).await;
    assert!(!site.auth.has_lost_feed());
    let calls = site.store.calls();
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    assert_eq!(site.store.calls(), calls, "nothing is asked within the bound");

    sleep(Duration::from_secs(2)).await;
    assert!(site.auth.has_lost_feed());
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    assert!(site.store.calls() > calls);
    assert_eq!(ended.get("/api/thing").await.verdict(), (401, "token_revoked".to_owned()));

    // Now the store is away altogether.
    site.store.set_down(true);
    let held = (visitor.access_token(), visitor.refresh_token());
    let answer = visitor.get("/api/thing").await;
    assert_eq!(answer.verdict(), (503, "unavailable".to_owned()));
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!((visitor.access_token(), visitor.refresh_token()), held);

    site.store.set_down(false);
    site.store.set_feed_down(false);
    sleep(Duration::from_secs(1)).await;
    assert!(!site.auth.has_lost_feed());
    let calls = site.store.calls();
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    assert_eq!(site.store.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_lost_feed_asks_the_store_by_cookie() {
    a_lost_feed_asks_the_store(Carrier::Cookie).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_feed_asks_the_store_by_header() {
    a_lost_feed_asks_the_store(Carrier::Header).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_feed_lets_nobody_in_where_that_is_wanted() {
    let site = Site::configured(|config| config.feed_strict = true).await;
    site.add_user("anna").await;
    let app = site.app_of("anna").await;
    site.store.set_feed_down(true);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(app.get("/api/thing").await.verdict(), (503, "unavailable".to_owned()));
    assert_eq!(site.anonymous().get("/api/thing").await.status, 401, "nobody is still nobody");
    site.store.set_feed_down(false);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(app.get("/api/thing").await.status, 200);
}

/// Roles that were taken away while the feed is lost.
#[tokio::test(start_paused = true)]
async fn a_lost_feed_reads_the_users_version() {
    use vestibule::core::{store::UserStore as _, user::UserChange};
    let site = Site::new().await;
    let user = site.add_user("anna").await;
    let app = site.app_of("anna").await;
    site.store.set_feed_down(true);
    let change = UserChange { is_super_user: Some(true), ..UserChange::default() };
    let changed = site.store.inner().change_user(user.id, &change, site.auth.now()).await;
    assert!(changed.unwrap().unwrap().is_ok());
    sleep(Duration::from_secs(6)).await;
    assert_eq!(app.get("/api/thing").await.verdict(), (401, "token_expired".to_owned()));
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.get("/api/thing").await.status, 200);
}

/// One node at a time removes what is old, and another goes on where that one has died.
#[tokio::test(start_paused = true)]
async fn one_node_at_a_time_cleans_up() {
    const HOUR: u64 = 3600;
    let site = site().await;
    let other = site.second_node().await;
    let app = site.app_of("anna").await;
    assert_eq!(app.sign_out().await.status, 204);
    site.pass(40 * 24 * HOUR);
    let session = site.row(&app).await.id;
    let (now, store) = (site.auth.now(), site.store.inner());
    let a_day = Duration::from_secs(24 * HOUR);
    assert!(store.take_lease("purge", "one that was killed", now, now + a_day).await.unwrap());
    sleep(Duration::from_secs(2 * HOUR)).await;
    assert!(store.session(session).await.unwrap().is_some(), "left to whoever holds the lease");
    site.pass(24 * HOUR);
    sleep(a_day).await;
    assert!(store.session(session).await.unwrap().is_none());
    let (now, soon) = (site.auth.now(), site.auth.now() + Duration::from_secs(60));
    assert!(!store.take_lease("purge", "a third", now, soon).await.unwrap(), "held");
    site.auth.flush().await;
    other.auth.flush().await;
    assert!(store.take_lease("purge", "a third", now, soon).await.unwrap(), "given back");
}
