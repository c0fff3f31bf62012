//! Verifying an address, and the mails around it.

use std::time::Duration;

use vestibule::{Config, core::name::LoginKey};

use super::{Browser, ORIGIN, PASSWORD, TestApp};

const REQUIRED: [(&str, &str); 1] = [("VESTIBULE_ACCOUNTS__VERIFIED_EMAIL", "required")];

async fn strict_house() -> TestApp {
    TestApp::with(&REQUIRED, |config: &mut Config| config.require_verified_email = true).await
}

async fn register(app: &TestApp, name: &str, email: &str) -> Browser {
    let mut browser = app.browser();
    browser.get("/auth/register").await;
    let fields = [("username", name), ("email", email), ("password", PASSWORD)];
    let answer = browser.send("/auth/register", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login"));
    browser.follow(answer).await;
    browser
}

/// Path and query of the link in a mail.
pub(super) fn link(mail: &str) -> String {
    let mut links = mail.lines().filter_map(|line| line.strip_prefix(ORIGIN));
    links.find(|link| link.contains("?token=")).unwrap().to_owned()
}

async fn is_verified(app: &TestApp, name: &str) -> bool {
    let found = app.auth.users().credentials(&LoginKey::from_typed(name)).await.unwrap();
    found.unwrap().user.email_verified_at.is_some()
}

pub(super) fn token(link: &str) -> &str {
    link.split_once('=').unwrap().1
}

#[tokio::test]
async fn an_address_is_verified_before_the_first_sign_in() {
    let app = strict_house().await;
    let mut browser = register(&app, "anna", "anna@example.org").await;
    assert!(browser.shows("A message is on its way"));
    assert_eq!(browser.sign_in("anna").await.status, 403);
    assert!(browser.shows("action=\"/auth/verify/again\"") && browser.shows("value=\"anna\""));

    let mails = app.mails().await;
    assert_eq!(mails.len(), 1);
    let link = link(&mails[0]);
    assert!(mails[0].contains("To: anna@example.org\r\n"));

    // Looked at by a guard of the mailbox, twice: nothing happens.
    for _ in 0..2 {
        assert_eq!(app.browser().get(&link).await.status, 200);
    }
    assert!(!is_verified(&app, "anna").await);

    let mut elsewhere = app.browser();
    elsewhere.get(&link).await;
    assert!(elsewhere.shows("Verify my address"));
    let answer = elsewhere.send("/auth/verify", &[("token", token(&link))]).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login"));
    elsewhere.follow(answer).await;
    assert!(elsewhere.shows("Your e-mail address is verified."));
    assert_eq!(browser.sign_in("anna").await.status, 303);

    let again = elsewhere.get(&link).await;
    assert!(again.status == 200 && elsewhere.shows("Verified already"));
    app.clock.pass(Duration::from_secs(25 * 3600));
    let again = elsewhere.get(&link).await;
    assert!(again.status == 200 && elsewhere.shows("Verified already"), "also when it is old");
    assert_eq!(app.mails().await.len(), 1);
}

#[tokio::test]
async fn a_link_that_does_not_work_says_what_does() {
    let app = strict_house().await;
    let mut browser = register(&app, "anna", "anna@example.org").await;
    let link = link(&app.mails().await[0]);
    for void in ["/auth/verify?token=", "/auth/verify?token=x", &format!("{link}A")] {
        assert_eq!(browser.get(void).await.status, 403, "{void}");
        assert!(browser.shows("does not work") && browser.shows("/auth/verify/again"));
    }
    app.clock.pass(Duration::from_secs(24 * 3600));
    assert_eq!(browser.get(&link).await.status, 403);
    assert!(browser.shows("too old"));
    assert_eq!(browser.send("/auth/verify", &[("token", token(&link))]).await.status, 403);
    assert!(!is_verified(&app, "anna").await);

    assert_eq!(browser.get("/auth/verify").await.status, 200);
    let answer = browser.send("/auth/verify/again", &[("login", "Anna@example.org")]).await;
    assert_eq!(answer.location, "/auth/login");
    let fresh = super::verify::link(app.mails().await.last().unwrap());
    browser.get(&fresh).await;
    assert_eq!(browser.send("/auth/verify", &[("token", token(&fresh))]).await.status, 303);
    assert!(is_verified(&app, "anna").await);
}

#[tokio::test]
async fn only_our_own_form_verifies() {
    let app = strict_house().await;
    let mut browser = register(&app, "anna", "anna@example.org").await;
    let link = link(&app.mails().await[0]);
    for path in ["/auth/verify", "/auth/verify/again"] {
        browser.get(&link).await;
        browser.jar.clear();
        let fields = [("token", token(&link)), ("login", "anna")];
        assert_eq!(browser.send(path, &fields).await.status, 403, "{path}");
        assert!(browser.shows("blocks cookies"));
    }
    assert!(!is_verified(&app, "anna").await);
    assert_eq!(app.mails().await.len(), 1);
}

#[tokio::test]
async fn sending_again_answers_the_same_for_everybody_and_stops_at_the_limit() {
    let app = TestApp::with(&[REQUIRED[0], ("VESTIBULE_LIMITS__MAIL", "3/1h")], |config| {
        config.require_verified_email = true;
    })
    .await;
    let mut browser = register(&app, "anna", "anna@example.org").await;
    let mut heads = Vec::new();
    for login in ["anna", "nobody", "anna", "anna@example.org", " ", "anna"] {
        browser.get("/auth/verify").await;
        let fields = [("login", login), ("next", "/user/account")];
        let answer = browser.send("/auth/verify/again", &fields).await;
        assert_eq!(answer.location, "/auth/login?next=%2Fuser%2Faccount");
        heads.push((answer.status, answer.head.headers().clone()));
    }
    heads.dedup();
    assert_eq!(heads.len(), 1, "{heads:?}");
    browser.get("/auth/login").await;
    assert!(browser.shows("If that account&#x27;s address still has to be verified"));
    assert_eq!(app.mails().await.len(), 3, "the first one counts");

    app.clock.pass(Duration::from_secs(3600));
    browser.get("/auth/verify").await;
    browser.send("/auth/verify/again", &[("login", "anna")]).await;
    assert_eq!(app.mails().await.len(), 4);
}

#[tokio::test]
async fn the_owner_of_a_taken_address_is_told_and_no_more_often_than_the_limit() {
    let app = TestApp::open().await;
    register(&app, "anna", "anna@example.org").await;
    assert_eq!(app.mails().await.len(), 1);
    for number in 0..6 {
        register(&app, &format!("carla{number}"), "Anna@Example.org").await;
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 5);
    for mail in &mails[1..] {
        assert!(mail.contains("Subject: You already have an account at Vestibule\r\n"));
        assert!(mail.contains("To: anna@example.org\r\n") && !mail.contains("carla"));
    }
}

#[tokio::test]
async fn a_new_address_counts_once_it_is_verified_and_voids_the_link_of_the_old_one() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let old = link(&app.mails().await[0]);
    browser.get("/user/account").await;
    for email in ["anna@example.org", "annika@example.org"] {
        let fields = [("action", "save"), ("username", "annika"), ("email", email)];
        let answer = browser.send("/user/account", &fields).await;
        assert_eq!(answer.status, 303);
        app.mails().await;
        browser.follow(answer).await;
    }
    assert!(browser.shows("it counts once you have followed the link"));
    assert!(browser.shows("was sent to <strong class=\"name\">annika@example.org</strong>"));
    assert!(browser.shows("value=\"anna@example.org\""), "until then the old one counts");
    let mails = app.mails().await;
    assert_eq!(mails.len(), 3, "only a new address is told, and the one before of it");
    let new = mails.iter().find(|mail| mail.contains("To: annika@example.org\r\n")).unwrap();
    assert_eq!(browser.get(&old).await.status, 200, "nothing has changed yet");

    let new = link(new);
    browser.get(&new).await;
    assert!(!is_verified(&app, "annika").await);
    let answer = browser.send("/auth/verify", &[("token", token(&new))]).await;
    assert_eq!(answer.head.headers()["referrer-policy"], "strict-origin");
    browser.follow(answer).await;
    // Somebody who is signed in lands on the front page, and is told there.
    assert!(browser.shows("Your e-mail address is verified.") && browser.shows("Welcome,"));
    assert!(is_verified(&app, "annika@example.org").await);
    assert_eq!(browser.get(&old).await.status, 403);
    let again = browser.get(&new).await;
    assert!(again.status == 200 && browser.shows("Verified already"));

    let mails = app.mails().await;
    assert_eq!(mails.len(), 4);
    assert!(mails[3].contains("To: anna@example.org\r\n"), "the old address is told");
    assert!(mails[3].contains("was changed\r\n") && !mails[3].contains("annika"));
}

