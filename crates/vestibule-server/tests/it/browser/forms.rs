//! Every form of the site, sent by a browser whose `Sec-Fetch-*` headers are lost on the way.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use serde_json::json;
use vestibule_testkit::{
    chromium::{Look, Tab, browse},
    mail_server::MailServer,
    visitors::Visitor as _,
    wait,
    webdriver::browse_in_each,
};

use super::{note_cookies, stripping::Stripping};
use crate::{
    mail::{arrived, link, with_server},
    test_app::{NEW_PASSWORD, PASSWORD, create_user, email, place, serve},
};

/// The forms behind the links of mails hold a secret in their address, so that their `Referer` is cut short.
#[tokio::test]
async fn the_forms_behind_links_are_taken_without_fetch_metadata() {
    let server = MailServer::start();
    let place = with_server(place(), &server);
    create_user(&place, "ada", &["--super-user"]);
    let site = serve(&place);
    let proxy = Stripping::before(&site).await;
    let mut mails = 0;
    browse_in_each(Look::DESK, async |tab| {
        tab.go(&proxy.url("/auth/forgot")).await;
        tab.fill("#login", "ada").await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/auth/login").await;
        let reset = link(&site, arrived(&server, mails + 1).await.last().unwrap());
        tab.go(&proxy.url(&reset)).await;
        tab.fill("#password", NEW_PASSWORD).await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/auth/login").await;
        // One that asks, one that says that the password was changed.
        mails += 2;
        arrived(&server, mails).await;
        let sent = proxy.sent().pop().unwrap();
        assert_eq!((sent.path.as_str(), sent.status), ("/auth/reset", 303), "{sent:?}");
        assert!(!sent.referer.contains("token"), "{sent:?}");
    })
    .await;
}

#[tokio::test]
async fn every_form_of_the_site_is_taken_without_fetch_metadata() {
    let server = MailServer::start();
    let place = with_server(place(), &server);
    let site = serve(&place);
    let said = place.said();
    let (_, setup) = said.split_once("/auth/setup").expect("a link for the first run");
    let setup = format!("/auth/setup{}", setup.split_whitespace().next().unwrap());
    let proxy = Stripping::before(&site).await;
    browse(Look::DESK, async |tab| {
        tab.go(&proxy.url(&setup)).await;
        register(&tab, "ada").await;
        create_user(&place, "ben", &[]);
        create_user(&place, "cleo", &[]);

        for page in ["/", "/auth/verify", "/feedback", "/auth/logout"] {
            send_all(&tab, &proxy, page, |_| true).await;
        }
        tab.go(&proxy.url("/auth/register")).await;
        register(&tab, "dora").await;
        let verify = link(&site, arrived(&server, 1).await.last().unwrap());
        send_all(&tab, &proxy, &verify, |_| true).await;
        tab.go(&proxy.url("/auth/forgot")).await;
        tab.fill("#login", "dora").await;
        tab.click("main button[type=submit]").await;
        tab.arrive("/auth/login").await;
        let reset = link(&site, arrived(&server, 2).await.last().unwrap());
        send_all(&tab, &proxy, &reset, |action| action == "/auth/reset").await;

        // The page of a link that is void has no form: it is given another one's, with its value.
        tab.go(&proxy.url("/auth/keep-address?token=void")).await;
        let before = proxy.sent().len();
        let send = "fetch('/auth/login').then((answer) => answer.text()).then((page) => { \
                    const form = new DOMParser().parseFromString(page, 'text/html').querySelector('main form'); \
                    form.action = '/auth/keep-address'; \
                    document.body.append(document.adoptNode(form)); form.submit(); }); return null";
        tab.script(send).await;
        until_sent(&proxy, before).await;

        // Somebody leaves, and comes back.
        sign_in(&tab, &proxy, "cleo").await;
        tab.go(&proxy.url("/user/account")).await;
        tab.click("details.danger summary").await;
        tab.click("#delete-sure").await;
        tab.click("details.danger button[type=submit]").await;
        tab.arrive("/").await;
        tab.go(&proxy.url("/auth/login")).await;
        tab.fill("#login", "cleo").await;
        tab.fill("#password", PASSWORD).await;
        tab.click("main button[type=submit]").await;
        site.secrets().add(&tab.value("input[name=token]").await);
        tab.click("main button[type=submit]").await;
        tab.text(".who-name").await;
        note_cookies(&tab, &site).await;
        leave(&tab, &proxy).await;

        // As many other sessions as forms end some.
        let apps = [site.app(), site.app(), site.app()];
        for app in &apps {
            assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
        }
        // Before there is none left to end.
        let ends_others = |action: &str| action == "/user/sessions/end-others";
        send_all(&tab, &proxy, "/user/sessions", ends_others).await;
        for app in &apps {
            assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
        }
        let [app, ..] = &apps;
        let kept = app.post_json("/api/files?name=map.txt", json!("a map")).await;
        let id = kept.json()["file"]["id"].as_str().unwrap().to_owned();
        let share = json!({ "access": "read" });
        app.put_json(&format!("/api/files/{id}/shares/ben"), share).await;
        for page in [
            "/user/account",
            "/user/password",
            "/user/sessions",
            "/uploads",
            "/auth/confirm",
            "/admin/users/2",
            "/admin/users/1",
            "/admin/feedback",
        ] {
            // Those that sign out come last; some forms end sessions as well.
            let is_wanted = |action: &str| action != "/auth/logout";
            send_all(&tab, &proxy, page, is_wanted).await;
            note_cookies(&tab, &site).await;
        }
        leave(&tab, &proxy).await;
    })
    .await;
    let sent = proxy.sent();
    for form in &sent {
        // `null` or nothing: the address of the page is all that is left, or nothing at all.
        assert_eq!(format!("{}/", form.origin), proxy.url("/"), "{form:?}");
        assert!(!form.answer.contains("did not come from our page"), "{form:?}");
        assert!(!form.answer.contains("open for a while"), "{form:?}");
    }
    let came: BTreeSet<_> = sent.iter().map(|form| form.path.as_str()).collect();
    for action in actions() {
        assert!(
            came.iter().any(|path| path.starts_with(&action)),
            "{action} was not sent: {came:?}"
        );
    }
}

