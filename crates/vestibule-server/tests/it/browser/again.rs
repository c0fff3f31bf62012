//! Uploading where the session, the browser's memory or the colours are not what the page took them for.

use std::time::Duration;

use serde_json::json;
use vestibule_testkit::{
    chromium::{Look, Tab},
    wait,
    webdriver::{Engine, browse, browse_in_each},
};

use super::{note_cookies, pages::pictures, sign_in};
use crate::test_app::{create_user, place, serve};

const PATIENCE: Duration = Duration::from_secs(20);

async fn until_stored(tab: &Tab, name: &str) {
    let look = format!(
        "return [...document.querySelectorAll('.file h3')].some((e) => e.textContent === '{name}')"
    );
    let stored = async || (tab.script(&look).await == json!(true)).then_some(());
    assert!(wait::until_async(PATIENCE, stored).await.is_some(), "{}", tab.text("main").await);
}

async fn until_refused(tab: &Tab) -> String {
    let refused = async || tab.has(".uploading-bad").await.then_some(());
    let found = wait::until_async(PATIENCE, refused).await;
    assert!(found.is_some(), "{}", tab.text("main").await);
    tab.text(".uploading-bad").await
}

#[tokio::test]
async fn an_upload_page_that_stayed_open_uploads_for_the_session_that_is_there_now() {
    let place = place();
    create_user(&place, "ada", &[]);
    create_user(&place, "ben", &[]);
    let site = serve(&place);
    browse_in_each(Look::DESK, async |tab| {
        let name = format!("{:?}.txt", tab.engine());
        let path = place.path().join(&name);
        std::fs::write(&path, "remember the bridge").unwrap();
        let path = path.to_str().unwrap();
        sign_in(&tab, &site, "ada", "/uploads").await;
        note_cookies(&tab, &site).await;
        let first = tab.tab().await;
        tab.open_tab().await;
        let leave = async || {
            tab.go(&format!("{}/auth/logout", site.url())).await;
            tab.click("main form button").await;
            tab.arrive("/").await;
        };
        tab.go(&format!("{}/", site.url())).await;
        leave().await;
        let second = tab.tab().await;
        tab.turn_to(&first).await;
        tab.choose("#file", &[path]).await;
        assert!(until_refused(&tab).await.contains("log in again"));

        tab.turn_to(&second).await;
        sign_in(&tab, &site, "ben", "/user/account").await;
        note_cookies(&tab, &site).await;
        tab.turn_to(&first).await;
        tab.choose("#file", &[path]).await;
        let said = "return [...document.querySelectorAll('.uploading-bad')].at(-1).textContent";
        let other = async || tab.script(said).await.as_str()?.contains("as ben").then_some(());
        assert!(wait::until_async(PATIENCE, other).await.is_some(), "{}", tab.text("main").await);

        tab.turn_to(&second).await;
        leave().await;
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        tab.turn_to(&first).await;
        let bad =
            "document.querySelectorAll('.uploading-bad').forEach((e) => e.parentElement.remove())";
        tab.script(bad).await;
        tab.choose("#file", &[path]).await;
        until_stored(&tab, &name).await;
    })
    .await;
}

#[tokio::test]
async fn a_browser_that_keeps_nothing_for_scripts_uploads_all_the_same() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse_in_each(Look::DESK, async |tab| {
        let name = format!("{:?}.txt", tab.engine());
        let path = place.path().join(&name);
        std::fs::write(&path, "remember the bridge").unwrap();
        sign_in(&tab, &site, "ada", "/uploads").await;
        note_cookies(&tab, &site).await;
        let deny = "Object.defineProperty(window, 'localStorage', \
                    { get() { throw new DOMException('denied', 'SecurityError'); } })";
        tab.script(deny).await;
        tab.choose("#file", &[path.to_str().unwrap()]).await;
        until_stored(&tab, &name).await;
    })
    .await;
}

#[tokio::test]
async fn the_meter_is_as_dark_as_its_page() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    for engine in Engine::ALL {
        for (name, look) in [("light", Look::DESK), ("dark", Look::DESK.dark())] {
            browse(engine, look, async |tab| {
                sign_in(&tab, &site, "ada", "/uploads").await;
                note_cookies(&tab, &site).await;
                tab.picture(&pictures().join(format!("quota-{engine:?}-{name}.png"))).await;
                if engine == Engine::Firefox {
                    let style = "const of = (css) => getComputedStyle(document.querySelector(css)); \
                                 return [of('meter').appearance, of('meter').backgroundColor, of('.card').backgroundColor]";
                    let style = tab.script(style).await;
                    assert_eq!(style[0], "none", "{style}");
                    assert_eq!(style[1], style[2], "the track is a surface like others");
                }
            })
            .await;
        }
    }
}
