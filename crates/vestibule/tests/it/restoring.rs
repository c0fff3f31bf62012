//! Taking back that one deleted one's account.

use serde_json::json;
use vestibule::{
    Carrier,
    core::{
        deletion::GRACE,
        store::UserStore as _,
        user::{UserChange, UserStatus},
    },
};
use vestibule_testkit::{
    both_carriers,
    visitors::{Answer, Visitor},
};

use crate::site::{PASSWORD, Site, login_body};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

fn transport(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Cookie => "cookie",
        Carrier::Header => "header",
    }
}

async fn ask(site: &Site, carrier: Carrier, path: &str, password: &str) -> Answer {
    let body = login_body("anna", password, transport(carrier));
    site.browser().post_json(path, body).await
}

async fn restore(site: &Site, carrier: Carrier) -> Answer {
    ask(site, carrier, "/api/auth/restore", PASSWORD).await
}

async fn an_owner_takes_it_back_and_is_signed_in(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    assert_eq!(visitor.delete("/api/user").await.status, 204);
    let before = site.store.inner().user(vestibule::core::id::UserId(1)).await.unwrap().unwrap();
    let refused = ask(&site, carrier, "/api/auth/login", PASSWORD).await;
    assert_eq!(refused.verdict(), (401, "invalid_credentials".to_owned()), "not by signing in");
    let answer = restore(&site, carrier).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["user"]["status"], "active");
    assert_eq!(answer.json()["access_token"].is_string(), carrier == Carrier::Header);
    let after = site.store.inner().user(before.id).await.unwrap().unwrap();
    assert_eq!((after.status, after.deletion), (UserStatus::Active, None));
    assert_eq!(after.version, before.version + 1, "no token from before is good again");
    assert_eq!(site.living_sessions(&after).await, 1);
    assert_eq!(visitor.get("/api/auth/me").await.status, 401);
    let told = ["deleted", "restored"].map(|what| (what, "anna".to_owned()));
    assert_eq!(site.told.all(), told);
    // Whoever asks once more, since the answer was lost, is signed in.
    assert_eq!(restore(&site, carrier).await.status, 200);
    assert_eq!(site.told.all(), told);
    assert_eq!(ask(&site, carrier, "/api/auth/login", PASSWORD).await.status, 200);
}

async fn after_its_time_nobody_takes_it_back(carrier: Carrier) {
    let site = site().await;
    assert_eq!(site.signed_in(carrier).await.delete("/api/user").await.status, 204);
    site.pass(GRACE.as_secs());
    let answer = restore(&site, carrier).await;
    assert_eq!(answer.verdict(), (401, "invalid_credentials".to_owned()));
    let id = vestibule::core::id::UserId(1);
    let refused = site.auth.set_status(id, UserStatus::Active).await.unwrap_err();
    assert_eq!(refused.code.name(), "conflict", "nor do those who run the site");
}

async fn what_those_who_run_the_site_decided_stays(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let id = vestibule::core::id::UserId(1);
    assert_eq!(visitor.delete("/api/user").await.status, 204);
    site.auth.set_status(id, UserStatus::Deleted).await.unwrap();
    let answer = restore(&site, carrier).await;
    assert_eq!(answer.verdict(), (401, "invalid_credentials".to_owned()));
    let back = site.auth.set_status(id, UserStatus::Active).await.unwrap().unwrap();
    assert_eq!(back.status, UserStatus::Active);
    assert_eq!(site.told.all().last(), Some(&("restored", "anna".to_owned())));
    assert_eq!(restore(&site, carrier).await.status, 200);
}

async fn tries_are_counted_with_the_sign_ins(carrier: Carrier) {
    let site = site().await;
    assert_eq!(site.signed_in(carrier).await.delete("/api/user").await.status, 204);
    for _ in 0..5 {
        for path in ["/api/auth/login", "/api/auth/restore"] {
            assert_eq!(ask(&site, carrier, path, "wrong").await.status, 401);
        }
    }
    assert_eq!(restore(&site, carrier).await.status, 429);
    site.pass(15 * 60);
    assert_eq!(restore(&site, carrier).await.status, 200);
}

async fn an_unverified_address_is_told_once_it_is_back(carrier: Carrier) {
    let site = Site::configured(|config| config.require_verified_email = true).await;
    let anna = site.add_user("anna").await;
    let change = UserChange {
        status: Some(UserStatus::Deleted),
        by: vestibule::core::deletion::Actor::Owner,
        ..UserChange::default()
    };
    site.auth.change_standing(anna.id, change).await.unwrap();
    let answer = restore(&site, carrier).await;
    assert_eq!(answer.verdict(), (403, "email_unverified".to_owned()));
    let anna = site.store.inner().user(anna.id).await.unwrap().unwrap();
    assert_eq!(anna.status, UserStatus::Active);
}

#[tokio::test]
async fn a_page_from_elsewhere_takes_nothing_back() {
    let site = site().await;
    assert_eq!(site.signed_in(Carrier::Cookie).await.delete("/api/user").await.status, 204);
    for (carrier, origin) in
        [(Carrier::Cookie, "https://evil.test"), (Carrier::Header, "https://evil.test")]
    {
        let body = login_body("anna", PASSWORD, transport(carrier));
        let mut request = vestibule_testkit::visitors::request(
            http::Method::POST,
            "/api/auth/restore",
            Some(&body),
        );
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let answer = site.anonymous().send(request).await;
        assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()));
    }
    let wrong = site.anonymous().post_json("/api/auth/restore", &json!({ "login": "anna" })).await;
    assert_eq!(wrong.status, 422);
}

both_carriers!(
    an_owner_takes_it_back_and_is_signed_in,
    after_its_time_nobody_takes_it_back,
    what_those_who_run_the_site_decided_stays,
    tries_are_counted_with_the_sign_ins,
    an_unverified_address_is_told_once_it_is_back,
);
