//! Ways in and out: without scripts, by keyboard alone, over https, by links from elsewhere.

use std::time::Duration;

use vestibule_testkit::{
    chromium::{Look, browse, keys},
    visitors::Visitor as _,
    wait,
};

use super::{is_content, note_cookies, register, sign_in};
use crate::test_app::{NEW_PASSWORD, PASSWORD, create_user, place, serve};

#[tokio::test]
async fn everything_works_with_scripts_switched_off() {
    // Whole seconds, rounded down: of four at least three are left after the proof, for a slow browser too.
    let place = place().with("VESTIBULE_TOKENS__FRESH_FOR", "4s");
    let site = serve(&place);
    browse(Look::PHONE.without_scripts(), async |tab| {
        register(&tab, &site, "ada").await;
        assert!(!tab.has("button[data-reveal]:not([hidden])").await, "no script has run");
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        tab.fill("#username", "countess").await;
        tab.click("form.card button[type=submit]").await;
        tab.arrive("/user/account").await;
        assert_eq!(tab.text(".who-name").await, "countess");

        // Freshness is over soon; then the way to the password leads past the door once more.
        let asks = async || {
            tab.go(&format!("{}/user/password", site.url())).await;
            (tab.path().await == "/auth/confirm?next=%2Fuser%2Fpassword").then_some(())
        };
        wait::until_async(Duration::from_secs(10), asks).await.expect("freshness ends");
        tab.fill("#password", PASSWORD).await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/user/password").await;

        tab.click("nav form button").await;
        tab.arrive("/").await;
        assert!(tab.text(".notice-success").await.contains("logged out"));
    })
    .await;
}

#[tokio::test]
async fn a_password_is_changed_and_other_devices_are_signed_out() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/password").await;
        tab.fill("#current", PASSWORD).await;
        tab.fill("#new", "short").await;
        tab.click("form.card button[type=submit]").await;
        tab.arrive("/user/password").await;
        assert!(tab.has("#new[aria-invalid=true]").await);
        tab.fill("#current", PASSWORD).await;
        tab.fill("#new", NEW_PASSWORD).await;
        tab.click("form.card button[type=submit]").await;
        tab.arrive("/user/account").await;
        assert_eq!(tab.text(".who-name").await, "ada");
        note_cookies(&tab, &site).await;
    })
    .await;
    assert_eq!(app.get("/api/auth/me").await.code(), "token_revoked");
    assert_eq!(app.sign_in("ada", NEW_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn the_keyboard_is_enough_to_sign_in() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        tab.go(&format!("{}/", site.url())).await;
        tab.press(keys::TAB).await;
        let focus = "return document.activeElement.textContent.trim()";
        assert_eq!(tab.script(focus).await, "Skip to the content", "the first stop");
        tab.press(keys::ENTER).await;
        tab.press(keys::TAB).await;
        assert_eq!(tab.script(focus).await, "Log in", "the first link of the content");
        tab.press(keys::ENTER).await;
        tab.arrive("/auth/login").await;
        let field = "return document.activeElement.id";
        assert_eq!(tab.script(field).await, "login", "the field that is needed first");
        tab.press("ada").await;
        tab.press(keys::TAB).await;
        assert_eq!(tab.script(field).await, "password");
        tab.press(PASSWORD).await;
        // Past the button that shows the password.
        let on_box = async || {
            tab.press(keys::TAB).await;
            (tab.script(field).await == "remember_me").then_some(())
        };
        wait::until_async(Duration::from_secs(10), on_box).await.expect("the box comes soon");
        let ring = "const style = getComputedStyle(document.activeElement); \
                    return style.outlineStyle !== 'none' || style.boxShadow !== 'none'";
        assert_eq!(tab.script(ring).await, true, "where one is can be seen");
        tab.press(keys::SPACE).await;
        assert_eq!(tab.script("return document.activeElement.checked").await, true);
        tab.press(keys::TAB).await;
        tab.press(keys::ENTER).await;
        tab.arrive("/").await;
        assert_eq!(tab.text(".who-name").await, "ada");
        note_cookies(&tab, &site).await;
        is_content(&tab).await;
    })
    .await;
}

#[tokio::test]
async fn the_way_back_leads_to_pages_of_the_site_only() {
    let place = place().with("VESTIBULE_LIMITS__ACCOUNT", "off");
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        for next in [
            "https://evil.test/",
            "//evil.test",
            "/%5Cevil.test",
            "javascript:alert(1)",
            "%09//evil.test",
        ] {
            tab.go(&format!("{}/auth/login?next={next}", site.url())).await;
            tab.fill("#login", "ada").await;
            tab.fill("#password", PASSWORD).await;
            tab.click("main button[type=submit]").await;
            tab.arrive("/").await;
            assert_eq!(tab.script("return location.origin").await, site.url());
            note_cookies(&tab, &site).await;
            tab.click("nav form button").await;
            // The page is the same one: that somebody has left is seen by what it offers.
            tab.text("nav a[href^='/auth/login']").await;
        }
        tab.go(&format!("{}/user/sessions?from=mail", site.url())).await;
        tab.arrive("/auth/login?next=%2Fuser%2Fsessions%3Ffrom%3Dmail").await;
        tab.fill("#login", "ada").await;
        tab.fill("#password", PASSWORD).await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/user/sessions?from=mail").await;
        note_cookies(&tab, &site).await;
    })
    .await;
}

#[tokio::test]
async fn chromium_keeps_the_cookies_that_are_bound_to_the_host() {
    let place = place().with("VESTIBULE_TLS__SELF_SIGNED", "true");
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        for name in ["__Host-access", "__Host-refresh", "__Host-csrf"] {
            let value = tab.cookie(name).await.unwrap_or_else(|| panic!("no {name}"));
            site.secrets().add(&value);
        }
        let readable = tab.script("return document.cookie").await;
        let readable = readable.as_str().unwrap();
        assert!(readable.contains("__Host-csrf=") && !readable.contains("access="), "{readable}");
        tab.reload().await;
        assert_eq!(tab.text(".who-name").await, "ada");
        is_content(&tab).await;
    })
    .await;
}
