//! The way back to pages that were open before, and pages that renew by redirect, in every engine.

use std::{fs, time::Duration};

use vestibule_testkit::{
    chromium::{Look, Tab},
    wait,
    webdriver::{Engine, browse_in_each},
};

use super::{note_cookies, sign_in};
use crate::test_app::{create_user, place, serve};

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_way_back_shows_nothing_of_somebody_who_has_left() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse_in_each(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        tab.click("nav a[href='/uploads']").await;
        tab.arrive("/uploads").await;
        tab.click("nav form button").await;
        tab.arrive("/").await;
        tab.back().await;
        tab.arrive("/auth/login?next=%2Fuploads").await;
        assert!(!tab.has(".who-name").await);
    })
    .await;
}

#[tokio::test]
async fn the_way_back_asks_anew_for_a_page_of_the_app() {
    let place = place();
    create_user(&place, "ada", &[]);
    let app = place.path().join("app");
    fs::create_dir(&app).unwrap();
    let page = "<!doctype html><title>Editor</title><main id=main></main><a href='/auth/logout'>Out</a>\
                <script src=app.js></script>";
    fs::write(app.join("index.html"), page).unwrap();
    let script = "fetch('/api/auth/me').then((answer) => { \
                  document.getElementById('main').textContent = answer.ok ? 'the text of ada' : 'nobody'; })";
    fs::write(app.join("app.js"), script).unwrap();
    let place = place.with("VESTIBULE_PAGES__APP_DIR", app.to_str().unwrap());
    let site = serve(&place);
    // Over http WebKit keeps pages in its memory whatever their headers say; an app can ask again by itself.
    browse_in_each(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        tab.go(&format!("{}/static/mapapp/", site.url())).await;
        until_main(&tab, "the text of ada").await;
        tab.click("a").await;
        tab.arrive("/auth/logout").await;
        tab.click("main form button").await;
        tab.arrive("/").await;
        tab.script("history.go(-2); return null").await;
        if tab.engine() != Engine::WebKit {
            until_main(&tab, "nobody").await;
        }
    })
    .await;
}

async fn until_main(tab: &Tab, text: &str) {
    let look = "return document.getElementById('main')?.textContent ?? ''";
    let said = async || (tab.script(look).await == text).then_some(());
    let found = wait::until_async(PATIENCE, said).await;
    assert!(found.is_some(), "{} instead of {text}", tab.text("body").await);
}

#[tokio::test]
async fn a_renewal_by_redirect_leaves_no_trace_in_the_address() {
    let place = place().with("VESTIBULE_COOKIES__REFRESH_PATH", "/auth");
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse_in_each(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        let own = "/user/account?renewed=mine";
        tab.drop_cookie("access").await;
        tab.go(&format!("{}{own}", site.url())).await;
        tab.arrive(own).await;
        assert_eq!(tab.text(".who-name").await, "ada");
        note_cookies(&tab, &site).await;

        // A form is not sent through the redirect: its sender is signed in, and told to send it once more.
        tab.fill("#username", "countess").await;
        tab.drop_cookie("access").await;
        tab.click("form.card button[type=submit]").await;
        tab.arrive(own).await;
        assert!(tab.text(".notice").await.contains("send the form again"));
        assert_eq!(tab.text(".who-name").await, "ada");
        note_cookies(&tab, &site).await;

        tab.click("nav form button").await;
        tab.text("nav a[href^='/auth/login']").await;
        tab.go(&format!("{}{own}", site.url())).await;
        tab.arrive("/auth/login?next=%2Fuser%2Faccount%3Frenewed%3Dmine").await;
        assert!(!tab.text("main").await.contains("ookies"));
    })
    .await;
}
