//! The site in German, chosen by a visitor at the foot of a page, by an account, and by a program.

use vestibule_testkit::{
    chromium::{Look, Tab, browse},
    mail_server::MailServer,
    site::Site,
    visitors::Visitor as _,
};

use super::{
    is_content, note_cookies,
    pages::{ADMINISTRATION, INSIDE, LOOKS, OUTSIDE, look_at},
    register, sign_in,
};
use crate::{
    mail::{arrived, with_server},
    test_app::{PASSWORD, create_user, place, serve},
};

/// All of these pages are in German, and fit every screen: German words are long.
async fn walk(tab: &Tab, site: &Site, pages: &[(&str, &str, bool)]) {
    for (name, path, is_refusal) in pages {
        tab.go(&format!("{}{path}", site.url())).await;
        assert_eq!(language(tab).await, "de", "{name}");
        look_at(tab, &format!("de-{name}"), *is_refusal, &[LOOKS[0], LOOKS[2]]).await;
    }
}

async fn language(tab: &Tab) -> String {
    let language = tab.script("return document.documentElement.lang").await;
    language.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_visitor_chooses_german_and_is_written_to_in_german() {
    let server = MailServer::start();
    let place = with_server(place(), &server);
    let site = serve(&place);
    let page = |path: &str| format!("{}{path}", site.url());
    browse(Look::PHONE, async |tab| {
        tab.go(&page("/auth/login?next=/uploads")).await;
        assert_eq!(language(&tab).await, "en", "what the browser of the tests likes");
        tab.click(".languages button[value=de]").await;
        tab.text(".languages button[value=en]").await;
        assert_eq!(tab.path().await, "/auth/login?next=/uploads", "back where the visitor was");
        walk(&tab, &site, &OUTSIDE).await;

        tab.go(&page("/auth/register")).await;
        tab.fill("#username", "ada").await;
        tab.fill("#email", "ada@people.test").await;
        tab.fill("#password", "kurz").await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text(".summary").await.contains("Das Passwort ist zu kurz"));
        look_at(&tab, "de-register-refused", true, &LOOKS).await;
        register(&tab, &site, "ada").await;
        assert!(tab.text(".notice-success").await.contains("Vielen Dank"));
        let mail = arrived(&server, 1).await.remove(0);
        assert!(mail.content.contains("Guten Tag,"), "{}", mail.content);

        sign_in(&tab, &site, "ada", "/").await;
        note_cookies(&tab, &site).await;
        walk(&tab, &site, &INSIDE).await;
        walk(&tab, &site, &[("uploads", "/uploads", false)]).await;

        // What an account has set comes before everything else.
        tab.go(&page("/user/account")).await;
        tab.click("#locale option[value=en]").await;
        tab.click("main form .actions button").await;
        assert!(tab.text(".notice-success").await.contains("Your changes are saved"));
        assert_eq!(language(&tab).await, "en");
        tab.click(".nav-button").await;
        tab.arrive("/").await;
        assert_eq!(language(&tab).await, "de", "the browser keeps what was chosen in it");
        is_content(&tab).await;
    })
    .await;
}

#[tokio::test]
async fn those_who_run_the_site_read_german_too() {
    let place = place();
    create_user(&place, "ada", &["--super-user"]);
    let long = "wilhelmina-von-und-zu-hohenzollern-42";
    create_user(&place, long, &["--role", "editor", "--role", "map-maker"]);
    let site = serve(&place);
    let phone = site.app();
    assert_eq!(phone.sign_in(long, PASSWORD).await.status, 200);
    assert_eq!(phone.refresh().await.status, 200);
    let ada = site.app();
    assert_eq!(ada.sign_in("ada", PASSWORD).await.status, 200);
    let german = serde_json::json!({ "locale": "de" });
    assert_eq!(ada.patch_json("/api/user", german).await.status, 200);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/feedback").await;
        note_cookies(&tab, &site).await;
        tab.fill("#text", "Die Karte des Hafens steht auf dem Kopf.").await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text(".notice-success").await.contains("ist angekommen"));
        walk(&tab, &site, &ADMINISTRATION).await;
        tab.go(&format!("{}/admin/users/2", site.url())).await;
        tab.click(".stack td[data-label='Gerät'] a").await;
        assert!(tab.text("main").await.contains("Wie sie erneuert wurde"));
        look_at(&tab, "de-admin-session", false, &LOOKS).await;
    })
    .await;
}
