//! Pages and mails in the language of who reads them.

use axum::http::{Method, header};
use vestibule::core::{locale::Locale, user::UserChange};

use super::{PASSWORD, TestApp};

#[tokio::test]
async fn pages_speak_the_language_of_the_browser() {
    let app = TestApp::open().await;
    for (accepted, language, title) in [
        ("", "en", "Log in"),
        ("en-US,en;q=0.9", "en", "Log in"),
        ("de-AT,de;q=0.9,en;q=0.5", "de", "Anmelden"),
        ("fr,de;q=0.2", "de", "Anmelden"),
        ("fr", "en", "Log in"),
    ] {
        let mut browser = app.browser();
        browser.language = accepted.to_owned();
        let answer = browser.get("/auth/login").await;
        assert_eq!(answer.head.headers()[header::CONTENT_LANGUAGE], language, "{accepted}");
        assert_eq!(answer.head.headers()[header::CACHE_CONTROL], "no-store");
        assert!(browser.shows(&format!("<html lang=\"{language}\">")), "{accepted}");
        assert!(browser.shows(&format!("<h1 id=\"title\">{title}</h1>")), "{accepted}");
        browser.get("/nowhere").await;
        assert!(browser.shows(&format!("<html lang=\"{language}\">")), "{accepted}, of an error");
    }
}

#[tokio::test]
async fn a_site_begins_with_its_own_language() {
    let app = TestApp::with(&[("VESTIBULE_PAGES__LANGUAGE", "de")], |_| {}).await;
    let mut browser = app.browser();
    browser.get("/auth/login").await;
    assert!(browser.shows("<html lang=\"de\">"));
    browser.language = "en".to_owned();
    browser.get("/auth/login").await;
    assert!(browser.shows("<html lang=\"en\">"));
}

#[tokio::test]
async fn a_visitor_chooses_at_the_foot_of_a_page_and_stays_there() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    browser.language = "de".to_owned();
    browser.get("/auth/login?next=%2Fuploads").await;
    assert!(browser.shows("<span aria-current=\"true\" lang=\"de\">Deutsch</span>"));
    assert!(browser.shows("name=\"language\" value=\"en\" lang=\"en\">English</button>"));
    let answer = browser.send("/language", &[("language", "en"), ("next", "/auth/login")]).await;
    assert_eq!(answer.location, "/auth/login?next=%2Fuploads");
    let cookie = answer.head.headers()[header::SET_COOKIE].to_str().unwrap();
    assert_eq!(cookie, "language=en; HttpOnly; Path=/; SameSite=Lax; Max-Age=34560000");
    browser.follow(answer).await;
    assert!(
        browser.shows("<html lang=\"en\">"),
        "what was chosen comes before what the browser likes"
    );

    // What is no language of the site is forgotten, and so is one from before.
    let answer = browser.send("/language", &[("language", "tlh"), ("next", "//evil.test")]).await;
    assert_eq!(answer.location, "/auth/login?next=%2Fuploads");
    assert!(!browser.jar.contains_key("language"));
    browser.jar.insert("language".to_owned(), "../de".to_owned());
    browser.get("/").await;
    assert!(browser.shows("<html lang=\"de\">"));
}

#[tokio::test]
async fn a_browser_that_blocks_cookies_learns_why_the_language_stays() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    browser.get("/?a=1").await;
    let chosen = [("language", "de"), ("next", "/")];
    // A browser that keeps cookies is back on its page.
    let answer = browser.send("/language", &chosen).await;
    browser.follow(answer).await;
    assert!(browser.at == "/?a=1" && browser.shows("<html lang=\"de\">"), "{}", browser.at);

    let mut blocked = app.browser();
    blocked.get("/?a=1").await;
    let answer = blocked.send("/language", &chosen).await;
    blocked.jar.clear();
    let answer = blocked.follow(answer).await;
    assert_eq!(answer.status, 200);
    assert!(blocked.shows("Cookies are blocked") && blocked.shows("remember your language"));
    assert!(blocked.shows("href=\"&#x2f;?a=1\""), "and there is a way back");
    blocked.get("/language?kept=de&next=//evil.test").await;
    assert!(blocked.shows("href=\"&#x2f;\"") && !blocked.shows("evil.test"));
}

