//! A store that goes back in time under a running node: restored from a backup, or a lagging replica that was
//! promoted.

use std::time::Duration;

use tokio::time::sleep;
use vestibule::{
    Carrier,
    core::{
        feed::Epoch,
        id::EpochId,
        session::EndReason,
        store::{Feed as _, SessionStore as _, UserStore as _},
        user::UserChange,
    },
};
use vestibule_testkit::visitors::Visitor;

use crate::site::Site;

/// Longer than until the next look.
const A_LOOK: Duration = Duration::from_millis(600);

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

/// After three ends that are lost the store gives their numbers out again.
async fn hears_ends_after_it_went_back(carrier: Carrier, later_ends: usize) {
    let site = site().await;
    let mut visitors = Vec::new();
    for _ in 0..8 {
        visitors.push(site.signed_in(carrier).await);
    }
    let (lost, rest) = visitors.split_at(3);
    let (later, stays) = rest.split_at(later_ends);
    let mut lost_ids = Vec::new();
    let backup = site.store.inner().backup();
    for visitor in lost {
        lost_ids.push(site.row(&**visitor).await.id);
        end_elsewhere(&site, &**visitor).await;
    }
    sleep(A_LOOK).await;
    site.pass(5);
    site.store.inner().restore(&backup);
    for visitor in later {
        end_elsewhere(&site, &**visitor).await;
    }
    sleep(A_LOOK).await;
    for visitor in later.iter().chain(lost) {
        let answer = visitor.get("/api/thing").await;
        assert_eq!(answer.verdict(), (401, "token_revoked".to_owned()));
    }
    assert!(!site.auth.has_lost_feed(), "everything was read again");
    for id in lost_ids {
        let row = site.store.session(id).await.unwrap().unwrap();
        assert!(row.end.is_some(), "what the store has lost was ended again");
    }
    for visitor in stays {
        if carrier == Carrier::Header {
            let answer = visitor.get("/api/thing").await;
            assert_eq!(answer.verdict(), (401, "token_expired".to_owned()));
            assert_eq!(visitor.refresh().await.status, 200);
        }
        assert_eq!(visitor.get("/api/thing").await.status, 200, "renewed in passing");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_is_heard_from_a_store_that_went_back() {
    for carrier in [Carrier::Header, Carrier::Cookie] {
        hears_ends_after_it_went_back(carrier, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn ends_are_heard_from_a_store_that_went_back_and_has_passed_the_known_entry_since() {
    for carrier in [Carrier::Header, Carrier::Cookie] {
        hears_ends_after_it_went_back(carrier, 3).await;
        hears_ends_after_it_went_back(carrier, 4).await;
    }
}

/// A version that the store gives out a second time is no reason to renew for ever.
#[tokio::test(start_paused = true)]
async fn versions_of_users_count_anew_in_a_store_that_went_back() {
    let site = site().await;
    let user = site.add_user("bert").await;
    let app = site.app_of("bert").await;
    let backup = site.store.inner().backup();
    for is_super_user in [true, false] {
        let change = UserChange { is_super_user: Some(is_super_user), ..UserChange::default() };
        let changed = site.store.inner().change_user(user.id, &change, site.auth.now()).await;
        assert!(changed.unwrap().unwrap().is_ok());
    }
    sleep(A_LOOK).await;
    assert_eq!(app.refresh().await.status, 200);
    site.pass(5);
    site.store.inner().restore(&backup);
    sleep(A_LOOK).await;
    assert_eq!(app.get("/api/thing").await.verdict(), (401, "token_expired".to_owned()));
    let again = site.app_of("bert").await;
    assert_eq!(again.get("/api/thing").await.status, 200);
    assert_eq!(again.refresh().await.status, 200);
    assert_eq!(again.get("/api/thing").await.status, 200);
}

/// Nothing was lost, but somebody has said that the store was put back: tokens from before are renewed, also
/// on a node that starts later.
#[tokio::test(start_paused = true)]
async fn in_a_new_epoch_tokens_from_before_are_renewed() {
    let site = site().await;
    let app = site.app_of("anna").await;
    site.pass(5);
    let epoch = Epoch { id: EpochId::from_bytes([9; 16]), began_at: site.auth.now() };
    site.store.begin_epoch(epoch).await.unwrap();
    sleep(A_LOOK).await;
    let other = site.second_node().await;
    let bearer = format!("Bearer {}", app.access_token().unwrap());
    for node in [&site, &other] {
        let answer = node.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await;
        assert_eq!(answer.verdict(), (401, "token_expired".to_owned()));
    }
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.get("/api/thing").await.status, 200);
}

/// An application sees to a store that it has put back.
#[tokio::test(start_paused = true)]
async fn after_a_restore_nothing_from_before_is_good() {
    for shared in [false, true] {
        let site = Site::configured(|config| {
            if shared {
                config.signing = vestibule::Signing::Shared(crate::site::SECRET.to_vec());
            }
        })
        .await;
        site.add_user("anna").await;
        let app = site.app_of("anna").await;
        let id = site.row(&app).await.id;
        site.pass(5);
        let (store, now) = (site.store.inner(), site.auth.now());
        let entropy = vestibule_testkit::SeededEntropy::new(9);
        let ended = vestibule::after_restore(store, site.auth.config(), &entropy, now).await;
        assert_eq!(ended.unwrap(), [id]);
        sleep(A_LOOK).await;
        assert_eq!(app.get("/api/thing").await.status, 401);
        assert_eq!(app.refresh().await.verdict(), (401, "session_ended".to_owned()));
        let again = site.app_of("anna").await;
        assert_eq!(again.get("/api/thing").await.status, 200);
    }
}
