//! Refresh tokens that are presented twice: by racers, after lost answers, and by thieves.

use std::{collections::BTreeSet, sync::Arc};

use http::Method;
use tokio::task::JoinSet;
use vestibule::{
    Carrier,
    core::{session::EndReason, store::SessionStore as _},
};
use vestibule_testkit::{
    both_carriers,
    visitors::{Answer, Visitor},
};

use crate::site::{ORIGIN, PASSWORD, SECRET, Site, holder, refresh_at};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

fn ended() -> (u16, String) {
    (401, "session_ended".to_owned())
}

/// The refresh token that an answer hands out, by whichever carrier.
fn handed_out(answer: &Answer) -> String {
    let cookie = answer.set_cookies().into_iter().find_map(|line| {
        line.strip_prefix("__Host-refresh=")?.split(';').next().map(str::to_owned)
    });
    cookie.unwrap_or_else(|| answer.json()["refresh_token"].as_str().unwrap().to_owned())
}

/// `count` requests side by side, all sent before any answer is taken in.
async fn race(
    visitor: &Arc<dyn Visitor>,
    count: usize,
    method: &Method,
    path: &str,
) -> Vec<Answer> {
    let mut racers = JoinSet::new();
    for _ in 0..count {
        let (visitor, method, path) = (visitor.clone(), method.clone(), path.to_owned());
        racers.spawn(async move { visitor.lose(method, &path, None).await });
    }
    racers.join_all().await
}

async fn the_successor_is_another_token(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let (access, refresh) = (visitor.access_token().unwrap(), visitor.refresh_token().unwrap());
    let answer = visitor.refresh().await;
    assert_eq!(answer.status, 200);
    assert_ne!(visitor.refresh_token().unwrap(), refresh);
    assert_ne!(visitor.access_token().unwrap(), access);
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    // The old access token is good for its own life: its session is the same one.
    visitor.hold(Some(&access), None);
    assert_eq!(visitor.get("/api/thing").await.status, 200);
}

async fn racers_converge(carrier: Carrier) {
    for count in [2, 10, 50] {
        let site = site().await;
        let visitor = site.signed_in(carrier).await;
        let answers = race(&visitor, count, &Method::POST, "/api/auth/refresh").await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        let tokens: BTreeSet<_> = answers.iter().map(handed_out).collect();
        assert_eq!(tokens.len(), 1, "one successor for {count}");
        assert_eq!(site.store.advances(), 1);
        assert_eq!(site.row(&*visitor).await.generation, 2);
        let token = tokens.into_iter().next().unwrap();
        visitor.hold(None, Some(&token));
        assert_eq!(visitor.refresh().await.status, 200);
        assert_eq!(site.row(&*visitor).await.generation, 3);
    }
}

/// Two nodes on one store: neither knows what the other has in memory.
async fn racers_converge_across_nodes(carrier: Carrier) {
    let one = site().await;
    let two = one.second_node().await;
    let visitor = one.signed_in(carrier).await;
    let before = one.store.advances();
    let mine = visitor.refresh_token().unwrap();
    let mut racers = JoinSet::new();
    for number in 0..10 {
        let node = if number % 2 == 0 { &one } else { &two };
        let (transport, mine, csrf) = (node.transport(), mine.clone(), one.csrf_of(&*visitor));
        racers.spawn(async move { refresh_at(transport, carrier, &mine, csrf).await });
    }
    let answers = racers.join_all().await;
    let tokens: BTreeSet<_> = answers.iter().map(handed_out).collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(one.store.advances() - before, 1);
}

/// Pages and scripts that all find their access token expired: all are served, by one renewal.
#[tokio::test]
async fn expired_cookie_requests_race_and_are_all_served() {
    for method in [Method::GET, Method::POST] {
        for count in [2, 16, 50] {
            let site = site().await;
            let visitor = site.signed_in(Carrier::Cookie).await;
            site.outlive_access();
            let answers = race(&visitor, count, &method, "/api/thing").await;
            assert!(answers.iter().all(|answer| answer.text() == "anna"), "{method} {count}");
            let tokens: BTreeSet<_> = answers.iter().map(handed_out).collect();
            assert_eq!(tokens.len(), 1);
            assert_eq!(site.store.advances(), 1);
        }
    }
}

