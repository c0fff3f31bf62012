//! Whoever guesses names and passwords learns nothing and not for long.

use serde_json::json;
use vestibule_testkit::visitors::Visitor as _;

use super::signed_in;
use crate::test_app::{PASSWORD, create_user, place, run, serve};

#[tokio::test]
async fn unknown_and_known_people_are_refused_alike() {
    let place = place();
    create_user(&place, "ada", &[]);
    create_user(&place, "bob", &[]);
    run(&place, &["user", "suspend", "bob"]);
    let site = serve(&place);
    let nobody = site.anonymous();
    let mut answers = Vec::new();
    for (login, password) in
        [("ada", "not my password at all"), ("nobody", PASSWORD), ("bob", PASSWORD)]
    {
        let answer = nobody
            .post_json("/api/auth/login", &json!({ "login": login, "password": password }))
            .await;
        let mut body = answer.json();
        body["request_id"].take();
        let names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        answers.push((answer.status, body, names));
    }
    assert_eq!(answers[0].0, 401);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[tokio::test]
async fn guessing_is_limited_and_does_not_touch_those_who_are_signed_in() {
    let place = place().with("VESTIBULE_LIMITS__ACCOUNT", "5/15m");
    create_user(&place, "ada", &[]);
    create_user(&place, "eve", &[]);
    let site = serve(&place);
    let app = signed_in(&site).await;
    let guesses: Vec<_> = (0..12)
        .map(|number| {
            let nobody = site.anonymous();
            let login = ["ada", "ADA", "Ada", " ada "][number % 4];
            let guess =
                json!({ "login": login, "password": format!("a wrong guess number {number}") });
            tokio::spawn(async move { nobody.post_json("/api/auth/login", &guess).await })
        })
        .collect();
    let mut refused = 0;
    for guess in guesses {
        let answer = guess.await.unwrap();
        match answer.verdict() {
            (401, code) => assert_eq!(code, "invalid_credentials"),
            (status, code) => {
                assert_eq!((status, &*code), (429, "rate_limited"));
                assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|wait| wait <= 900));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 7, "five are looked at, however many come at once");
    assert_eq!(site.app().sign_in("ada", PASSWORD).await.status, 429, "the right one as well");
    assert_eq!(app.confirm(PASSWORD).await.status, 200, "a session counts by itself");
    assert_eq!(site.app().sign_in("eve", PASSWORD).await.status, 200, "others are not in the way");
    assert_eq!(app.get("/api/auth/me").await.status, 200);
}
