//! Another e-mail address: who may ask for one, and what takes that back.

use std::time::Duration;

use super::{
    Answer, Browser, PASSWORD, TestApp,
    verify::{link, token},
};

const NEW: &str = "annika@example.org";

async fn ask(browser: &mut Browser, email: &str) -> Answer {
    browser.get("/user/account").await;
    let fields = [("action", "save"), ("username", "anna"), ("email", email)];
    browser.send("/user/account", &fields).await
}

/// Anna's browser, and the links in the mails to the new address and to the one that she has.
async fn asked(app: &TestApp) -> (Browser, String, String) {
    let mut browser = app.signed_in("anna").await;
    let before = app.mails().await.len();
    assert_eq!(ask(&mut browser, NEW).await.location, "/user/account");
    let mails = app.mails().await;
    let to = |address: &str| {
        let line = format!("To: {address}\r\n");
        link(mails[before..].iter().find(|mail| mail.contains(&line)).unwrap())
    };
    let (new, own) = (to(NEW), to("anna@example.org"));
    assert!(new.starts_with("/auth/verify?") && own.starts_with("/auth/keep-address?"));
    (browser, new, own)
}

/// Whether the link to the new address does what it was sent for.
async fn is_void(app: &TestApp, link: &str) -> bool {
    let mut stranger = app.browser();
    let shown = stranger.get(link).await.status;
    let fields = [("token", token(link))];
    stranger.get("/auth/forgot").await;
    let sent = stranger.send("/auth/verify", &fields).await.status;
    let address = app.user("anna").await.email;
    match (shown, sent) {
        (403, 403) => address == "anna@example.org",
        (200, 303) => {
            assert_eq!(address, NEW);
            false
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn another_name_or_address_asks_for_freshness() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let mails = app.mails().await.len();
    for (username, email) in [("anna", NEW), ("annika", "anna@example.org")] {
        browser.get("/user/account").await;
        app.clock.pass(Duration::from_secs(11 * 60));
        let fields = [("action", "save"), ("username", username), ("email", email)];
        let answer = browser.send("/user/account", &fields).await;
        assert_eq!(answer.location, "/auth/confirm?next=%2Fuser%2Faccount", "{username} {email}");
    }
    assert_eq!(app.mails().await.len(), mails, "nobody was written to");
    assert_eq!(app.user("anna").await.username, "anna");
    // A language lets nobody in.
    browser.get("/user/account").await;
    let fields =
        [("action", "save"), ("username", "anna"), ("email", "anna@example.org"), ("locale", "de")];
    assert_eq!(browser.send("/user/account", &fields).await.location, "/user/account");
    assert!(app.user("anna").await.locale.is_some());
}

#[tokio::test]
async fn a_request_for_another_address_ends_with_the_session_that_made_it() {
    let app = TestApp::open().await;
    let (browser, new, _) = asked(&app).await;
    drop(browser);
    assert!(!is_void(&app, &new).await, "nothing has ended it");

    let app = TestApp::open().await;
    let (mut browser, new, _) = asked(&app).await;
    app.clock.pass(Duration::from_secs(3600));
    browser.get("/user/account").await;
    assert!(browser.shows(NEW), "renewal ends nothing");
    assert!(!is_void(&app, &new).await);

    let app = TestApp::open().await;
    let (mut browser, new, _) = asked(&app).await;
    browser.get("/user/account").await;
    browser.send("/auth/logout", &[]).await;
    assert!(is_void(&app, &new).await, "signed out");

    let app = TestApp::open().await;
    let (mut thief, new, _) = asked(&app).await;
    let mut owner = app.browser();
    owner.sign_in("anna").await;
    owner.get("/user/account").await;
    assert!(owner.shows(NEW), "the owner sees what waits");
    owner.send("/user/sessions/end-others", &[]).await;
    assert!(is_void(&app, &new).await, "ended by the owner");
    owner.get("/user/account").await;
    assert!(!owner.shows(NEW));
    assert_eq!(thief.get("/user/account").await.status, 303);

    let app = TestApp::open().await;
    let (_, new, _) = asked(&app).await;
    app.clock.pass(Duration::from_secs(13 * 3600));
    assert!(is_void(&app, &new).await, "not used for too long");
}

#[tokio::test]
async fn a_request_for_another_address_gives_way_to_what_is_wanted_later() {
    let new_password = "four quiet rivers humming";
    let app = TestApp::open().await;
    let (mut browser, new, _) = asked(&app).await;
    ask(&mut browser, "another@example.org").await;
    assert!(is_void(&app, &new).await, "another one was asked for");

    let app = TestApp::open().await;
    let (mut browser, new, _) = asked(&app).await;
    let answer = ask(&mut browser, "anna@example.org").await;
    browser.follow(answer).await;
    assert!(browser.shows("Your account keeps its e-mail address") && !browser.shows(NEW));
    assert!(is_void(&app, &new).await, "the present one was saved");

    let app = TestApp::open().await;
    let (mut browser, new, _) = asked(&app).await;
    app.clock.pass(Duration::from_secs(11 * 60));
    browser.get("/user/account").await;
    assert!(browser.shows("Cancel this change"));
    let answer = browser.send("/user/account", &[("action", "keep-address")]).await;
    browser.follow(answer).await;
    assert!(browser.shows("Your account keeps its e-mail address") && !browser.shows(NEW));
    assert!(!browser.shows("Cancel this change"));
    assert!(is_void(&app, &new).await, "cancelled");

    let app = TestApp::open().await;
    let (mut browser, new, _) = asked(&app).await;
    browser.get("/user/password").await;
    let fields = [("current", PASSWORD), ("new", new_password)];
    assert_eq!(browser.send("/user/password", &fields).await.location, "/user/account");
    assert!(is_void(&app, &new).await, "another password");

    let app = TestApp::open().await;
    let (_, new, _) = asked(&app).await;
    let mut owner = app.browser();
    owner.get("/auth/forgot").await;
    owner.send("/auth/forgot", &[("login", "anna")]).await;
    let reset = link(app.mails().await.last().unwrap());
    owner.get(&reset).await;
    let fields = [("token", token(&reset)), ("password", new_password)];
    assert_eq!(owner.send("/auth/reset", &fields).await.location, "/auth/login");
    assert!(is_void(&app, &new).await, "the password was reset");
}

#[tokio::test]
async fn the_present_address_takes_it_back_and_signs_everybody_out() {
    let app = TestApp::open().await;
    let (mut thief, new, own) = asked(&app).await;
    let mails = app.mails().await;
    let told = mails.iter().find(|mail| mail.contains("/auth/keep-address")).unwrap();
    assert!(told.contains("To: anna@example.org\r\n") && !told.contains("annika"), "{told}");
    let mut owner = app.browser();
    // Programs follow links too.
    for _ in 0..2 {
        assert_eq!(owner.get(&own).await.status, 200);
    }
    thief.get("/user/account").await;
    assert!(thief.shows(NEW), "nothing has happened yet");
    assert!(owner.shows("Keep my address and sign out everywhere"));
    let answer = owner.send("/auth/keep-address", &[("token", token(&own))]).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login"));
    owner.follow(answer).await;
    assert!(owner.shows("every device is signed out"));
    assert!(is_void(&app, &new).await);
    assert_eq!(thief.get("/user/account").await.status, 303);

    assert_eq!(owner.get(&own).await.status, 403);
    assert!(owner.shows("This link was used") && owner.shows("/auth/forgot"));
    assert_eq!(owner.send("/auth/keep-address", &[("token", token(&own))]).await.status, 403);
    for void in ["/auth/keep-address", "/auth/keep-address?token=x", &format!("{own}A")] {
        assert_eq!(owner.get(void).await.status, 403, "{void}");
    }
}

#[tokio::test]
async fn only_our_own_form_keeps_an_address() {
    let app = TestApp::open().await;
    let (mut thief, new, own) = asked(&app).await;
    let mut owner = app.browser();
    owner.get(&own).await;
    owner.jar.clear();
    assert_eq!(owner.send("/auth/keep-address", &[("token", token(&own))]).await.status, 403);
    assert!(owner.shows("blocks cookies"));
    assert_eq!(thief.get("/user/account").await.status, 200);
    assert!(!is_void(&app, &new).await);
}

/// What opens one page opens no other.
#[tokio::test]
async fn a_token_serves_its_one_purpose() {
    let app = TestApp::open().await;
    let verify = {
        app.signed_in("anna").await;
        link(&app.mails().await[0])
    };
    let mut stranger = app.browser();
    stranger.get("/auth/forgot").await;
    stranger.send("/auth/forgot", &[("login", "anna")]).await;
    let reset = link(app.mails().await.last().unwrap());
    let mut browser = app.browser();
    browser.sign_in("anna").await;
    ask(&mut browser, NEW).await;
    let mails = app.mails().await;
    let change = link(mails.iter().find(|mail| mail.contains("To: annika@")).unwrap());
    let keep = link(mails.iter().find(|mail| mail.contains("/auth/keep-address")).unwrap());
    let pages = ["/auth/verify", "/auth/reset", "/auth/keep-address", "/auth/setup"];
    for (own, link) in [
        ("/auth/verify", &verify),
        ("/auth/verify", &change),
        ("/auth/reset", &reset),
        ("/auth/keep-address", &keep),
    ] {
        let token = token(link);
        for page in pages {
            let expected = if page == own { 200 } else { 403 };
            let shown = stranger.get(&format!("{page}?token={token}")).await.status;
            assert_eq!(shown, expected, "{page} by the token of {own}");
            if page != own {
                stranger.get("/auth/login").await;
                let fields = [("token", token), ("password", "four quiet rivers humming")];
                assert_eq!(stranger.send(page, &fields).await.status, 403, "{page} by {own}");
            }
        }
        stranger.get("/auth/login").await;
        let answer = stranger.send("/auth/restore", &[("token", token)]).await;
        assert_eq!(answer.location, "/auth/login", "nothing is taken back");
    }
    assert!(app.user("anna").await.email_verified_at.is_none());
}

/// An account that was registered with a stranger's address, deleted, and about to be taken back: the secret in
/// the form shows nothing about that address, and what was sent before means nothing after.
#[tokio::test]
async fn taking_an_account_back_verifies_no_address_and_voids_what_was_sent() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let verify = link(&app.mails().await[0]);
    browser.get("/user/account").await;
    browser.send("/user/account", &[("action", "delete")]).await;
    browser.sign_in("anna").await;
    let restore = browser.between("name=\"token\" value=\"", "\"");
    for page in ["/auth/verify", "/auth/reset", "/auth/keep-address"] {
        assert_eq!(browser.get(&format!("{page}?token={restore}")).await.status, 403, "{page}");
    }
    browser.sign_in("anna").await;
    let restore = browser.between("name=\"token\" value=\"", "\"");
    assert_eq!(browser.send("/auth/restore", &[("token", &restore)]).await.location, "/");
    for page in ["/auth/verify", "/auth/reset", "/auth/keep-address"] {
        browser.get(&format!("{page}?token={restore}")).await;
        let answer = browser.send(page, &[("token", &restore), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 403, "{page}");
    }
    assert_eq!(browser.get(&verify).await.status, 403, "sent before it was deleted");
    assert!(app.user("anna").await.email_verified_at.is_none());
}
