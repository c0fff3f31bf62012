//! A browser that blocks cookies, in every engine.

use vestibule_testkit::{chromium::Look, webdriver::browse_in_each};

use super::pages::pictures;
use crate::test_app::{PASSWORD, create_user, place, serve};

#[tokio::test]
async fn a_browser_that_blocks_cookies_is_told_so_by_every_form() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let page = |path: &str| format!("{}{path}", site.url());
    browse_in_each(Look::DESK.without_cookies(), async |tab| {
        let engine = tab.engine();
        tab.go(&page("/auth/login")).await;
        tab.fill("#login", "ada").await;
        tab.fill("#password", PASSWORD).await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text("#cookies-title").await.contains("Cookies are blocked"));
        assert_eq!(tab.value("#login").await, "ada");
        tab.picture(&pictures().join(format!("blocked-login-{engine:?}.png"))).await;

        tab.go(&page("/feedback")).await;
        tab.fill("#text", "The map is upside down.").await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text("#error-bar").await.contains("blocks cookies"));
        assert_eq!(tab.value("#text").await, "The map is upside down.", "nothing typed is lost");

        tab.go(&page("/?a=1")).await;
        tab.click(".languages button[value=de]").await;
        // The page before has a `main` as well.
        tab.text("#cookies-title").await;
        assert!(tab.text("main").await.contains("cannot remember your language"));
        tab.picture(&pictures().join(format!("blocked-language-{engine:?}.png"))).await;
        tab.click("main .actions a").await;
        tab.arrive("/?a=1").await;
    })
    .await;
}