#[tokio::test]
async fn whether_a_new_address_is_taken_is_said_by_mail_alone() {
    let app = TestApp::open().await;
    app.signed_in("berta").await;
    let mut browser = app.signed_in("anna").await;
    let before = app.mails().await.len();
    let mut pages = Vec::new();
    for email in ["free@example.org", "Berta@Example.org"] {
        browser.get("/user/account").await;
        let fields = [("action", "save"), ("username", "anna"), ("email", email)];
        let answer = browser.send("/user/account", &fields).await;
        assert_eq!((answer.status, answer.location.as_str()), (303, "/user/account"));
        app.mails().await;
        browser.get("/user/account").await;
        let page: Vec<_> =
            browser.page.lines().filter(|line| !line.contains("csrf_token")).collect();
        pages.push(page.join("\n").replace(email, "ADDRESS"));
    }
    assert_eq!(pages[0], pages[1]);
    let mails = app.mails().await;
    // Anna's own address is told of both.
    let (own, mails): (Vec<_>, Vec<_>) =
        mails[before..].iter().partition(|mail| mail.contains("To: anna@example.org\r\n"));
    assert_eq!((own.len(), mails.len()), (2, 2));
    let taken = mails[1];
    assert!(taken.contains("To: berta@example.org\r\n") && !taken.contains("?token="), "{taken}");
    assert!(taken.contains("Subject: This e-mail address has an account at Vestibule\r\n"));
    // The free one gives way to the second wish, and is not to be had by its link any more.
    assert_eq!(browser.get(&link(mails[0])).await.status, 403);
}

