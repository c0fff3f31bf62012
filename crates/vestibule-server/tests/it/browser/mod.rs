//! The site in real browsers.

mod again;
mod back;
mod blocked;
mod contents;
mod doors;
mod files;
mod forms;
mod judges;
mod language;
mod leaving;
mod mails;
mod pages;
mod staying;
mod strength;
mod stripping;
mod tabs;

use vestibule_testkit::{chromium::Tab, site::Site};

use crate::test_app::PASSWORD;

/// Registers at the page, as a person does.
async fn register(tab: &Tab, site: &Site, name: &str) {
    tab.go(&format!("{}/auth/register", site.url())).await;
    tab.fill("#username", name).await;
    tab.fill("#email", &crate::test_app::email(name)).await;
    tab.fill("#password", PASSWORD).await;
    tab.click("main button[type=submit]").await;
    tab.arrive("/auth/login").await;
}

/// Signs in at the sign-in page, and stays there until it leads on to `path`.
async fn sign_in(tab: &Tab, site: &Site, name: &str, path: &str) {
    tab.go(&format!("{}/auth/login?next={path}", site.url())).await;
    tab.fill("#login", name).await;
    tab.fill("#password", PASSWORD).await;
    tab.click("#remember_me").await;
    tab.click("main button[type=submit]").await;
    tab.arrive(path).await;
}

/// Notes the tokens that the browser holds among what no log may hold.
async fn note_cookies(tab: &Tab, site: &Site) {
    for name in ["access", "refresh", "csrf"] {
        if let Some(value) = tab.cookie(name).await {
            site.secrets().add(&value);
        }
    }
}

/// Nothing that the browser has to complain about.
async fn is_content(tab: &Tab) {
    let complaints = tab.complaints().await;
    assert!(complaints.is_empty(), "{}: {complaints:#?}", tab.path().await);
}
