//! Gateways that hand on only some of an answer's cookies: nobody behind one is taken for a thief.

use http::Method;
use vestibule::Carrier;
use vestibule_testkit::visitors::{Answer, Browser, Visitor, request, with};

use crate::site::{PASSWORD, Site, claims};

const ACCESS: &str = "__Host-access=";
const REFRESH: &str = "__Host-refresh=";
const CSRF: &str = "__Host-csrf=";

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

/// What the browser gets of an answer's cookies.
fn hand_on(browser: &Browser, answer: &Answer, names: &[&str]) {
    for line in answer.set_cookies() {
        if names.iter().any(|name| line.starts_with(name)) {
            browser.jar().store(line, "/");
        }
    }
}

async fn get(browser: &Browser) -> Answer {
    let answer = browser.lose(Method::GET, "/api/thing", None).await;
    assert_eq!(answer.text(), "anna", "{}", answer.status);
    answer
}

fn generation(token: &str) -> u64 {
    claims(token)["gen"].as_u64().unwrap()
}

#[tokio::test]
async fn the_refresh_cookie_comes_first_wherever_a_session_is_set() {
    let site = site().await;
    let browser = site.browser();
    browser.navigate("/auth/login").await;
    let fields = [("login", "anna"), ("password", PASSWORD), ("next", "/page")];
    let mut answers = vec![browser.submit("/auth/login", &fields).await];
    answers.push(browser.sign_in("anna", PASSWORD).await);
    answers.push(browser.refresh().await);
    answers.push(browser.confirm(PASSWORD).await);
    site.outlive_access();
    answers.push(browser.get("/api/thing").await);
    site.outlive_access();
    // Also where a handler sets cookies of its own, and before the visitor's.
    answers.push(browser.get("/api/own-cookie").await);
    answers.push(browser.sign_out().await);
    for answer in answers {
        let cookies = answer.set_cookies();
        assert!(cookies[0].starts_with(REFRESH), "{cookies:?}");
        assert!(cookies[1].starts_with(ACCESS), "{cookies:?}");
    }
}

/// With any one of them lost each time, all of them, and two by turns.
#[tokio::test(start_paused = true)]
async fn whatever_subset_of_the_cookies_passes_nobody_is_signed_out() {
    let subsets: [&[&str]; 8] = [
        &[REFRESH],
        &[ACCESS],
        &[CSRF],
        &[REFRESH, CSRF],
        &[ACCESS, CSRF],
        &[ACCESS, REFRESH],
        &[],
        &[ACCESS, REFRESH, CSRF],
    ];
    for one in subsets {
        for other in subsets {
            let site = site().await;
            let browser = site.browser_of("anna").await;
            for round in 0..6 {
                let names = if round % 2 == 0 { one } else { other };
                site.outlive_access();
                for _ in 0..3 {
                    let answer = get(&browser).await;
                    hand_on(&browser, &answer, names);
                    site.pass(20);
                }
                // What was noticed is written.
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            assert_eq!(site.told.all(), [], "{one:?} {other:?}");
        }
    }
}

/// A browser that gets refresh tokens alone would renew with each request, and outrun those of its own that are
/// still on their way.
#[tokio::test]
async fn a_browser_without_access_tokens_does_not_outrun_itself() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    site.outlive_access();
    let late = browser.copy();
    for _ in 0..5 {
        let answer = get(&browser).await;
        hand_on(&browser, &answer, &[REFRESH]);
        site.pass(2);
    }
    assert_eq!(site.row(&browser).await.generation, 2);
    assert_eq!(get(&late).await.status, 200);
    site.pass(40);
    get(&browser).await;
    assert_eq!(site.row(&browser).await.generation, 3, "and renews again later");
    assert_eq!(site.told.all(), []);
}

/// The first cookie alone is enough: the refresh token comes with one answer, and the access token with the next.
#[tokio::test]
async fn two_answers_through_one_cookie_make_a_session_whole() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    for generation in 2..5 {
        site.outlive_access();
        for name in [REFRESH, ACCESS] {
            let answer = get(&browser).await;
            assert!(answer.set_cookies()[0].starts_with(name), "{:?}", answer.set_cookies());
            browser.jar().store(answer.set_cookies()[0], "/");
        }
        assert_eq!(get(&browser).await.set_cookies(), Vec::<&str>::new());
        assert_eq!(site.row(&browser).await.generation, generation);
    }
}

/// The access token tells, whether it still works or not, and also where new tokens are asked for.
#[tokio::test]
async fn the_access_token_of_the_successor_is_a_visitors() {
    for (wait, path) in [(0, "/api/auth/refresh"), (906, "/api/auth/refresh"), (906, "/api/thing")]
    {
        let site = site().await;
        let browser = site.browser_of("anna").await;
        let old = browser.refresh_token().unwrap();
        let answer = browser.refresh().await;
        assert_eq!(answer.status, 200);
        assert_eq!(browser.get("/api/thing").await.status, 200);
        browser.hold(browser.access_token().as_deref(), Some(&old));
        site.pass(31 + wait);
        let answer = browser.ask(Method::POST, path, None).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let refresh = browser.refresh_token().unwrap();
        assert_eq!((generation(&refresh), site.row(&browser).await.generation), (2, 2));
    }
}

/// Without it, or with another one, it is theft as before.
#[tokio::test]
async fn no_other_access_token_saves_a_thief() {
    type Holds = fn(&[Browser; 3]) -> Option<String>;
    let thief_holds: [Holds; 4] = [
        |_| None,
        |[first, ..]| first.access_token(),
        |[.., victim]| victim.access_token().map(|token| format!("{token}x")),
        |[.., victim]| victim.refresh_token(),
    ];
    for access in thief_holds {
        let site = site().await;
        let victim = site.browser_of("anna").await;
        let first = victim.copy();
        assert_eq!(victim.refresh().await.status, 200);
        assert_eq!(victim.get("/api/thing").await.status, 200);
        site.outlive_access();
        let thief = victim.copy();
        let refresh = first.refresh_token();
        thief.hold(access(&[first, thief.copy(), victim]).as_deref(), refresh.as_deref());
        let answer = thief.get("/api/thing").await;
        assert_eq!(answer.verdict(), (401, "session_ended".to_owned()));
        assert_eq!(site.told.all(), [("theft noticed", "anna".to_owned())]);
    }
}

/// Two generations back is theft, whatever comes along.
#[tokio::test]
async fn deep_reuse_is_theft_beside_a_good_access_token_too() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let first = browser.refresh_token().unwrap();
    for _ in 0..2 {
        assert_eq!(browser.refresh().await.status, 200);
    }
    browser.hold(browser.access_token().as_deref(), Some(&first));
    assert_eq!(browser.refresh().await.verdict(), (401, "session_ended".to_owned()));
    assert_eq!(site.told.all().len(), 1);
}

/// Apps send one token at a time: an old refresh token in the header is told apart as before, whatever cookies
/// are about.
#[tokio::test]
async fn cookies_say_nothing_for_a_header() {
    let site = site().await;
    let app = site.signed_in(Carrier::Header).await;
    let old = app.refresh_token().unwrap();
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.get("/api/thing").await.status, 200);
    site.pass(31);
    let cookie = format!("{ACCESS}{}", app.access_token().unwrap());
    let renewal = request(Method::POST, "/api/auth/refresh", None);
    let renewal = with(renewal, "authorization", &format!("Bearer {old}"));
    let answer = site.anonymous().send(with(renewal, "cookie", &cookie)).await;
    assert_eq!(answer.verdict(), (401, "session_ended".to_owned()));
}
