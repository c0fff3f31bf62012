//! Every page at phone and desk width, light and dark. The pictures are in `target/screenshots`.

use std::path::{Path, PathBuf};

use http::Method;
use serde_json::json;
use vestibule_testkit::{
    chromium::{Look, Tab, browse},
    site::Site,
    visitors::{Visitor as _, request, with},
};

use super::{judges, note_cookies, sign_in};
use crate::test_app::{PASSWORD, create_user, place, serve};

pub(super) const LOOKS: [(&str, Look); 4] = [
    ("phone-light", Look::PHONE),
    ("phone-dark", Look::PHONE.dark()),
    ("desk-light", Look::DESK),
    ("desk-dark", Look::DESK.dark()),
];

/// The pages of somebody who is not signed in; those marked are refusals.
pub(super) const OUTSIDE: [(&str, &str, bool); 10] = [
    ("front", "/", false),
    ("login", "/auth/login", false),
    ("cookies-blocked", "/auth/login?cookies=blocked", false),
    ("register", "/auth/register", false),
    ("feedback", "/feedback", false),
    ("verify", "/auth/verify", false),
    ("forgot", "/auth/forgot", false),
    ("reset-void", "/auth/reset", true),
    ("logout", "/auth/logout", false),
    ("not-found", "/nowhere", true),
];

/// The pages of those who run the site. The account of number 2 is there, and a piece of feedback.
pub(super) const ADMINISTRATION: [(&str, &str, bool); 11] = [
    ("admin", "/admin", false),
    ("admin-users", "/admin/users", false),
    ("admin-users-none", "/admin/users?q=nobody&status=suspended", false),
    ("admin-user", "/admin/users/2", false),
    ("admin-user-own", "/admin/users/1", false),
    ("admin-audit", "/admin/audit", false),
    ("admin-audit-narrowed", "/admin/audit?event=authn_login_fail&from=2020-01-01", false),
    ("admin-feedback", "/admin/feedback", false),
    ("admin-outbox", "/admin/outbox", false),
    ("admin-outbox-none", "/admin/outbox?state=given_up", false),
    ("admin-keys", "/admin/keys", false),
];

/// The pages of somebody who is.
pub(super) const INSIDE: [(&str, &str, bool); 7] = [
    ("front-signed-in", "/", false),
    ("account", "/user/account", false),
    ("password", "/user/password", false),
    ("sessions", "/user/sessions", false),
    ("confirm", "/auth/confirm?next=/user/password", false),
    ("logout-signed-in", "/auth/logout", false),
    ("not-found-signed-in", "/user/nowhere", true),
];

pub(super) fn pictures() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../screenshots")
}

/// Whether the page fits the screen, is open to everybody, light, loads all that it names and breaks no rule of its
/// own; takes the pictures.
pub(super) async fn look_at(tab: &Tab, name: &str, is_refusal: bool, looks: &[(&str, Look)]) {
    for (look_name, look) in looks {
        tab.put_on(*look).await;
        let [wide, room] = ["document.documentElement.scrollWidth", "innerWidth"];
        let wide = tab.script(&format!("return {wide}")).await.as_i64().unwrap();
        let room = tab.script(&format!("return {room}")).await.as_i64().unwrap();
        assert!(wide <= room, "{name} at {look_name} is {wide} wide, and there is room for {room}");
        assert_eq!(room, i64::from(look.width), "{name} at {look_name}");
        if look.has_scripts {
            judges::find_no_barrier(tab, &format!("{name} at {look_name}")).await;
        }
        tab.picture(&pictures().join(format!("{name}-{look_name}.png"))).await;
    }
    judges::weigh(tab, name).await;
    let mut complaints = tab.complaints().await;
    // The browser calls every status of a refusal a failure to load.
    complaints
        .retain(|line| !(is_refusal && line.contains("the server responded with a status of")));
    assert!(complaints.is_empty(), "{name}: {complaints:#?}");
    let unnamed = "return [...document.querySelectorAll('input:not([type=hidden]):not([hidden]), button, a')]\
        .filter((e) => !(e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label')))\
        .map((e) => e.outerHTML)";
    assert_eq!(
        tab.script(unnamed).await,
        json!([]),
        "{name}: everything has a name to be read out"
    );
    assert!(tab.title().await.ends_with("– Vestibule"), "{name}");
    assert_eq!(tab.script("return document.querySelectorAll('h1').length").await, 1, "{name}");
}