/// Sends each form of a page once, as it stands there.
async fn send_all(tab: &Tab, proxy: &Stripping, page: &str, is_wanted: impl Fn(&str) -> bool) {
    const LOGIN: &str = "/auth/login?next=";
    let open = async || {
        tab.go(&proxy.url(page)).await;
        if tab.path().await.starts_with(LOGIN) {
            sign_in(tab, proxy, "ada").await;
            tab.go(&proxy.url(page)).await;
        }
    };
    let forms = "return [...document.querySelectorAll('form[method=post]')].map((form) => form.getAttribute('action'))";
    open().await;
    let actions = tab.script(forms).await;
    for (number, action) in actions.as_array().unwrap().iter().enumerate() {
        if !is_wanted(action.as_str().unwrap()) {
            continue;
        }
        open().await;
        let before = proxy.sent().len();
        let send = format!(
            "const form = document.querySelectorAll('form[method=post]')[{number}]; form?.submit(); return !!form"
        );
        // One that an earlier form has taken away, such as a session's, was sent by that one.
        if tab.script(&send).await == true {
            until_sent(proxy, before).await;
        }
    }
}

async fn until_sent(proxy: &Stripping, before: usize) {
    let sent = async || (proxy.sent().len() > before).then_some(());
    assert!(wait::until_async(Duration::from_secs(10), sent).await.is_some(), "nothing was sent");
}

async fn register(tab: &Tab, name: &str) {
    tab.fill("#username", name).await;
    tab.fill("#email", &email(name)).await;
    tab.fill("#password", PASSWORD).await;
    tab.click("main button[type=submit]").await;
    tab.arrive("/auth/login").await;
}

async fn sign_in(tab: &Tab, proxy: &Stripping, name: &str) {
    tab.go(&proxy.url("/auth/login")).await;
    tab.fill("#login", name).await;
    tab.fill("#password", PASSWORD).await;
    tab.click("main button[type=submit]").await;
    tab.arrive("/").await;
}

async fn leave(tab: &Tab, proxy: &Stripping) {
    tab.go(&proxy.url("/")).await;
    if !tab.has(".who-name").await {
        sign_in(tab, proxy, "ada").await;
    }
    tab.click("nav form button").await;
    tab.text("nav a[href^='/auth/login']").await;
}

/// What the templates send forms to, as far as it stands there.
fn actions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let template = fs::read_to_string(&path).unwrap();
            for form in template.split("method=\"post\" action=\"").skip(1) {
                let action = form.split('"').next().unwrap();
                found.insert(action.split("{{").next().unwrap().to_owned());
            }
        }
    }
    found
}
