//! The database cannot be reached, or does not answer, or takes too long: what each part of the site does.

use std::time::Duration;

use http::Method;
use serde_json::json;
use vestibule_testkit::{
    cable::Condition,
    visitors::{Anonymous, Answer, Browser, Carrier, CookieNames, request, with},
    wait,
};

use super::{ANSWERED_WITHIN, BACK_WITHIN, Scene, at_last, figure_becomes, is_put_off};
use crate::{
    cluster::{ORIGIN, VERIFY, visitor},
    test_app::{NEW_PASSWORD, PASSWORD, ask_store, clock},
};

const DOWN: Condition = Condition::Cut;
const BLACK_HOLE: Condition = Condition::Silent;
const SLOW: Condition = Condition::Slow(Duration::from_secs(5));

/// Makes three tests of each `async fn(Condition)` that is named.
macro_rules! in_every_outage {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                #[tokio::test]
                async fn while_it_is_down() {
                    super::$case(super::DOWN).await;
                }

                #[tokio::test]
                async fn while_it_is_a_black_hole() {
                    super::$case(super::BLACK_HOLE).await;
                }

                #[tokio::test]
                async fn while_it_is_slow() {
                    super::$case(super::SLOW).await;
                }
            }
        )+
    };
}

in_every_outage!(
    access_tokens_are_good_until_the_feed_is_lost_and_are_never_refused,
    a_sign_in_is_put_off_whoever_it_is,
    a_renewal_is_put_off_and_uses_nothing_up,
    nobody_is_told_that_something_ended_which_did_not,
    guessing_stays_limited
);

/// Awaits it, but not for ever.
async fn in_time<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(ANSWERED_WITHIN, answer).await.expect("an answer in time")
}

