//! Pages that stay open for longer than an access token lives.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use vestibule_testkit::{
    chromium::{Look, browse},
    site::Place,
};

use super::{is_content, note_cookies, register, sign_in};
use crate::test_app::{create_user, place, renewals, run_json, serve};

/// The access token expires after this time.
const TTL: Duration = Duration::from_secs(3);
/// Time to live and a bit.
const LONG_OPEN: Duration = Duration::from_secs(10);

fn short_lived() -> Place {
    place().with("VESTIBULE_TOKENS__ACCESS_TTL", "3s").with("VESTIBULE_TOKENS__LEEWAY", "0s")
}

#[tokio::test]
async fn a_form_that_stayed_open_is_saved_and_its_owner_stays_signed_in() {
    let place = short_lived();
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        register(&tab, &site, "ada").await;
        assert!(tab.text(".notice-success").await.contains("log in below"));
        sign_in(&tab, &site, "ada", "/user/account").await;
        assert_eq!(tab.text(".who-name").await, "ada");
        assert_eq!(tab.value("#email").await, "ada@people.test");
        note_cookies(&tab, &site).await;

        // A name would ask for a fresh proof.
        tab.script("document.querySelector('#locale').value = 'en'").await;
        // The one wait by the clock: the person is away, and the token's life is real time.
        tokio::time::sleep(LONG_OPEN).await;
        assert!(tab.has_expired("access").await);
        let before = renewals(&place);
        let seen = tab.script("return history.length").await;
        tab.click("form.card button[type=submit]").await;
        tab.arrive("/user/account").await;
        assert!(tab.text(".notice-success").await.contains("saved"));
        assert_eq!(tab.value("#locale").await, "en");
        assert_eq!(tab.text(".who-name").await, "ada", "still signed in");
        let came_by = tab.script("return history.length").await;
        assert!(came_by.as_i64() <= seen.as_i64().map(|seen| seen + 1), "no page in between");
        assert!(renewals(&place) > before);
        note_cookies(&tab, &site).await;
        is_content(&tab).await;
    })
    .await;
    assert_eq!(run_json(&place, &["user", "show", "ada", "--json"])["email"], "ada@people.test");
}

#[tokio::test]
async fn sixteen_fetches_right_after_expiry_are_sixteen_answers_and_one_renewal() {
    let place = short_lived();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        assert_eq!(renewals(&place), 0);
        tab.outlast("access", TTL + Duration::from_secs(2)).await;
        let fetched = tab
            .script_until_done(
                "Promise.all(Array.from({ length: 16 }, () => fetch('/api/auth/me').then(async (answer) =>
                   [answer.status, (await answer.json()).user?.username]))).then(done)",
            )
            .await;
        assert_eq!(fetched, json!(vec![json!([200, "ada"]); 16]));
        assert_eq!(renewals(&place), 1, "one renewal for all of them");
        let refresh = tab.cookie("refresh").await.expect("the refresh cookie is there");
        assert_eq!(claims(&refresh)["gen"], 2, "and its token is the one in the jar");
        note_cookies(&tab, &site).await;
        tab.reload().await;
        assert_eq!(tab.text(".who-name").await, "ada");
        assert_eq!(tab.cookie("refresh").await.as_deref(), Some(&*refresh));
        is_content(&tab).await;
    })
    .await;
}

fn claims(token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}