async fn walk(tab: &Tab, site: &Site, pages: &[(&str, &str, bool)], looks: &[(&str, Look)]) {
    for (name, path, is_refusal) in pages {
        tab.go(&format!("{}{path}", site.url())).await;
        assert_eq!(tab.path().await, *path, "{name} is open to be seen");
        look_at(tab, name, *is_refusal, looks).await;
    }
}

#[tokio::test]
async fn the_pages_of_a_stranger_fit_every_screen() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let said = place.said();
    let (_, link) = said.split_once("/auth/setup").expect("a link for the first run");
    let setup = format!("/auth/setup{}", link.split_whitespace().next().unwrap());
    browse(Look::DESK, async |tab| {
        walk(&tab, &site, &OUTSIDE, &LOOKS).await;
        walk(&tab, &site, &[("setup", &*setup, false)], &LOOKS).await;

        tab.go(&format!("{}/auth/login", site.url())).await;
        tab.fill("#login", "ada").await;
        tab.fill("#password", "not my password at all").await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text("#error-bar").await.contains("not right"));
        assert_eq!(tab.value("#login").await, "ada", "what was typed is kept");
        assert_eq!(tab.value("#password").await, "", "but never a password");
        look_at(&tab, "login-refused", true, &LOOKS).await;

        tab.go(&format!("{}/auth/register", site.url())).await;
        tab.fill("#username", "ADA").await;
        tab.fill("#email", "eve@people.test").await;
        tab.fill("#password", "short").await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text(".summary").await.contains("look at this again"));
        look_at(&tab, "register-refused", true, &LOOKS).await;

        // What the rules of the browser would hold back is refused by the site just as well.
        tab.script("document.querySelector('input[name=csrf_token]').value = 'x'; \
            for (const input of document.querySelectorAll('main input[required]')) input.required = false; \
            document.querySelector('main form').submit()").await;
        tab.text(".notice-error").await;
        look_at(&tab, "register-outdated", true, &LOOKS).await;
    })
    .await;
}

#[tokio::test]
async fn the_pages_of_a_member_fit_every_screen() {
    let place = place();
    let long = "wilhelmina-von-und-zu-hohenzollern-42";
    create_user(&place, long, &["--super-user"]);
    let site = serve(&place);
    // Other devices, one of which has left.
    let (phone, gone) = (site.app(), site.app());
    assert_eq!(phone.sign_in(long, PASSWORD).await.status, 200);
    assert_eq!(gone.sign_in(long, PASSWORD).await.status, 200);
    assert_eq!(gone.sign_out().await.status, 204);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, long, "/user/account").await;
        note_cookies(&tab, &site).await;
        walk(&tab, &site, &INSIDE, &LOOKS).await;

        tab.go(&format!("{}/user/account", site.url())).await;
        tab.fill("#email", "ada@nowhere").await;
        tab.script("document.querySelector('form.card').noValidate = true").await;
        tab.click("form.card button[type=submit]").await;
        tab.text("main").await;
        look_at(&tab, "account-after-saving", true, &LOOKS).await;

        tab.go(&format!("{}/user/sessions", site.url())).await;
        tab.click("form[action$=end-others] button").await;
        assert!(tab.text(".notice-success").await.contains("ended"));
        look_at(&tab, "sessions-ended", false, &LOOKS).await;

        // One that was renewed, ended by theft, and asked for since.
        let stolen = site.app();
        assert_eq!(stolen.sign_in(long, PASSWORD).await.status, 200);
        let first = stolen.refresh_token().unwrap();
        for _ in 0..2 {
            assert_eq!(stolen.refresh().await.status, 200);
        }
        let bearer = format!("Bearer {first}");
        for _ in 0..3 {
            let again =
                with(request(Method::POST, "/api/auth/refresh", None), "authorization", &bearer);
            assert_eq!(site.anonymous().send(again).await.status, 401);
        }
        tab.reload().await;
        tab.click(".session-head:has(.badge-bad) a").await;
        assert!(tab.text(".history").await.contains("somebody else had a copy"));
        look_at(&tab, "session-stolen", false, &LOOKS).await;
    })
    .await;
    assert_eq!(phone.get("/api/auth/me").await.code(), "token_revoked");
}

