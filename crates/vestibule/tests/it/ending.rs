//! The end of sessions: at once, for good, for every token of them.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use vestibule::{
    Carrier,
    core::{
        session::EndReason,
        store::{SessionSelection, SessionStore as _, UserStore as _},
        user::UserStatus,
    },
};
use vestibule_testkit::{
    both_carriers,
    visitors::{Visitor, request, with},
};

use crate::site::{ORIGIN, PASSWORD, Site, refresh_at};

const OTHER: &str = "nine purple kettles";

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

/// Neither token of these is good for anything any more.
async fn is_over(site: &Site, carrier: Carrier, access: &str, refresh: &str, csrf: Option<String>) {
    let (name, value) = match carrier {
        Carrier::Header => ("authorization", format!("Bearer {access}")),
        Carrier::Cookie => ("cookie", format!("__Host-access={access}; __Host-refresh={refresh}")),
    };
    let answer = site.anonymous().get_with("/api/thing", &[(name, &value)]).await;
    assert_eq!(answer.verdict(), (401, "token_revoked".to_owned()));
    let answer = refresh_at(site.transport(), carrier, refresh, csrf).await;
    assert_eq!(answer.verdict(), (401, "session_ended".to_owned()));
}

struct Held {
    carrier: Carrier,
    access: String,
    refresh: String,
    csrf: Option<String>,
}

impl Held {
    fn by(site: &Site, visitor: &dyn Visitor) -> Self {
        Self {
            carrier: visitor.carrier(),
            access: visitor.access_token().unwrap(),
            refresh: visitor.refresh_token().unwrap(),
            csrf: site.csrf_of(visitor),
        }
    }

    async fn is_over(&self, site: &Site) {
        is_over(site, self.carrier, &self.access, &self.refresh, self.csrf.clone()).await;
    }
}

/// What was planted before the sign-in is worth nothing after it.
#[tokio::test]
async fn a_planted_session_is_not_the_one_that_signs_in() {
    let site = site().await;
    site.add_user("mallory").await;
    let mallory = site.browser_of("mallory").await;
    let planted = Held::by(&site, &mallory);
    let victim = mallory.copy();
    assert_eq!(victim.sign_in("anna", PASSWORD).await.status, 200);
    assert_ne!(victim.access_token().unwrap(), planted.access);
    assert_ne!(victim.refresh_token().unwrap(), planted.refresh);
    assert_ne!(victim.csrf(), mallory.csrf());
    assert_eq!(victim.get("/api/thing").await.text(), "anna");
    planted.is_over(&site).await;

    let garbage = site.browser();
    for name in ["__Host-access", "__Host-refresh", "__Host-csrf", "__Host-visitor"] {
        garbage.jar().plant(name, "planted");
    }
    assert_eq!(garbage.sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(garbage.post_json("/api/thing", json!({})).await.text(), "anna");
}

/// A sign-in takes the place of the browser's session; an app's sign-ins stand side by side.
#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let site = site().await;
    let anna = site.auth.users().user(vestibule::core::id::UserId(1)).await.unwrap().unwrap();
    site.add_user("bert").await;
    for name in ["anna", "bert"] {
        let browser = site.browser_of("anna").await;
        let before = Held::by(&site, &browser);
        let row = site.row(&browser).await;
        assert_eq!(browser.sign_in(name, PASSWORD).await.status, 200);
        before.is_over(&site).await;
        let ended = site.store.inner().session(row.id).await.unwrap().unwrap();
        assert_eq!(ended.end.unwrap().reason, EndReason::Replaced);
        assert_eq!(browser.get("/api/thing").await.text(), name);
        browser.sign_out().await;
    }
    assert_eq!(site.living_sessions(&anna).await, 0);
    site.app_of("anna").await;
    site.app_of("anna").await;
    assert_eq!(site.living_sessions(&anna).await, 2);
}

