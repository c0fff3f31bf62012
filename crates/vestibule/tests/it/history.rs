//! What became of refresh tokens, as a session's owner and the operator see it.

use serde_json::{Value, json};
use vestibule::Carrier;
use vestibule_testkit::visitors::Visitor;

use crate::site::{Site, claims, refresh_at};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

/// `(generation, outcome, count)`, the latest first.
async fn renewals(visitor: &dyn Visitor, session: &str) -> Vec<(u64, String, u64)> {
    let answer = visitor.get(&format!("/api/auth/sessions/{session}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["session"]["id"], session);
    let read = |renewal: &Value| {
        let number = |name: &str| renewal[name].as_u64().unwrap();
        (number("generation"), renewal["outcome"].as_str().unwrap().to_owned(), number("count"))
    };
    body["renewals"].as_array().unwrap().iter().map(read).collect()
}

fn session_id(visitor: &dyn Visitor) -> String {
    claims(&visitor.access_token().unwrap())["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_renewal_says_what_it_was() {
    for carrier in [Carrier::Cookie, Carrier::Header] {
        let site = site().await;
        let visitor = site.signed_in(carrier).await;
        let id = session_id(&*visitor);
        assert!(renewals(&*visitor, &id).await.is_empty());
        let (first, csrf) = (visitor.refresh_token().unwrap(), site.csrf_of(&*visitor));
        site.outlive_access();
        assert_eq!(visitor.refresh().await.status, 200);
        for _ in 0..3 {
            let again = refresh_at(site.transport(), carrier, &first, csrf.clone()).await;
            assert_eq!(again.status, 200);
        }
        // Nobody has used the successor yet, and half of the grace has passed: its answer was lost.
        site.pass(16);
        let late = refresh_at(site.transport(), carrier, &first, csrf.clone()).await;
        assert_eq!(late.status, 200);
        let line = |generation, outcome: &str, count| (generation, outcome.to_owned(), count);
        let expected = [
            line(1, "repeated_lost_answer", 1),
            // By name where the times are the same.
            line(1, "advanced", 1),
            line(1, "repeated_concurrent", 3),
        ];
        assert_eq!(renewals(&*visitor, &id).await, expected);

        // Used by now, and the grace is over: a second party holds the first token.
        site.pass(31);
        let theft = refresh_at(site.transport(), carrier, &first, csrf.clone()).await;
        assert_eq!(theft.verdict(), (401, "session_ended".to_owned()));
        let after = refresh_at(site.transport(), carrier, &first, csrf).await;
        assert_eq!(after.verdict(), (401, "session_ended".to_owned()));
        let other = site.signed_in(carrier).await;
        let activity = renewals(&*other, &id).await;
        assert_eq!(activity[..2], [line(1, "ended", 1), line(1, "theft", 1)]);
        assert_eq!(activity[2..], expected);
    }
}

#[tokio::test]
async fn a_session_that_lay_unused_is_noted_as_such() {
    let site = site().await;
    let app = site.app_of("anna").await;
    let id = session_id(&app);
    site.pass(30 * 24 * 3600);
    assert_eq!(app.refresh().await.verdict(), (401, "session_ended".to_owned()));
    let other = site.app_of("anna").await;
    assert_eq!(renewals(&other, &id).await, [(1, "idle".to_owned(), 1)]);
}

/// Where from and by what, and nobody's but one's own.
#[tokio::test]
async fn a_history_is_its_owners() {
    let site = site().await;
    site.add_user("bert").await;
    let browser = site.browser_of("anna").await;
    site.outlive_access();
    assert_eq!(browser.get("/api/thing").await.status, 200);
    let path = format!("/api/auth/sessions/{}", session_id(&browser));
    let body: Value = serde_json::from_slice(&browser.get(&path).await.body).unwrap();
    let row = site.row(&browser).await;
    let renewal = &body["renewals"][0];
    assert_eq!(renewal["address"], row.address);
    assert_eq!(renewal["user_agent"], row.agent);
    assert_eq!(renewal["first_at"], json!(site.auth.now().seconds()));
    let bert = site.app_of("bert").await;
    for path in [path.as_str(), "/api/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA", "/api/auth/sessions/x"]
    {
        assert_eq!(bert.get(path).await.verdict(), (404, "not_found".to_owned()), "{path}");
    }
    assert_eq!(site.anonymous().get(&path).await.status, 401);
}

/// A renewal waits for no history: it is written beside the requests, and after an outage.
#[tokio::test(start_paused = true)]
async fn no_renewal_waits_for_its_note() {
    use vestibule::core::store::SessionStore as _;
    let site = site().await;
    let app = site.app_of("anna").await;
    let id = site.row(&app).await.id;
    assert_eq!(app.refresh().await.status, 200);
    assert!(site.store.inner().renewals_of(id).await.unwrap().is_empty());
    site.store.set_down(true);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    site.store.set_down(false);
    assert_eq!(app.refresh().await.status, 200);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let notes = site.store.inner().renewals_of(id).await.unwrap();
    let read: Vec<_> = notes.iter().map(|note| (note.presented, note.count)).collect();
    assert_eq!(read, [(2, 1), (1, 1)]);
}