#[tokio::test]
async fn the_pages_fit_without_scripts_too() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let looks = [("phone-without-scripts", Look::PHONE.without_scripts())];
    browse(Look::PHONE.without_scripts(), async |tab| {
        walk(&tab, &site, &OUTSIDE, &looks).await;
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        walk(&tab, &site, &INSIDE, &looks).await;
        walk(&tab, &site, &[("feedback", "/feedback", false)], &looks).await;
    })
    .await;
}

/// Those who run the site find somebody, look at them, and change something; it is in the trail.
#[tokio::test]
async fn the_pages_of_those_who_run_the_site_fit_every_screen() {
    let place = place();
    create_user(&place, "ada", &["--super-user"]);
    let long = "wilhelmina-von-und-zu-hohenzollern-42";
    create_user(&place, long, &["--role", "editor", "--role", "map-maker"]);
    let site = serve(&place);
    let (phone, gone) = (site.app(), site.app());
    assert_eq!(phone.sign_in(long, "not my password at all").await.status, 401);
    assert_eq!(phone.sign_in(long, PASSWORD).await.status, 200);
    assert_eq!(gone.sign_in(long, PASSWORD).await.status, 200);
    assert_eq!(phone.refresh().await.status, 200);
    assert_eq!(gone.sign_out().await.status, 204);
    browse(Look::DESK, async |tab| {
        tab.go(&format!("{}/feedback", site.url())).await;
        tab.fill("#text", "The map of the harbour is upside down.").await;
        tab.fill("#email", "sailor@people.test").await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text(".notice-success").await.contains("has arrived"));

        sign_in(&tab, &site, "ada", "/admin").await;
        note_cookies(&tab, &site).await;
        walk(&tab, &site, &ADMINISTRATION, &LOOKS).await;

        tab.go(&format!("{}/admin", site.url())).await;
        tab.click(".rooms a[href='/admin/users']").await;
        tab.arrive("/admin/users").await;
        tab.fill("#q", "wilhel").await;
        tab.click(".search button").await;
        tab.arrive("/admin/users?q=wilhel&status=&role=&super_user=").await;
        tab.click(".stack td a.name").await;
        tab.arrive("/admin/users/2").await;
        let path = tab.path().await;
        tab.click(".stack td[data-label=Device] a").await;
        assert!(tab.text("main").await.contains("How it was renewed"));
        look_at(&tab, "admin-session", false, &LOOKS).await;
        tab.go(&format!("{}{path}", site.url())).await;
        tab.click("#standing-title + .card button").await;
        assert!(tab.text(".notice-success").await.contains("saved"));
        assert!(tab.text("main .meta").await.contains("Suspended"));
        look_at(&tab, "admin-user-suspended", false, &LOOKS).await;

        tab.go(&format!("{}/admin/users/1", site.url())).await;
        tab.click("form[action$='/reset'] button").await;
        assert!(tab.text(".notice-success").await.contains("on its way"));
        tab.go(&format!("{}/admin/outbox", site.url())).await;
        assert!(tab.text("main").await.contains("Reset started"));
        look_at(&tab, "admin-outbox-with-mails", false, &LOOKS).await;

        // The last one stays, and is told why.
        tab.go(&format!("{}/admin/users/1", site.url())).await;
        tab.click("#standing-title + .card button").await;
        assert!(tab.text("#error-bar").await.contains("nobody would be left"));
        look_at(&tab, "admin-user-last", true, &LOOKS).await;
    })
    .await;
    assert_eq!(phone.get("/api/auth/me").await.code(), "token_revoked");
}