/// On the page: the same.
#[tokio::test]
async fn the_page_does_so_too() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let before = Held::by(&site, &browser);
    browser.navigate("/auth/login").await;
    let answer = browser.submit("/auth/login", &[("login", "anna"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303);
    before.is_over(&site).await;
    assert_eq!(browser.get("/api/thing").await.text(), "anna");
}

async fn signing_out_ends_it_at_once_and_can_be_repeated(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let held = Held::by(&site, &*visitor);
    let answer = visitor.sign_out().await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    held.is_over(&site).await;
    if carrier == Carrier::Cookie {
        assert_eq!(visitor.access_token(), None);
        assert_eq!(answer.set_cookies().len(), 3);
    }
    assert_eq!(visitor.sign_out().await.status, 204);
    // An app that never noticed repeats it with the tokens that it still holds, either of them.
    if carrier == Carrier::Header {
        visitor.hold(Some(&held.refresh), None);
        assert_eq!(visitor.sign_out().await.status, 204);
    }
    held.is_over(&site).await;
}

async fn an_expired_session_can_still_be_signed_out(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let held = Held::by(&site, &*visitor);
    let row = site.row(&*visitor).await;
    site.outlive_access();
    if carrier == Carrier::Header {
        visitor.hold(Some(&held.refresh), None);
    }
    assert_eq!(visitor.sign_out().await.status, 204);
    assert_eq!(site.store.advances(), 0, "nobody has to be renewed to leave");
    let row = site.store.inner().session(row.id).await.unwrap().unwrap();
    assert_eq!(row.end.unwrap().reason, EndReason::SignedOut);
}

/// The refresh that was on its way when the person signed out brings nothing back.
async fn a_late_refresh_revives_nothing(carrier: Carrier) {
    let site = site().await;
    for _ in 0..10 {
        let visitor = site.signed_in(carrier).await;
        let held = Held::by(&site, &*visitor);
        let refresh = visitor.lose(Method::POST, "/api/auth/refresh", None);
        let sign_out = visitor.lose(Method::POST, "/api/auth/logout", None);
        let (refreshed, signed_out) = tokio::join!(refresh, sign_out);
        assert_eq!(signed_out.status, 204);
        if refreshed.status == 200 {
            let late = crate::site::holder(&site, carrier, &refreshed);
            assert_eq!(late.get("/api/thing").await.verdict().1, "token_revoked");
            assert_eq!(late.refresh().await.status, 401);
        } else {
            assert_eq!(refreshed.verdict(), (401, "session_ended".to_owned()));
        }
        held.is_over(&site).await;
    }
}

/// On another node: within the half second of its tick.
#[tokio::test(start_paused = true)]
async fn another_node_knows_within_a_tick() {
    let site = site().await;
    let other = site.second_node().await;
    let app = site.app_of("anna").await;
    let bearer = format!("Bearer {}", app.access_token().unwrap());
    let there = async || {
        other.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await.verdict()
    };
    assert_eq!(there().await.0, 200);
    app.sign_out().await;
    tokio::time::sleep(Duration::from_millis(501)).await;
    assert_eq!(there().await, (401, "token_revoked".to_owned()));
}

/// A node that starts later has the ends of before in memory.
#[tokio::test]
async fn a_node_that_starts_later_knows() {
    let site = site().await;
    let app = site.app_of("anna").await;
    let held = Held::by(&site, &app);
    app.sign_out().await;
    held.is_over(&site.second_node().await).await;
}

/// Cookies that cannot be read: whoever asks to be signed out from our own page gets that.
#[tokio::test]
async fn unreadable_cookies_are_cleared_on_request_only() {
    let site = site().await;
    let browser = site.browser();
    browser.hold(Some("damaged"), Some("damaged"));
    let answer = browser.get("/api/thing").await;
    assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()));
    assert_eq!(answer.set_cookies(), Vec::<&str>::new(), "not known to be over");
    let foreign =
        with(request(Method::POST, "/api/auth/logout", None), "origin", "https://evil.test");
    assert_eq!(browser.send(foreign).await.status, 403);
    assert_eq!(browser.sign_out().await.status, 204);
    assert_eq!(browser.jar().header("/"), None);
}

async fn a_suspended_account_is_out_at_once(carrier: Carrier) {
    for status in [UserStatus::Suspended, UserStatus::Deleted] {
        let site = site().await;
        let user = site.auth.users().user(vestibule::core::id::UserId(1)).await.unwrap().unwrap();
        let visitor = site.signed_in(carrier).await;
        let held = Held::by(&site, &*visitor);
        site.auth.set_status(user.id, status).await.unwrap();
        held.is_over(&site).await;
        let answer = visitor.sign_in("anna", PASSWORD).await;
        assert_eq!(answer.verdict(), (401, "invalid_credentials".to_owned()));
        if status == UserStatus::Suspended {
            site.auth.set_status(user.id, UserStatus::Active).await.unwrap();
            held.is_over(&site).await;
            assert_eq!(visitor.sign_in("anna", PASSWORD).await.status, 200);
        }
    }
}

