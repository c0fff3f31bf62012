//! Two tabs of one browser.

use std::time::Duration;

use http::Method;
use vestibule_testkit::{
    chromium::{Look, browse},
    visitors::{request, with},
    wait,
};

use super::{is_content, note_cookies, sign_in};
use crate::test_app::{create_user, place, renewals, serve};

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_form_of_the_first_tab_is_taken_after_the_second_has_renewed() {
    let place =
        place().with("VESTIBULE_TOKENS__ACCESS_TTL", "2s").with("VESTIBULE_TOKENS__LEEWAY", "0s");
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        // A name would ask for a fresh proof.
        tab.script("document.querySelector('#locale').value = 'en'").await;
        let first = tab.tab().await;
        let second = tab.open_tab().await;
        assert_ne!(first, second);
        tab.go(&format!("{}/user/sessions", site.url())).await;
        for _ in 0..2 {
            let before = renewals(&place);
            tab.outlast("access", PATIENCE).await;
            tab.reload().await;
            assert_eq!(renewals(&place), before + 1, "the second tab renews");
        }
        tab.turn_to(&first).await;
        tab.click("form.card button[type=submit]").await;
        tab.arrive("/user/account").await;
        assert!(tab.text(".notice-success").await.contains("saved"));
        assert_eq!(tab.value("#locale").await, "en");
        note_cookies(&tab, &site).await;
        is_content(&tab).await;
    })
    .await;
}

#[tokio::test]
async fn signing_out_in_one_tab_signs_the_other_out_for_good() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        let held = [tab.cookie("access").await.unwrap(), tab.cookie("refresh").await.unwrap()];
        let first = tab.tab().await;
        tab.open_tab().await;
        tab.go(&format!("{}/user/sessions", site.url())).await;
        tab.click("nav form button").await;
        tab.arrive("/").await;
        assert!(tab.text("main").await.contains("logged out"));
        assert_eq!((tab.cookie("access").await, tab.cookie("refresh").await), (None, None));

        tab.turn_to(&first).await;
        tab.reload().await;
        tab.arrive("/auth/login?next=%2Fuser%2Faccount").await;
        assert!(!tab.has(".who-name").await);

        // Whoever has kept the cookies gets nothing for them, and nothing comes back by itself.
        let cookies = format!("access={}; refresh={}", held[0], held[1]);
        let ask = async |method, path| {
            let ask = with(request(method, path, None), "cookie", &cookies);
            site.anonymous().send(with(ask, "sec-fetch-site", "same-origin")).await
        };
        let me = ask(Method::GET, "/api/auth/me").await;
        assert_eq!(me.status, 401, "{}", me.text());
        let only_refresh = format!("refresh={}", held[1]);
        let replayed = with(request(Method::GET, "/api/auth/me", None), "cookie", &only_refresh);
        assert_eq!(site.anonymous().send(replayed).await.verdict(), (401, "session_ended".into()));
        let page = ask(Method::GET, "/user/account").await;
        assert_eq!(
            (page.status.as_u16(), page.location()),
            (303, "/auth/login?next=%2Fuser%2Faccount")
        );
        tab.go(&format!("{}/", site.url())).await;
        assert!(!tab.has(".who-name").await);
    })
    .await;
}

#[tokio::test]
async fn what_the_command_ends_is_gone_at_the_next_click() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::PHONE, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        crate::test_app::run(&place, &["session", "end", "--user", "ada"]);
        let is_out = async || {
            tab.go(&format!("{}/user/account", site.url())).await;
            (tab.path().await != "/user/account").then_some(())
        };
        wait::until_async(PATIENCE, is_out).await.expect("signed out");
        assert_eq!(tab.path().await, "/auth/login?next=%2Fuser%2Faccount");
    })
    .await;
}