#[tokio::test]
async fn an_address_that_somebody_else_has_taken_meanwhile_stays_theirs() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    browser.get("/user/account").await;
    let fields = [("action", "save"), ("username", "anna"), ("email", "new@example.org")];
    browser.send("/user/account", &fields).await;
    let link = link(app.mails().await.last().unwrap());
    register(&app, "berta", "new@example.org").await;
    browser.get(&link).await;
    assert_eq!(browser.send("/auth/verify", &[("token", token(&link))]).await.status, 403);
    assert!(browser.shows("does not work"));
    let berta = LoginKey::from_typed("new@example.org");
    let owner = app.auth.users().credentials(&berta).await.unwrap().unwrap().user;
    assert_eq!(owner.username, "berta");
}

#[tokio::test]
async fn a_link_opens_nothing_of_an_account_that_is_gone() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let link = link(&app.mails().await[0]);
    browser.get("/user/account").await;
    browser.send("/user/account", &[("action", "delete")]).await;
    assert_eq!(browser.get(&link).await.status, 403);
    browser.send("/auth/verify/again", &[("login", "anna")]).await;
    let mails = app.mails().await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1].contains("Subject: Your account at Vestibule was deleted\r\n"));

    register(&app, "berta", "anna@example.org").await;
    assert!(app.mails().await[2].contains("Subject: No new account at Vestibule\r\n"));
}

#[tokio::test]
async fn asking_for_the_mail_again_is_limited_by_network() {
    let app = TestApp::with(&[], |config| {
        config.limits.address = Some(vestibule::Rate { count: 3, window: Duration::from_secs(900) })
    })
    .await;
    let mut browser = app.browser();
    let mut ask = async |login: &str| {
        browser.get("/auth/verify").await;
        browser.send("/auth/verify/again", &[("login", login)]).await.status
    };
    for login in ["nobody", "anna", "nobody@example.org"] {
        assert_eq!(ask(login).await, 303);
    }
    assert_eq!(ask("anna").await, 429);
}

/// However many accounts ask for mails to an address, it gets no more than one account would.
#[tokio::test]
async fn mails_are_limited_by_recipient_too() {
    let app = TestApp::with(&[("VESTIBULE_LIMITS__MAIL", "2/1h")], |_| {}).await;
    let mut spellings = ["stranger@elsewhere.test", "Stranger@Elsewhere.test"].iter().cycle();
    for name in ["anna", "berta", "carla"] {
        let mut browser = app.signed_in(name).await;
        browser.get("/user/account").await;
        let email = spellings.next().unwrap();
        let fields = [("action", "save"), ("username", name), ("email", email)];
        assert_eq!(browser.send("/user/account", &fields).await.status, 303);
    }
    let mails = app.mails().await;
    let to_stranger = |mail: &&String| mail.to_lowercase().contains("to: stranger@elsewhere.test");
    assert_eq!(mails.iter().filter(to_stranger).count(), 2);
}