/// The thief renews and uses what they got; the victim comes after the grace.
async fn theft_ends_the_session_and_is_told(carrier: Carrier) {
    let site = site().await;
    let victim = site.signed_in(carrier).await;
    let stolen = victim.refresh_token().unwrap();
    let csrf = site.csrf_of(&*victim);
    let answer = refresh_at(site.transport(), carrier, &stolen, csrf).await;
    let thief = holder(&site, carrier, &answer);
    assert_eq!(thief.get("/api/thing").await.status, 200);
    site.pass(31);
    assert_eq!(victim.refresh().await.verdict(), ended());
    assert_eq!(site.told.all(), [("theft noticed", "anna".to_owned())]);
    assert_eq!(thief.get("/api/thing").await.verdict(), (401, "token_revoked".to_owned()));
    // A browser has forgotten them on the answer before.
    let expected = match carrier {
        Carrier::Header => ended(),
        Carrier::Cookie => (401, "token_missing".to_owned()),
    };
    assert_eq!(thief.refresh().await.verdict(), expected);
    assert_eq!(site.told.all().len(), 1, "told once");
    assert_eq!(victim.sign_in("anna", PASSWORD).await.status, 200);
}

/// Where the victim is a page that renews by itself.
#[tokio::test]
async fn theft_is_noticed_by_a_page_too() {
    let site = site().await;
    let victim = site.browser_of("anna").await;
    let thief = victim.copy();
    site.outlive_access();
    assert_eq!(thief.get("/api/thing").await.status, 200);
    assert_eq!(thief.get("/api/thing").await.status, 200);
    site.pass(31);
    let answer = victim.get("/api/thing").await;
    assert_eq!(answer.verdict(), ended());
    let left: Vec<_> = victim.jar().cookies().into_iter().map(|cookie| cookie.name).collect();
    assert_eq!(left, ["__Host-device"], "cookies of a session that is known to be over");
    assert_eq!(site.told.all(), [("theft noticed", "anna".to_owned())]);
    assert_eq!(thief.get("/api/thing").await.verdict(), (401, "token_revoked".to_owned()));
}

/// Two generations back is never a racer.
async fn older_than_the_previous_is_theft_within_the_grace(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let first = visitor.refresh_token().unwrap();
    visitor.refresh().await;
    visitor.refresh().await;
    let session = site.row(&*visitor).await;
    let csrf = site.csrf_of(&*visitor);
    let answer = refresh_at(site.transport(), carrier, &first, csrf).await;
    assert_eq!(answer.verdict(), ended());
    let row = site.store.inner().session(session.id).await.unwrap().unwrap();
    assert_eq!(row.end.unwrap().reason, EndReason::Theft);
    assert_eq!(visitor.refresh().await.verdict(), ended());
}

/// The answer was lost: the same successor each time, until it is used.
async fn a_lost_answer_is_given_again(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let lost = visitor.lose(Method::POST, "/api/auth/refresh", None).await;
    let successor = handed_out(&lost);
    for wait in [0, 3600, 60, 7200, 24 * 3600, 1] {
        site.pass(wait);
        let again = visitor.lose(Method::POST, "/api/auth/refresh", None).await;
        assert_eq!(again.status, 200);
        assert_eq!(handed_out(&again), successor, "after {wait} s more");
    }
    assert_eq!(site.store.advances(), 1);
    let old = visitor.refresh_token().unwrap();
    assert_eq!(visitor.refresh().await.status, 200);
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    site.pass(31);
    let csrf = site.csrf_of(&*visitor);
    let answer = refresh_at(site.transport(), carrier, &old, csrf).await;
    assert_eq!(answer.verdict(), ended(), "used, and the grace is over");
}

/// Where the request renews by itself: being renewed is not being seen in use.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_page_is_given_again() {
    for method in [Method::GET, Method::POST] {
        let site = site().await;
        let browser = site.browser_of("anna").await;
        site.outlive_access();
        let lost = browser.lose(method.clone(), "/api/thing", None).await;
        let successor = handed_out(&lost);
        // Long enough for whatever was noticed to be written.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        for wait in [3600, 40, 7200] {
            site.pass(wait);
            let again = browser.lose(method.clone(), "/api/thing", None).await;
            assert_eq!((again.status.as_u16(), again.text()), (200, "anna"), "after {wait} s");
            assert_eq!(handed_out(&again), successor);
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
        assert_eq!(site.store.advances(), 1);
        assert_eq!(browser.get("/api/thing").await.status, 200);
        assert_eq!(browser.refresh_token().unwrap(), successor);
    }
}

