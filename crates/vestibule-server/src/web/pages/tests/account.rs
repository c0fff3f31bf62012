//! The pages of somebody who is signed in.

use std::time::Duration;

use super::{PASSWORD, TestApp};

#[tokio::test]
async fn a_form_that_lay_open_past_the_access_token_is_saved() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    browser.get("/user/account").await;
    app.clock.pass(Duration::from_secs(3600));
    let fields =
        [("action", "save"), ("username", "anna"), ("email", "anna@example.org"), ("locale", "en")];
    let answer = browser.send("/user/account", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/user/account"));
    browser.follow(answer).await;
    assert!(browser.shows("Your changes are saved."));
    assert!(browser.shows("<option value=\"en\" lang=\"en\" selected>"));
}

#[tokio::test]
async fn names_of_others_are_not_to_be_had() {
    let app = TestApp::open().await;
    app.signed_in("berta").await;
    let mut browser = app.signed_in("anna").await;
    for (username, email, status, beside) in
        [("berta", "anna@example.org", 409, "username"), ("anna", "nowhere", 422, "email")]
    {
        browser.get("/user/account").await;
        let fields = [("action", "save"), ("username", username), ("email", email)];
        assert_eq!(browser.send("/user/account", &fields).await.status, status);
        assert!(browser.shows(&format!("id=\"{beside}-error\"")), "{username} {email}");
        assert!(browser.shows(&format!("value=\"{email}\"")));
    }
}

#[tokio::test]
async fn a_post_without_a_session_saves_nothing_and_leads_back_to_the_form() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    browser.get("/user/account").await;
    browser.jar.clear();
    let fields = [("action", "save"), ("username", "annika"), ("email", "anna@example.org")];
    let answer = browser.send("/user/account", &fields).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location, "/auth/login?next=%2Fuser%2Faccount");
    browser.follow(answer).await;
    assert!(browser.shows("nothing was saved"));
    browser.sign_in("anna").await;
    browser.get("/user/account").await;
    assert!(browser.shows("value=\"anna\""));
}

#[tokio::test]
async fn deleting_asks_for_freshness_and_then_signs_out() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    browser.get("/user/account").await;
    app.clock.pass(Duration::from_secs(11 * 60));
    let answer = browser.send("/user/account", &[("action", "delete")]).await;
    assert_eq!(answer.location, "/auth/confirm?next=%2Fuser%2Faccount");
    browser.follow(answer).await;
    assert!(browser.shows("Nothing has been changed yet"));
    let fields = [("password", PASSWORD), ("next", "/user/account")];
    let answer = browser.send("/auth/confirm", &fields).await;
    browser.follow(answer).await;
    let answer = browser.send("/user/account", &[("action", "delete")]).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/"));
    browser.follow(answer).await;
    assert!(browser.shows("Your account is deleted."));
    assert_eq!(browser.get("/user/account").await.status, 303);
}

#[tokio::test]
async fn an_action_that_there_is_not_does_nothing() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    browser.get("/user/account").await;
    assert_eq!(browser.send("/user/account", &[("action", "x")]).await.status, 400);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let mut other = app.browser();
    other.sign_in("anna").await;
    browser.get("/user/password").await;
    let new = "four quiet rivers humming";
    let fields = [("current", "wrong"), ("new", new)];
    assert_eq!(browser.send("/user/password", &fields).await.status, 401);
    assert!(browser.shows("id=\"current-error\"") && !browser.shows(new));
    let fields = [("current", PASSWORD), ("new", "short")];
    assert_eq!(browser.send("/user/password", &fields).await.status, 422);
    assert!(browser.shows("id=\"new-error\""));
    let fields = [("current", PASSWORD), ("new", new)];
    let answer = browser.send("/user/password", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/user/account"));
    browser.follow(answer).await;
    assert!(browser.shows("Your password is changed."));
    assert_eq!(other.get("/user/account").await.status, 303);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let mut others = [app.browser(), app.browser()];
    for other in &mut others {
        other.sign_in("anna").await;
    }
    browser.get("/user/sessions").await;
    assert_eq!(browser.page.matches("/end\"").count(), 2);
    assert!(browser.shows("This device") && browser.shows("A browser"));
    let start = browser.page.find("action=\"/user/sessions/").unwrap() + 8;
    let action = browser.page[start..].split('"').next().unwrap().to_owned();
    let answer = browser.send(&action, &[]).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/user/sessions"));
    browser.follow(answer).await;
    assert!(browser.shows("The session is ended.") && browser.shows("Ended by you"));
    assert_eq!(browser.page.matches("/end\"").count(), 1);

    let answer = browser.send("/user/sessions/end-others", &[]).await;
    browser.follow(answer).await;
    assert_eq!(browser.page.matches("/end\"").count(), 0);
    for other in &mut others {
        assert_eq!(other.get("/user/account").await.status, 303);
    }

    let mut berta = app.signed_in("berta").await;
    berta.get("/user/sessions").await;
    for foreign in [action.as_str(), "/user/sessions/x/end", "/user/sessions/%FF/end"] {
        assert_eq!(berta.send(foreign, &[]).await.status, 404, "{foreign}");
    }
    assert_eq!(browser.get(&action).await.location, "/user/sessions");
}

#[tokio::test]
async fn ending_sessions_asks_for_freshness() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    browser.get("/user/sessions").await;
    app.clock.pass(Duration::from_secs(11 * 60));
    let answer = browser.send("/user/sessions/end-others", &[]).await;
    assert_eq!(answer.location, "/auth/confirm?next=%2Fuser%2Fsessions");
}

#[tokio::test]
async fn a_session_says_how_it_was_renewed() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    browser.get("/user/sessions").await;
    let link = browser.between("<h3><a href=\"", "\"");
    assert!(link.starts_with("/user/sessions/"), "{link}");
    browser.get(&link).await;
    assert!(browser.shows("This device") && browser.shows("Nothing yet."));
    app.clock.pass(Duration::from_secs(3600));
    browser.get(&link).await;
    assert!(browser.shows(">Renewed<"));
    let mut other = app.signed_in("berta").await;
    assert_eq!(other.get(&link).await.status, 404);
    assert_eq!(other.get("/user/sessions/x").await.status, 404);
}
