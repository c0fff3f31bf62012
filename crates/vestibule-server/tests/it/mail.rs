//! Mails through a real mail server, and what people do with them.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use serde_json::json;
use vestibule_testkit::{
    mail_server::{MailServer, Received},
    site::{Place, Site},
    visitors::Visitor as _,
    wait,
};

use crate::test_app::{NEW_PASSWORD, PASSWORD, ask_store, clock, place, serve, serve_again};

/// How long mails may take to arrive, with the waits after failures.
const ARRIVE_WITHIN: Duration = Duration::from_secs(90);

pub(crate) fn with_server(place: Place, server: &MailServer) -> Place {
    place.with("VESTIBULE_MAIL__URL", &format!("smtp://{}", server.address()))
}

/// Waits until so many mails have come, and gives them.
pub(crate) async fn arrived(server: &MailServer, count: usize) -> Vec<Received> {
    let mails = wait::until_async(ARRIVE_WITHIN, async || {
        let mails = server.mails();
        (mails.len() >= count).then_some(mails)
    });
    let mails = mails.await;
    let mails = mails.unwrap_or_else(|| panic!("{count} mails, and not {:#?}", server.mails()));
    assert_eq!(mails.len(), count);
    mails
}

/// How many mails came how far, once none waits any more.
async fn settled(place: &Place) -> (i64, i64) {
    let count = |state: &str| count(place, &format!("state = '{state}'"));
    let settled = wait::until_async(ARRIVE_WITHIN, async || (count("waiting") == 0).then_some(()));
    settled.await.expect("no mail waits for ever");
    (count("sent"), count("given_up"))
}

/// How many mails in the store fit.
fn count(place: &Place, condition: &str) -> i64 {
    let rows = ask_store(place, &format!("SELECT COUNT(*) FROM mails WHERE {condition}"));
    rows[0].parse().unwrap()
}

/// Path and query of the link in a mail, which no log may hold from here on.
pub(crate) fn link(site: &Site, mail: &Received) -> String {
    let link = mail.content.lines().find(|line| line.contains("?token=")).expect("a link");
    let path = link.strip_prefix(site.url()).expect("a link to the site").to_owned();
    site.secrets().add(path.split_once('=').unwrap().1);
    path
}

fn token(link: &str) -> &str {
    link.split_once('=').unwrap().1
}

async fn register(site: &Site, name: &str) {
    let email = format!("{name}@people.test");
    let body = json!({ "username": name, "email": email, "password": PASSWORD });
    assert_eq!(site.anonymous().post_json("/api/auth/register", &body).await.status, 202);
}