async fn a_deleted_name_is_not_given_out_again(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let held = Held::by(&site, &*visitor);
    let answer = visitor.delete("/api/user").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    held.is_over(&site).await;
    if carrier == Carrier::Cookie {
        assert_eq!(visitor.access_token(), None);
    }
    assert_eq!(site.told.all(), [("deleted", "anna".to_owned())]);
    let again = json!({ "username": "Anna", "email": "new@example.org", "password": OTHER });
    let answer = site.anonymous().post_json("/api/auth/register", &again).await;
    assert_eq!(answer.verdict(), (409, "conflict".to_owned()));
}

async fn an_administrator_ends_all(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let held = Held::by(&site, &*visitor);
    let ended =
        site.auth.end_sessions(SessionSelection::All, EndReason::EndedByAdmin).await.unwrap();
    assert_eq!(ended.len(), 1);
    held.is_over(&site).await;
}

async fn a_new_password_ends_the_other_sessions(carrier: Carrier) {
    let site = site().await;
    let (browser, app) = (site.browser_of("anna").await, site.app_of("anna").await);
    let others = [Held::by(&site, &browser), Held::by(&site, &app)];
    let visitor = site.signed_in(carrier).await;
    let before = Held::by(&site, &*visitor);
    let change = json!({ "current": PASSWORD, "new": OTHER });
    let answer = visitor.put_json("/api/auth/password", change).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["access_token"].is_string(), carrier == Carrier::Header);
    for other in &others {
        other.is_over(&site).await;
    }
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    assert_ne!(visitor.refresh_token().unwrap(), before.refresh, "rotated");
    // What was copied while the password was another one.
    let thief = site.app();
    thief.hold(Some(&before.access), None);
    assert_eq!(thief.get("/api/thing").await.verdict(), (401, "token_expired".to_owned()));
    let renew_the_copy = async || {
        let csrf = before.csrf.clone();
        refresh_at(site.transport(), carrier, &before.refresh, csrf).await.verdict()
    };
    assert_eq!(renew_the_copy().await, (401, "token_invalid".to_owned()));
    assert_eq!(visitor.refresh().await.status, 200, "which is no theft");
    site.clock.advance(Duration::from_secs(3_600));
    assert_eq!(renew_the_copy().await, (401, "token_invalid".to_owned()));
    assert_eq!(visitor.refresh().await.status, 200, "nor is it later");
    assert_eq!(site.told.all(), [("password changed", "anna".to_owned())]);
    assert_eq!(site.app().sign_in("anna", PASSWORD).await.status, 401);
    assert_eq!(site.app().sign_in("anna", OTHER).await.status, 200);
}

async fn a_refused_change_ends_nothing(carrier: Carrier) {
    let site = site().await;
    let app = site.app_of("anna").await;
    let visitor = site.signed_in(carrier).await;
    for (current, new, verdict) in [
        ("wrong", OTHER, (401, "invalid_credentials")),
        (PASSWORD, "short", (422, "invalid_input")),
        (PASSWORD, "", (422, "invalid_input")),
        (PASSWORD, "anna anna anna anna", (422, "invalid_input")),
    ] {
        let change = json!({ "current": current, "new": new });
        let answer = visitor.put_json("/api/auth/password", change).await;
        assert_eq!(answer.verdict(), (verdict.0, verdict.1.to_owned()), "{new}");
    }
    assert_eq!(app.get("/api/thing").await.status, 200);
    assert_eq!(site.app().sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(site.told.all(), []);
}

async fn one_of_ones_own_sessions_can_be_ended(carrier: Carrier) {
    let site = site().await;
    site.add_user("bert").await;
    let (browser, app) = (site.browser_of("anna").await, site.app_of("anna").await);
    let berts = site.row(&site.app_of("bert").await).await.id;
    let visitor = site.signed_in(carrier).await;
    let list = visitor.get("/api/auth/sessions").await.json();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1);

    let held = Held::by(&site, &browser);
    let id = site.row(&browser).await.id;
    for _ in 0..2 {
        let answer = visitor.delete(&format!("/api/auth/sessions/{id}")).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0), "also when repeated");
    }
    held.is_over(&site).await;
    let unknown = vestibule::core::id::SessionId::from_bytes([9; 16]);
    for id in [berts.to_string(), unknown.to_string(), "x".to_owned(), "..".to_owned()] {
        let answer = visitor.delete(&format!("/api/auth/sessions/{id}")).await;
        assert_eq!(answer.verdict(), (404, "not_found".to_owned()), "{id}");
    }
    let held = Held::by(&site, &app);
    assert_eq!(visitor.delete("/api/auth/sessions").await.status, 204);
    held.is_over(&site).await;
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    assert_eq!(site.store.inner().session(berts).await.unwrap().unwrap().end, None);

    let list = visitor.get("/api/auth/sessions").await.json();
    let reason = |id: &str| {
        let sessions = list["sessions"].as_array().unwrap().iter();
        sessions.filter(|session| session["id"] == id).map(|s| s["end_reason"].clone()).next()
    };
    assert_eq!(reason(&id.to_string()), Some(Value::from("ended_by_user")));

    site.pass(601);
    let stale = visitor.delete("/api/auth/sessions").await;
    assert_eq!(stale.verdict(), (401, "fresh_token_required".to_owned()));
}

