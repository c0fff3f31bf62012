//! Registering, verifying, forgetting and resetting, with mails in between, and how those mails look.

use std::fs;

use vestibule_testkit::{
    chromium::{Look, Tab, browse},
    mail_server::{MailServer, Received},
    site::Place,
};

use super::{
    is_content, note_cookies,
    pages::{LOOKS, look_at, pictures},
    register,
};
use crate::{
    mail::{arrived, link, with_server},
    test_app::{NEW_PASSWORD, place, serve},
};

#[tokio::test]
async fn people_come_back_by_their_mails() {
    let server = MailServer::start();
    let place = with_server(place(), &server);
    let site = serve(&place);
    let page = |path: &str| format!("{}{path}", site.url());
    browse(Look::DESK, async |tab| {
        register(&tab, &site, "ada").await;
        let mail = arrived(&server, 1).await.remove(0);
        let verify = link(&site, &mail);
        tab.go(&page(&verify)).await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/auth/login").await;
        assert!(tab.text(".notice-success").await.contains("verified"));

        tab.click("a[href='/auth/forgot']").await;
        tab.arrive("/auth/forgot").await;
        tab.fill("#login", "ada@people.test").await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/auth/login").await;
        assert!(tab.text(".notice-info").await.contains("on its way"));
        let forgotten = arrived(&server, 2).await.remove(1);
        let reset = link(&site, &forgotten);
        tab.go(&page(&reset)).await;
        look_at(&tab, "reset", false, &LOOKS).await;
        tab.fill("#password", "short").await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text(".summary").await.contains("look at this again"));
        look_at(&tab, "reset-refused", true, &LOOKS).await;
        tab.fill("#password", NEW_PASSWORD).await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/auth/login").await;
        tab.fill("#login", "ada").await;
        tab.fill("#password", NEW_PASSWORD).await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/").await;
        note_cookies(&tab, &site).await;
        is_content(&tab).await;

        tab.go(&page(&reset)).await;
        look_at(&tab, "reset-used", true, &LOOKS).await;
        for (name, mail) in [("verify", mail), ("forgotten", forgotten)] {
            look_at_mail(&tab, &place, name, &mail).await;
        }
    })
    .await;
}

/// A mail as a program with a screen shows it.
async fn look_at_mail(tab: &Tab, place: &Place, name: &str, mail: &Received) {
    let (_, html) = mail.content.split_once("<!doctype html>").expect("HTML without an encoding");
    let html = html.split("\n--=_").next().unwrap();
    let file = place.path().join("mail.html");
    fs::write(&file, format!("<!doctype html>{html}")).unwrap();
    tab.go(&format!("file://{}", file.display())).await;
    for (look_name, look) in LOOKS {
        tab.put_on(look).await;
        let wide = tab.script("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(wide.as_i64().unwrap() <= 0, "{name} at {look_name} is too wide by {wide}");
        tab.picture(&pictures().join(format!("mail-{name}-{look_name}.png"))).await;
    }
    assert_eq!(tab.script("return document.querySelectorAll('h1').length").await, 1);
}