/// A certificate for `localhost` and its key, as files.
fn certificate(place: &Place) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (place.path().join("mail.crt"), place.path().join("mail.key"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

#[tokio::test]
async fn people_verify_forget_and_reset_by_encrypted_mail() {
    let place = place();
    let (certificate, key) = certificate(&place);
    let server = MailServer::encrypted(&certificate, &key);
    server.admit("site", "pass/word 7");
    let url =
        format!("smtp://site:pass%2Fword%207@localhost:{}?tls=required", server.address().port());
    let place = place
        .with("VESTIBULE_MAIL__URL", &url)
        .with("VESTIBULE_MAIL__FROM", "Küche <no-reply@maps.test>")
        .with("VESTIBULE_ACCOUNTS__VERIFIED_EMAIL", "required")
        .with("SSL_CERT_FILE", &certificate.display().to_string());
    place.secrets().add("pass/word 7");
    let site = serve(&place);
    register(&site, "ada").await;
    let mail = arrived(&server, 1).await.remove(0);
    assert!(mail.encrypted && mail.login.as_deref() == Some("site"), "{mail:?}");
    assert_eq!(
        (mail.from.as_str(), &*mail.to),
        ("no-reply@maps.test", &["ada@people.test".to_owned()][..])
    );
    assert!(mail.content.contains("From: =?utf-8?b?") && mail.content.contains("text/html"));

    let verify = link(&site, &mail);
    let browser = site.browser(clock());
    assert_eq!(browser.navigate(&verify).await.status, 200);
    let fields = [("token", token(&verify))];
    assert_eq!(browser.submit("/auth/verify", &fields).await.status, 303);
    assert_eq!(site.app().sign_in("ada", PASSWORD).await.status, 200);

    browser.navigate("/auth/forgot").await;
    assert_eq!(browser.submit("/auth/forgot", &[("login", "ada")]).await.status, 303);
    let reset = link(&site, &arrived(&server, 2).await.remove(1));
    let page = browser.navigate(&reset).await;
    assert_eq!(page.header("referrer-policy"), "strict-origin");
    let fields = [("token", token(&reset)), ("password", NEW_PASSWORD)];
    assert_eq!(browser.submit("/auth/reset", &fields).await.status, 303);
    assert_eq!(site.app().sign_in("ada", PASSWORD).await.status, 401);
    assert_eq!(site.app().sign_in("ada", NEW_PASSWORD).await.status, 200);
    assert!(arrived(&server, 3).await.remove(2).content.contains("was changed"));
    assert_eq!(settled(&place).await, (3, 0));
    assert_eq!(count(&place, "LENGTH(sealed) > 0"), 0, "what was sent is not kept");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_no_mail() {
    let place = place();
    let (certificate, key) = certificate(&place);
    let server = MailServer::encrypted(&certificate, &key);
    let url = format!("smtp://localhost:{}?tls=required", server.address().port());
    let place = place.with("VESTIBULE_MAIL__URL", &url);
    let site = serve(&place);
    register(&site, "ada").await;
    let tried = || {
        let sql = "SELECT last_error FROM mails WHERE tries > 1 AND last_error IS NOT NULL";
        ask_store(&place, sql).pop()
    };
    let error = wait::until_async(ARRIVE_WITHIN, async || tried()).await.expect("a reason is kept");
    assert!(error.contains("certificate"), "{error}");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn mails_outlive_the_mail_server_and_the_site() {
    let mut server = MailServer::start();
    let place = with_server(place(), &server);
    let site = serve(&place);
    let address = site.address();
    register(&site, "first").await;
    arrived(&server, 1).await;
    server.kill();
    for number in 0..8 {
        register(&site, &format!("person{number}")).await;
    }
    // In the store, some of them tried.
    let waiting = || count(&place, "state = 'waiting'");
    wait::until_async(ARRIVE_WITHIN, async || (waiting() == 8).then_some(())).await.unwrap();
    site.kill();
    server.start_again();
    let site = serve_again(&place, address);
    let mails = arrived(&server, 9).await;
    assert_eq!(settled(&place).await, (9, 0));
    assert_eq!(server.mails().len(), 9, "each of them once");
    let people: BTreeSet<_> = mails.iter().flat_map(|mail| &mail.to).collect();
    assert_eq!(people.len(), 9);
    let id = |mail: &Received| {
        let mut lines = mail.content.lines();
        lines.find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned()
    };
    assert_eq!(mails.iter().map(id).collect::<BTreeSet<_>>().len(), 9);
    site.stop();
}

#[tokio::test]
async fn what_a_server_refuses_for_now_is_tried_again_and_what_it_refuses_for_good_is_not() {
    let server = MailServer::start();
    let place = with_server(place(), &server);
    let site = serve(&place);
    server.refuse("451 4.3.0 Later, please");
    register(&site, "later").await;
    let tried = |text: &str| {
        let columns = "state || ' ' || tries";
        let sql = format!("SELECT {columns} FROM mails WHERE last_error LIKE '%{text}%'");
        ask_store(&place, &sql).pop()
    };
    let first = wait::until_async(ARRIVE_WITHIN, async || tried("Later, please")).await;
    assert!(first.expect("a reason is kept").starts_with("waiting "));
    server.refuse("");
    arrived(&server, 1).await;
    server.refuse("550 5.1.1 Nobody here");
    register(&site, "nobody").await;
    let given_up = wait::until_async(ARRIVE_WITHIN, async || tried("Nobody here")).await;
    assert_eq!(given_up.as_deref(), Some("given_up 1"));
    assert_eq!(server.mails().len(), 1);
}
