//! The log: what happened under its name, and never a secret.

use std::{cell::RefCell, io, sync::Once};

use serde_json::{Value, json};
use vestibule::Carrier;
use vestibule_testkit::{both_carriers, visitors::Visitor};

use crate::site::{PASSWORD, SECRET, Site, refresh_at};

thread_local! {
    /// Everything that was logged on the thread of one test, where that test wants it.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Begins to keep the log of this thread, at every level.
///
/// One subscriber for the whole process: one for each thread races with the tests beside it for what the
/// tracing crate remembers of each line.
pub(crate) fn keep_log() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(|| ToThread)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    LOG.set(Some(Vec::new()));
}

/// The log of this thread, and no more of it.
pub(crate) fn take_log() -> String {
    String::from_utf8(LOG.take().unwrap()).unwrap()
}

struct ToThread;

impl io::Write for ToThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| {
            if let Some(log) = log {
                log.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn every_flow_is_logged_and_no_secret_is(carrier: Carrier) {
    keep_log();
    let wrong = "a wrong guess of somebody";
    let other = "nine purple kettles";
    let site = Site::new().await;
    site.add_user("anna").await;
    let body = json!({ "username": "bert", "email": "bert@example.org", "password": PASSWORD });
    site.anonymous().post_json("/api/auth/register", &body).await;
    let mut secrets = vec![PASSWORD.to_owned(), wrong.to_owned(), other.to_owned()];
    let visitor = site.visitor(carrier);
    for _ in 0..11 {
        visitor.sign_in("bert", wrong).await;
    }
    visitor.sign_in("anna", PASSWORD).await;
    let mut keep = |visitor: &dyn Visitor| {
        secrets.extend(visitor.access_token());
        secrets.extend(visitor.refresh_token());
        secrets.extend(site.csrf_of(visitor));
    };
    keep(&*visitor);
    let first = visitor.refresh_token().unwrap();
    let csrf = site.csrf_of(&*visitor);
    visitor.refresh().await;
    keep(&*visitor);
    visitor.get("/api/edit").await;
    visitor.get("/api/thing?token=in-the-query").await;
    visitor.put_json("/api/auth/password", json!({ "current": PASSWORD, "new": other })).await;
    visitor.confirm(PASSWORD).await;
    visitor.put_json("/api/auth/password", json!({ "current": PASSWORD, "new": other })).await;
    keep(&*visitor);
    visitor.refresh().await;
    keep(&*visitor);
    // From before the password was changed: refused, and no theft.
    refresh_at(site.transport(), carrier, &first, csrf.clone()).await;
    let stolen = visitor.refresh_token().unwrap();
    for _ in 0..2 {
        visitor.refresh().await;
        keep(&*visitor);
    }
    refresh_at(site.transport(), carrier, &stolen, csrf).await;
    visitor.refresh().await;
    visitor.sign_in("anna", other).await;
    keep(&*visitor);
    if carrier == Carrier::Cookie {
        let browser = site.browser_of_with("anna", other).await;
        browser.jar().plant("__Host-csrf", "planted");
        browser.post_json("/api/thing", json!({})).await;
        keep(&browser);
    }
    visitor.hold(Some("a.bad.token-of-nobody"), visitor.refresh_token().as_deref());
    visitor.get("/api/thing").await;
    visitor.sign_in("anna", other).await;
    keep(&*visitor);
    visitor.sign_out().await;
    site.store.set_down(true);
    visitor.sign_in("anna", other).await;

    let text = take_log();
    secrets.push("token-of-nobody".to_owned());
    secrets.push("$argon2".to_owned());
    secrets.push(String::from_utf8(SECRET.to_vec()).unwrap());
    for secret in &secrets {
        assert!(!text.contains(secret.as_str()), "{secret}");
        // Nor a signature alone.
        let (_, signature) = secret.rsplit_once('.').unwrap_or(("", secret));
        assert!(!text.contains(signature), "{signature}");
    }
    let mut events = vec![
        "authn_login_success",
        "authn_login_fail",
        "authn_login_lock",
        "authn_password_change",
        "authn_token_reuse",
        "authz_fail",
        "session_renewed",
        "session_logout",
        "user_created",
        "user_updated",
    ];
    events.extend((carrier == Carrier::Cookie).then_some("malicious_csrf"));
    for event in events {
        assert!(text.contains(&format!("\"event\":\"{event}\"")), "{event}\n{text}");
    }
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

/// What a stranger sends stays one line, and moves no terminal.
async fn a_strangers_text_stays_one_line(carrier: Carrier) {
    let site = Site::new().await;
    site.add_user("anna").await;
    keep_log();
    let evil = "x\r\nFAKE event=\"authn_login_success\" \u{1b}[31m{\"a\":1}";
    site.visitor(carrier).sign_in(evil, evil).await;
    let mut request = vestibule_testkit::visitors::request(
        http::Method::POST,
        "/api/auth/login",
        Some(&crate::site::login_body(evil, "x", "header")),
    );
    request.headers_mut().insert("user-agent", "a\tFAKE \u{9b}31m".parse().unwrap());
    request.headers_mut().insert("x-forwarded-for", "FAKE".parse().unwrap());
    site.anonymous().send(request).await;
    let text = take_log();
    assert_eq!(text.lines().count(), 2, "{text}");
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for value in line["fields"].as_object().unwrap().values() {
            assert!(!value.to_string().contains("authn_login_success"), "{value}");
            assert!(!value.as_str().unwrap_or_default().contains(char::is_control), "{value}");
        }
    }
}

both_carriers!(every_flow_is_logged_and_no_secret_is, a_strangers_text_stays_one_line);