async fn what_has_ended_has_no_grace(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let old = visitor.refresh_token().unwrap();
    let csrf = site.csrf_of(&*visitor);
    visitor.refresh().await;
    let new = visitor.refresh_token().unwrap();
    let session = site.row(&*visitor).await;
    assert_eq!(visitor.sign_out().await.status, 204);
    for token in [old, new] {
        let csrf = csrf.clone();
        let answer = refresh_at(site.transport(), carrier, &token, csrf).await;
        assert_eq!(answer.verdict(), ended());
    }
    let row = site.store.inner().session(session.id).await.unwrap().unwrap();
    assert_eq!(row.end.unwrap().reason, EndReason::SignedOut);
    assert_eq!(site.told.all(), []);
}

/// What was used stays used after a restart, and a session that ended stays ended.
async fn a_restart_forgets_nothing(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let (first, access) = (visitor.refresh_token().unwrap(), visitor.access_token().unwrap());
    let csrf = site.csrf_of(&*visitor);
    visitor.refresh().await;
    visitor.refresh().await;
    let current = visitor.refresh_token().unwrap();
    site.pass(31);
    let again = site.second_node().await;
    let replay = refresh_at(again.transport(), carrier, &first, csrf.clone()).await;
    assert_eq!(replay.verdict(), ended());
    let third = site.second_node().await;
    let answer = refresh_at(third.transport(), carrier, &current, csrf).await;
    assert_eq!(answer.verdict(), ended());
    let bearer = format!("Bearer {access}");
    let answer = third.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await;
    assert_eq!(answer.verdict(), (401, "token_revoked".to_owned()));
}

/// What one node saw in use, the next one knows when it was written.
#[tokio::test(start_paused = true)]
async fn what_was_seen_survives_a_restart() {
    let site = site().await;
    let app = site.app_of("anna").await;
    let first = app.refresh_token().unwrap();
    app.refresh().await;
    assert_eq!(app.get("/api/thing").await.status, 200);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    site.pass(31);
    let again = site.second_node().await;
    let answer = refresh_at(again.transport(), Carrier::Header, &first, None).await;
    assert_eq!(answer.verdict(), ended());
}

/// A racer who is refused never takes out, or overwrites, what another one got.
#[tokio::test]
async fn losers_clear_nothing() {
    let site = site().await;
    let visitor = site.signed_in(Carrier::Cookie).await;
    site.outlive_access();
    for answer in race(&visitor, 20, &Method::GET, "/api/thing").await {
        for line in answer.set_cookies() {
            assert!(!line.contains("Max-Age=0"), "{line}");
        }
    }
    let browser = site.browser_of("anna").await;
    let racer = browser.copy();
    site.outlive_access();
    browser.get("/api/thing").await;
    let won = browser.refresh_token().unwrap();
    let lost = racer.get("/api/thing").await;
    assert_eq!(handed_out(&lost), won);
}

/// A renewal of a generation that this store never made: a restored backup, for example.
async fn a_generation_from_the_future_is_refused_and_harms_nobody(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let row = site.row(&*visitor).await;
    let issuer = vestibule::core::token::TokenIssuer::new(
        &vestibule::SiteSecret::new(SECRET).unwrap(),
        ORIGIN,
        ORIGIN,
        &vestibule::core::session::Lifetimes::default(),
    );
    let later = vestibule::core::session::Session { generation: 5, ..row };
    let token = issuer.refresh(&later).unwrap().expose().to_owned();
    let csrf = site.csrf_of(&*visitor);
    let answer = refresh_at(site.transport(), carrier, &token, csrf).await;
    assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()));
    assert_eq!(visitor.refresh().await.status, 200);
}

both_carriers!(
    the_successor_is_another_token,
    racers_converge,
    racers_converge_across_nodes,
    theft_ends_the_session_and_is_told,
    older_than_the_previous_is_theft_within_the_grace,
    a_lost_answer_is_given_again,
    what_has_ended_has_no_grace,
    a_restart_forgets_nothing,
    a_generation_from_the_future_is_refused_and_harms_nobody,
);
