//! Clients that hang up right after they have sent: what they began is done with all that belongs to it, or not
//! at all.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use vestibule_testkit::{
    mail_server::{MailServer, Received},
    site::{Place, Site},
    visitors::Visitor as _,
    wait,
    wire::Message,
};

use super::BACK_WITHIN;
use crate::{
    mail::{link, with_server},
    test_app::{
        NEW_PASSWORD, PASSWORD, ask_store, clock, create_user, email, file_place, run_json, serve,
        with_database,
    },
};

/// How many people do each thing.
const PEOPLE: usize = 8;
/// How often an administrator changes an account.
const GRANTS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_is_whole_in_a_file() {
    what_was_begun_is_whole(file_place()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_is_whole_in_postgresql() {
    what_was_begun_is_whole(with_database(file_place())).await;
}

async fn what_was_begun_is_whole(place: Place) {
    create_user(&place, "root", &["--super-user"]);
    create_user(&place, "granted", &[]);
    for number in 0..PEOPLE {
        create_user(&place, &format!("changes{number}"), &[]);
        create_user(&place, &format!("leaves{number}"), &[]);
    }
    let before = hashes(&place);
    let site = serve(&place);
    grants(&place, &site).await;
    for number in 0..PEOPLE {
        let body = json!({ "current": PASSWORD, "new": NEW_PASSWORD });
        hang_up(&site, &format!("changes{number}"), "PUT", "/api/auth/password", &body).await;
        hang_up(&site, &format!("leaves{number}"), "DELETE", "/api/user", &json!({})).await;
    }
    // It ends once everything that was begun is done.
    site.stop();

    let granted = one(&place, "SELECT version - 1 FROM users WHERE username = 'granted'");
    let told = "SELECT COUNT(*) FROM events WHERE name = 'authz_admin' AND outcome = 'success'";
    assert_eq!(one(&place, told), granted, "each change is in the trail, and nothing else is");
    assert!(granted > 0);
    let now = hashes(&place);
    let mut changes = [0, 0];
    for number in 0..PEOPLE {
        let name = format!("changes{number}");
        let is_changed = whole(&place, &name, "authn_password_change", "password changed");
        assert_eq!(before[&name] != now[&name], is_changed, "the password of {name}");
        changes[0] += i64::from(is_changed);
        let name = format!("leaves{number}");
        let is_deleted = whole(&place, &name, "user_deleted", "deleted");
        let status =
            format!("SELECT COUNT(*) FROM users WHERE username = '{name}' AND status = 'deleted'");
        assert_eq!(one(&place, &status), i64::from(is_deleted), "{name}");
        changes[1] += i64::from(is_deleted);
    }
    assert!(changes.iter().all(|count| *count > 0), "{changes:?}: somebody got that far");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_used_up_together_with_the_new_password_in_a_file() {
    a_link_is_used_up_together_with_the_new_password(file_place()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_used_up_together_with_the_new_password_in_postgresql() {
    a_link_is_used_up_together_with_the_new_password(with_database(file_place())).await;
}

async fn a_link_is_used_up_together_with_the_new_password(place: Place) {
    let server = MailServer::start();
    let place = with_server(place, &server);
    for number in 0..PEOPLE {
        create_user(&place, &format!("forgets{number}"), &[]);
    }
    let before = hashes(&place);
    let site = serve(&place);
    for number in 0..PEOPLE {
        let name = format!("forgets{number}");
        let browser = site.browser(clock());
        browser.navigate("/auth/forgot").await;
        assert_eq!(browser.submit("/auth/forgot", &[("login", &*name)]).await.status, 303);
        let is_theirs = |mail: &Received| {
            mail.to == [email(&name)] && mail.content.contains("/auth/reset?token=")
        };
        let mail =
            wait::until_async(BACK_WITHIN, async || server.mails().into_iter().find(is_theirs));
        let reset = link(&site, &mail.await.expect("a link comes"));
        let page = browser.navigate(&reset).await;
        let csrf = page.hidden_field("csrf_token").expect("a form");
        let cookies = browser.jar().header("/auth/reset").expect("a visitor's cookie");
        let token = reset.split_once('=').expect("a token").1;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("csrf_token", &*csrf), ("token", token), ("password", NEW_PASSWORD)])
            .finish();
        let headers = [
            ("host", site.address().to_string()),
            ("origin", browser.origin().to_owned()),
            ("cookie", cookies),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        send_and_leave(site.address(), "POST", "/auth/reset", &headers, &body).await;
    }
    site.stop();
    let now = hashes(&place);
    let mut resets = 0;
    for number in 0..PEOPLE {
        let name = format!("forgets{number}");
        let is_reset = whole(&place, &name, "authn_password_change", "password changed");
        assert_eq!(before[&name] != now[&name], is_reset, "the password of {name}");
        let used = format!(
            "SELECT COUNT(*) FROM one_time WHERE purpose = 'reset_password' AND used_at IS NOT NULL \
             AND user_id = (SELECT id FROM users WHERE username = '{name}')"
        );
        assert_eq!(one(&place, &used), i64::from(is_reset), "the link of {name}");
        resets += i64::from(is_reset);
    }
    assert!(resets > 0, "somebody got that far");
}

/// The hashes of all passwords, by user name.
fn hashes(place: &Place) -> BTreeMap<String, String> {
    let rows = ask_store(place, "SELECT username || ' ' || password_hash FROM users");
    let pairs = rows.iter().filter_map(|row| row.split_once(' '));
    pairs.map(|(name, hash)| (name.to_owned(), hash.to_owned())).collect()
}

/// An administrator who grants, and never waits for an answer.
async fn grants(place: &Place, site: &Site) {
    let user = run_json(place, &["user", "show", "granted", "--json"])["id"].to_string();
    let app = site.app();
    assert_eq!(app.sign_in("root", PASSWORD).await.status, 200);
    let token = app.access_token().expect("a token");
    for number in 0..GRANTS {
        let body = json!({ "roles": [format!("role{number}")] }).to_string();
        let path = format!("/api/admin/users/{}", user.trim_matches('"'));
        send_as(site, &token, "PATCH", &path, &body).await;
    }
}

/// Somebody signs in, sends this, and leaves.
async fn hang_up(site: &Site, name: &str, method: &str, path: &str, body: &Value) {
    let app = site.app();
    assert_eq!(app.sign_in(name, PASSWORD).await.status, 200);
    send_as(site, &app.access_token().expect("a token"), method, path, &body.to_string()).await;
}

async fn send_as(site: &Site, token: &str, method: &str, path: &str, body: &str) {
    let headers = [
        ("host", site.address().to_string()),
        ("authorization", format!("Bearer {token}")),
        ("content-type", "application/json".to_owned()),
    ];
    send_and_leave(site.address(), method, path, &headers, body).await;
}

async fn send_and_leave(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &str,
) {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = Message::request(method, path, &headers, body);
    let mut stream = TcpStream::connect(address).await.expect("the site listens");
    stream.write_all(request.bytes()).await.expect("it takes the request");
    // Some leave at once, and some when the site may have begun.
    tokio::task::yield_now().await;
    drop(stream);
}

/// Whether somebody's change was made, as far as its event says; its mail has to say the same.
fn whole(place: &Place, name: &str, event: &str, mail: &str) -> bool {
    let whose = format!("(SELECT id FROM users WHERE username = '{name}')");
    let events =
        format!("SELECT COUNT(*) FROM events WHERE name = '{event}' AND subject = {whose}");
    let mails = format!("SELECT COUNT(*) FROM mails WHERE kind = '{mail}' AND user_id = {whose}");
    let (events, mails) = (one(place, &events), one(place, &mails));
    assert_eq!(events, mails, "{name}: {event} and {mail}");
    assert!(events < 2);
    events == 1
}

fn one(place: &Place, question: &str) -> i64 {
    ask_store(place, question)[0].parse().expect("a number")
}