/// An end is known without asking the store: the check of a request is a look-up in memory.
async fn no_store_is_asked_on_the_way_of_a_request(carrier: Carrier) {
    let site = site().await;
    let (visitor, other) = (site.signed_in(carrier).await, site.signed_in(carrier).await);
    let held = Held::by(&site, &*other);
    other.sign_out().await;
    let calls = site.store.calls();
    for _ in 0..10 {
        assert_eq!(visitor.get("/api/thing").await.status, 200);
        assert_eq!(visitor.post_json("/api/secret", json!({})).await.status, 200);
        let bearer = format!("Bearer {}", held.access);
        let answer = site.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(site.store.calls(), calls);
}

#[tokio::test]
async fn a_page_signs_out_from_our_own_page_only() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let post = with(request(Method::POST, "/api/auth/logout", None), "origin", ORIGIN);
    assert_eq!(browser.send(post).await.verdict(), (403, "csrf_failed".to_owned()));
    assert_eq!(browser.get("/api/thing").await.status, 200);
}

/// Where the tokens of a request say two different things, the session that is over decides nothing about
/// the other.
#[tokio::test]
async fn an_old_access_cookie_beside_a_newer_refresh_cookie_is_renewed() {
    let site = site().await;
    let old = site.browser_of("anna").await;
    let access = old.access_token().unwrap();
    old.sign_out().await;
    let browser = site.browser_of("anna").await;
    let refresh = browser.refresh_token().unwrap();
    browser.hold(Some(&access), Some(&refresh));
    assert_eq!(browser.get("/api/thing").await.text(), "anna");
}

#[tokio::test]
async fn the_users_row_is_read_where_it_is_asked_for() {
    let site = site().await;
    let user = site.auth.users().user(vestibule::core::id::UserId(1)).await.unwrap().unwrap();
    let app = site.app_of("anna").await;
    assert_eq!(app.get("/api/row").await.text(), "anna@example.org");
    // Changed behind the library's back: the row says so a second later, before any feed does.
    let change = vestibule::core::user::UserChange {
        status: Some(UserStatus::Suspended),
        ..Default::default()
    };
    site.store.inner().change_user(user.id, &change, site.auth.now()).await.unwrap();
    site.clock.advance(Duration::from_secs(1));
    assert_eq!(app.get("/api/row").await.verdict(), (401, "token_revoked".to_owned()));
}

#[tokio::test]
async fn a_row_that_was_read_outlasts_an_outage_and_a_change_of_our_own_is_seen_at_once() {
    let site = site().await;
    let app = site.app_of("anna").await;
    assert_eq!(app.get("/api/row").await.text(), "anna@example.org");
    site.store.set_down(true);
    site.clock.advance(Duration::from_secs(60));
    assert_eq!(app.get("/api/row").await.text(), "anna@example.org");
    site.store.set_down(false);
    let change = vestibule::core::user::UserChange {
        email: Some(vestibule::core::name::EmailAddress::parse("ann@example.org").unwrap()),
        ..Default::default()
    };
    assert_eq!(app.get("/api/row").await.text(), "anna@example.org");
    site.auth.change_user(vestibule::core::id::UserId(1), change).await.unwrap();
    assert_eq!(app.get("/api/row").await.text(), "ann@example.org");
}

both_carriers!(
    signing_out_ends_it_at_once_and_can_be_repeated,
    an_expired_session_can_still_be_signed_out,
    a_late_refresh_revives_nothing,
    a_suspended_account_is_out_at_once,
    a_deleted_name_is_not_given_out_again,
    an_administrator_ends_all,
    a_new_password_ends_the_other_sessions,
    a_refused_change_ends_nothing,
    one_of_ones_own_sessions_can_be_ended,
    no_store_is_asked_on_the_way_of_a_request,
);