async fn access_tokens_are_good_until_the_feed_is_lost_and_are_never_refused(outage: Condition) {
    let scene = Scene::start(&[("VESTIBULE_FEED__BOUND", "3s")]).await;
    let verify = async || scene.both(async |person| in_time(person.get(VERIFY)).await).await;
    scene.cable.set(outage);
    for answer in verify().await {
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    let is_lost = async || {
        let answers = verify().await;
        for answer in answers.iter().filter(|answer| answer.status != 204) {
            is_put_off(answer);
        }
        answers.iter().all(|answer| answer.status == 503).then_some(())
    };
    wait::until_async(BACK_WITHIN, is_lost).await.expect("it does not go on without end");
    figure_becomes(&scene.place, "vestibule_feed_lost", 1.0).await;

    scene.cable.set(Condition::Whole);
    scene.both_at_last(async |person| in_time(person.get(VERIFY)).await).await;
    figure_becomes(&scene.place, "vestibule_feed_lost", 0.0).await;
    scene.both_at_last(async |person| in_time(person.refresh()).await).await;
}

async fn a_sign_in_is_put_off_whoever_it_is(outage: Condition) {
    let scene = Scene::start(&[]).await;
    let newcomers = || [Carrier::Header, Carrier::Cookie].map(|kind| visitor(&scene.ways, kind));
    let [app, browser] = newcomers();
    let page = Browser::new(scene.ways.clone(), ORIGIN, CookieNames::plain(), clock());
    assert_eq!(page.navigate("/auth/login").await.status, 200);
    let form = [("login", "ada"), ("password", PASSWORD)];
    let eve = json!({ "username": "eve", "email": "eve@people.test", "password": PASSWORD });
    let wrong = "not my password at all";

    scene.cable.set(outage);
    let (a, b, c, d, e, f) = in_time(async {
        tokio::join!(
            app.sign_in("ada", PASSWORD),
            browser.sign_in("ada", PASSWORD),
            app.sign_in("ada", wrong),
            app.sign_in("nobody", wrong),
            page.submit("/auth/login", &form),
            app.post_json("/api/auth/register", eve.clone()),
        )
    })
    .await;
    for answer in [a, b, c, d, e, f] {
        is_put_off(&answer);
    }

    scene.cable.set(Condition::Whole);
    at_last(async || app.sign_in("ada", PASSWORD).await).await;
    assert_eq!(browser.sign_in("ada", PASSWORD).await.status, 200);
    assert_eq!(app.sign_in("ada", wrong).await.code(), "invalid_credentials");
    assert_eq!(app.sign_in("nobody", wrong).await.code(), "invalid_credentials");
    assert_eq!(page.submit("/auth/login", &form).await.status, 303, "the form is still good");
    assert_eq!(app.post_json("/api/auth/register", eve).await.status, 202);
}

async fn a_renewal_is_put_off_and_uses_nothing_up(outage: Condition) {
    let scene = Scene::start(&[]).await;
    let reader = visitor(&scene.ways, Carrier::Cookie);
    assert_eq!(reader.sign_in("ada", PASSWORD).await.status, 200);
    // The browser has dropped the access token at its end.
    reader.hold(None, reader.refresh_token().as_deref());
    let [app, browser] = &scene.people;
    let everybody = || [&**app, &**browser, &*reader];
    let held = || everybody().map(|person| (person.access_token(), person.refresh_token()));
    let before = held();

    scene.cable.set(outage);
    for _ in 0..2 {
        let (a, b, c, d) = in_time(async {
            tokio::join!(
                app.refresh(),
                browser.refresh(),
                reader.get("/api/auth/me"),
                reader.get("/user/account"),
            )
        })
        .await;
        for answer in [a, b, c, d] {
            is_put_off(&answer);
        }
        assert_eq!(held(), before, "whoever waits has lost nothing");
    }

    scene.cable.set(Condition::Whole);
    scene.both_at_last(async |person| in_time(person.refresh()).await).await;
    at_last(async || reader.get("/api/auth/me").await).await;
    for (now, before) in held().into_iter().zip(before) {
        assert_ne!(now.1, before.1);
    }
    for person in everybody() {
        assert_eq!(person.get("/api/auth/me").await.status, 200);
    }
    let generations = ask_store(&scene.place, "SELECT generation FROM sessions");
    assert_eq!(generations, ["2", "2", "2"], "one renewal each");
}

async fn nobody_is_told_that_something_ended_which_did_not(outage: Condition) {
    let scene = Scene::start(&[]).await;
    let change = json!({ "current": PASSWORD, "new": NEW_PASSWORD });
    scene.cable.set(outage);
    let answers = scene
        .both(async |person| {
            let others = person.delete("/api/auth/sessions");
            let change = person.put_json("/api/auth/password", change.clone());
            let (a, b, c) =
                in_time(async { tokio::join!(person.sign_out(), others, change) }).await;
            [a, b, c]
        })
        .await;
    for answer in answers.iter().flatten() {
        is_put_off(answer);
    }
    let done = scene.place.run(&["session", "end", "--all"]);
    assert_eq!(done.code(), 1, "{done:?}");

    scene.cable.set(Condition::Whole);
    scene.both_at_last(async |person| in_time(person.get("/api/auth/sessions")).await).await;
    let another = visitor(&scene.ways, Carrier::Header);
    assert_eq!(another.sign_in("ada", PASSWORD).await.status, 200, "the password is the old one");
    for person in &scene.people {
        assert_eq!(person.get("/api/auth/me").await.status, 200, "and everybody is still in");
        let (access, refresh) = (person.access_token(), person.refresh_token());
        assert_eq!(person.sign_out().await.status, 204, "until they leave");
        person.hold(access.as_deref(), refresh.as_deref());
        assert_eq!(person.get("/api/auth/me").await.code(), "token_revoked");
    }
}

async fn guessing_stays_limited(outage: Condition) {
    let settings =
        [("VESTIBULE_LIMITS__ADDRESS", "3/15m"), ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1")];
    let scene = Scene::start(&settings).await;
    let nobody = Anonymous::new(scene.ways.clone(), "app.test");
    let from = async |address: &str, password: &str| -> Answer {
        let body = json!({ "login": "ada", "password": password });
        let ask = request(Method::POST, "/api/auth/login", Some(&body));
        in_time(nobody.send(with(ask, "x-forwarded-for", address))).await
    };
    let (guesser, other) = ("203.0.113.9", "203.0.113.10");
    for _ in 0..3 {
        assert_eq!(from(guesser, "not my password").await.code(), "invalid_credentials");
    }
    assert_eq!(from(guesser, PASSWORD).await.status, 429);

    scene.cable.set(outage);
    let (limited, put_off) = tokio::join!(from(guesser, PASSWORD), from(other, PASSWORD));
    assert_eq!(limited.verdict(), (429, "rate_limited".into()));
    is_put_off(&put_off);

    scene.cable.set(Condition::Whole);
    at_last(async || from(other, PASSWORD).await).await;
    assert_eq!(from(guesser, PASSWORD).await.status, 429, "an outage frees nobody");
}