#[tokio::test]
async fn another_site_chooses_nothing() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    browser.get("/").await;
    browser.origin = "cross-site".to_owned();
    let answer = browser.send("/language", &[("language", "de")]).await;
    assert_eq!(answer.status, 403);
    assert!(!browser.jar.contains_key("language"));
    assert_eq!(browser.get("/language").await.location, "/");
}

#[tokio::test]
async fn whoever_registers_is_written_to_in_the_language_of_that_page() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    browser.language = "de-CH".to_owned();
    browser.get("/auth/register").await;
    let bad = [("username", "anna"), ("email", "anna@example.org"), ("password", "kurz")];
    assert_eq!(browser.send("/auth/register", &bad).await.status, 422);
    assert!(browser.shows("Das Passwort ist zu kurz: Verwenden Sie mindestens 15 Zeichen."));
    assert!(!browser.shows("too short"));
    let good = [("username", "anna"), ("email", "anna@example.org"), ("password", PASSWORD)];
    let answer = browser.send("/auth/register", &good).await;
    browser.follow(answer).await;
    assert!(browser.shows("Vielen Dank. Wenn diese E-Mail-Adresse hier neu ist"));
    assert_eq!(app.user("anna").await.locale, Locale::parse("de").ok());
    let mails = app.mails().await;
    assert!(mails[0].contains("Guten Tag,\r\n"), "{}", mails[0]);
    assert!(mails[0].contains("<html lang=3D\"de\">"), "{}", mails[0]);

    // In another browser the account's own language counts, and not the browser's.
    let mut other = app.browser();
    other.language = "en".to_owned();
    other.sign_in("anna").await;
    for page in ["/", "/user/sessions", "/user/account", "/uploads", "/nowhere"] {
        other.get(page).await;
        assert!(other.shows("<html lang=\"de\">"), "{page}");
    }
}

#[tokio::test]
async fn an_account_has_a_language_of_its_own() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    assert_eq!(app.user("anna").await.locale, None, "the browser said none");
    browser.get("/user/account").await;
    let save = |locale: &'static str| {
        [
            ("action", "save"),
            ("username", "anna"),
            ("email", "anna@example.org"),
            ("locale", locale),
        ]
    };
    let answer = browser.send("/user/account", &save("de")).await;
    browser.follow(answer).await;
    assert!(browser.shows("Ihre Änderungen sind gespeichert."));
    assert!(browser.shows("<option value=\"de\" lang=\"de\" selected>Deutsch</option>"));
    assert!(!browser.shows("action=\"/language\""), "the footer would change nothing");
    assert_eq!(browser.send("/user/account", &save("tlh")).await.status, 422);
    assert!(browser.shows("Das ist keine der Sprachen dieser Website"));
    // A form from before there was the field leaves it as it is.
    let without = [("action", "save"), ("username", "anna"), ("email", "anna@example.org")];
    browser.get("/user/account").await;
    browser.send("/user/account", &without).await;
    assert_eq!(app.user("anna").await.locale, Locale::parse("de").ok());
    browser.get("/user/account").await;
    browser.send("/user/account", &save("")).await;
    assert_eq!(app.user("anna").await.locale, None);
    browser.get("/user/account").await;
    assert!(browser.shows("<html lang=\"en\">"));
}

#[tokio::test]
async fn a_language_that_the_site_speaks_no_more_is_left_to_the_browser() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let id = app.user("anna").await.id;
    let locale = Some(Locale::parse("tlh").ok());
    let change = UserChange { locale, ..UserChange::default() };
    app.auth.change_user(id, change).await.unwrap();
    browser.language = "de".to_owned();
    browser.get("/").await;
    assert!(browser.shows("<html lang=\"de\">"));
    assert!(browser.ask(Method::GET, "/user/account", None).await.status == 200);
}
