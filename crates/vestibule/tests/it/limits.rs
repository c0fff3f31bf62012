//! Guessing is limited, by account and by address, however it is spelled and however much at once.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use serde_json::json;
use tokio::task::JoinSet;
use vestibule::{Limits, Rate};
use vestibule_testkit::visitors::{Answer, Visitor, request, with};

use crate::site::{PASSWORD, Site, login_body};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site.add_user("mallory").await;
    site
}

fn sign_in(login: &str, password: &str) -> Request<Bytes> {
    let body = login_body(login, password, "header");
    request(http::Method::POST, "/api/auth/login", Some(&body))
}

fn is_limited(answer: &Answer) -> u64 {
    assert_eq!(answer.verdict(), (429, "rate_limited".to_owned()));
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.header("retry-after").parse().unwrap()
}

/// Ten failures are answered, and the window moves on.
#[tokio::test]
async fn one_account_and_many_passwords() {
    let site = site().await;
    let mut answered = 0;
    for number in 0..200 {
        let nobody = site.anonymous_from(&format!("198.51.100.{number}"));
        let answer = nobody.send(sign_in("anna", &format!("guess {number}"))).await;
        if answer.status == 401 {
            answered += 1;
        } else {
            assert!(is_limited(&answer) <= 15 * 60);
        }
        site.pass(1);
    }
    assert_eq!(answered, 10);
    let wait = is_limited(&site.anonymous().send(sign_in("anna", PASSWORD)).await);
    site.pass(wait - 1);
    is_limited(&site.anonymous().send(sign_in("anna", PASSWORD)).await);
    site.pass(1);
    assert_eq!(site.anonymous().send(sign_in("anna", PASSWORD)).await.status, 200);
}

/// For a name that is nobody's: answered in the same way.
#[tokio::test]
async fn nobodys_account_too() {
    let site = site().await;
    let mut activity = Vec::new();
    for login in ["anna", "nobody", "nobody@example.org", "not a name \u{202e}"] {
        let mut statuses = Vec::new();
        for _ in 0..12 {
            statuses.push(site.anonymous().send(sign_in(login, "wrong")).await.status.as_u16());
        }
        activity.push(statuses);
    }
    assert_eq!(activity[0], [vec![401; 10], vec![429; 2]].concat());
    assert!(activity.iter().all(|statuses| *statuses == activity[0]), "{activity:?}");
}

/// Somebody's own good sign-ins in between clear no counter, neither the account's nor the address's.
#[tokio::test]
async fn ones_own_sign_in_resets_nothing() {
    let site = site().await;
    for number in 0..10 {
        assert_eq!(site.anonymous().send(sign_in("anna", "wrong")).await.status, 401);
        let own = site.anonymous().send(sign_in("mallory", PASSWORD)).await;
        assert_eq!(own.status, 200, "{number}");
    }
    is_limited(&site.anonymous().send(sign_in("anna", "wrong")).await);

    let site = Site::configured(|config| {
        config.limits.address = Some(Rate { count: 5, window: Duration::from_secs(60) });
    })
    .await;
    site.add_user("mallory").await;
    for number in 0..5 {
        site.anonymous().send(sign_in(&format!("name{number}"), "wrong")).await;
        let own = site.anonymous().send(sign_in("mallory", PASSWORD)).await.status;
        assert_eq!(own, if number < 4 { 200 } else { 429 });
    }
}

/// Nor does the victim's own success let the guesser begin anew.
#[tokio::test]
async fn the_victims_sign_in_resets_nothing() {
    let site = site().await;
    for _ in 0..9 {
        site.anonymous().send(sign_in("anna", "wrong")).await;
    }
    assert_eq!(site.anonymous().send(sign_in("anna", PASSWORD)).await.status, 200);
    assert_eq!(site.anonymous().send(sign_in("anna", "wrong")).await.status, 401);
    is_limited(&site.anonymous().send(sign_in("anna", "wrong")).await);
}

/// However a name is spelled, it is one name.
#[tokio::test]
async fn spellings_of_a_name_are_one_name() {
    let site = site().await;
    let names = ["anna", "ANNA", " anna ", "\u{ff41}nna", "\tanna", "aNNa"];
    let addresses =
        ["anna@example.org", "ANNA@EXAMPLE.ORG", "Anna@Example.org", "annA@example.ORG"];
    for spellings in [&names[..], &addresses] {
        for login in spellings.iter().cycle().take(10) {
            let answer = site.anonymous().send(sign_in(login, "wrong")).await;
            assert_eq!(answer.status, 401, "{login}");
        }
        is_limited(&site.anonymous().send(sign_in(spellings[0], PASSWORD)).await);
    }
}

/// Whether an address and a user name are one account cannot be learned from who is refused: a pair of names
/// that is one account is answered like a pair that is not.
#[tokio::test]
async fn failures_with_one_name_say_nothing_of_the_other() {
    let site = site().await;
    for number in 0..2 {
        site.add_user(&format!("user{number}")).await;
    }
    let mut activity = Vec::new();
    for [first, second] in
        [["user0@example.org", "user0"], ["user1@example.org", "stranger"], ["a@b.test", "nobody"]]
    {
        let mut statuses = Vec::new();
        for login in [[first; 9], [second; 9]].as_flattened() {
            statuses.push(site.anonymous().send(sign_in(login, "wrong")).await.status.as_u16());
        }
        activity.push(statuses);
    }
    assert_eq!(activity[0], [401; 18]);
    assert!(activity.iter().all(|statuses| *statuses == activity[0]), "{activity:?}");
}

/// Strangers who use up the tries of both names of an account.
async fn lock(site: &Site, name: &str) {
    for login in [name.to_owned(), format!("{name}@example.org")] {
        for number in 0..10 {
            let stranger = site.anonymous_from(&format!("198.51.100.{number}"));
            assert_eq!(stranger.send(sign_in(&login, "wrong")).await.status, 401);
        }
        is_limited(&site.anonymous_from("198.51.100.99").send(sign_in(&login, "wrong")).await);
    }
}

/// A browser that an account has signed in with gets in while strangers are refused, and has as many tries as
/// they have.
#[tokio::test]
async fn strangers_do_not_lock_a_browser_out_that_signed_in_before() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let elsewhere = site.browser_of("mallory").await;
    browser.sign_out().await;
    lock(&site, "anna").await;

    is_limited(&site.browser().sign_in("anna", PASSWORD).await);
    is_limited(&elsewhere.sign_in("anna", PASSWORD).await);
    assert_eq!(browser.sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(browser.sign_in("anna@example.org", PASSWORD).await.status, 200);
    browser.sign_out().await;
    let copy = browser.copy();
    for number in 0..10 {
        let login = ["anna", "anna@example.org"][number % 2];
        let guesser = [&browser, &copy][number / 5];
        assert_eq!(guesser.sign_in(login, "wrong").await.status, 401);
    }
    is_limited(&browser.sign_in("anna", PASSWORD).await);
    is_limited(&copy.sign_in("anna@example.org", PASSWORD).await);
    assert_eq!(browser.sign_in("mallory", PASSWORD).await.status, 200, "another account's tries");
}

/// Several people share a browser: it knows each of them, up to a bound.
#[tokio::test]
async fn a_browser_knows_several_accounts() {
    let site = Site::new().await;
    let browser = site.browser();
    let names: Vec<_> = (0..9).map(|number| format!("user{number}")).collect();
    for name in &names {
        site.add_user(name).await;
        assert_eq!(browser.sign_in(name, PASSWORD).await.status, 200);
        assert!(browser.jar().value("__Host-device").unwrap().len() < 256);
    }
    for name in &names {
        for _ in 0..10 {
            site.anonymous_from("198.51.100.1").send(sign_in(name, "wrong")).await;
        }
    }
    is_limited(&browser.copy().sign_in(&names[0], PASSWORD).await);
    for name in &names[1..] {
        assert_eq!(browser.copy().sign_in(name, PASSWORD).await.status, 200, "{name}");
    }
}

/// An app shows the token that it got when it signed in.
#[tokio::test]
async fn strangers_do_not_lock_an_app_out_that_signed_in_before() {
    let site = site().await;
    let device = async |name: &str| {
        let answer = site.anonymous().send(sign_in(name, PASSWORD)).await.json();
        answer["device_token"].as_str().unwrap().to_owned()
    };
    let (own, foreign) = (device("anna").await, device("mallory").await);
    lock(&site, "anna").await;
    let with_token = async |token: &str, password: &str| {
        let mut body = login_body("anna", password, "header");
        body["device_token"] = token.into();
        site.anonymous().post_json("/api/auth/login", &body).await
    };
    let forged = format!("{}{}", &foreign[..22], &own[22..]);
    for stranger in [&foreign, &forged, "", "x", &own[..22], &"A".repeat(5000)] {
        is_limited(&with_token(stranger, PASSWORD).await);
    }
    let answer = with_token(&own, PASSWORD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["device_token"], own);
    for _ in 0..10 {
        assert_eq!(with_token(&own, "wrong").await.status, 401);
    }
    is_limited(&with_token(&own, PASSWORD).await);
}

/// Whoever is signed in can prove who they are and change their password, whatever strangers do; each session
/// has as many tries as strangers have together.
#[tokio::test]
async fn proving_oneself_is_counted_by_session() {
    let site = site().await;
    let (app, browser) = (site.app_of("anna").await, site.browser_of("anna").await);
    lock(&site, "anna").await;
    let steps: [&dyn Visitor; 2] = [&app, &browser];
    for visitor in steps {
        assert_eq!(visitor.confirm(PASSWORD).await.status, 200);
        for _ in 0..5 {
            assert_eq!(visitor.confirm("wrong").await.status, 401);
            let change = json!({ "current": "wrong", "new": "nine purple kettles" });
            assert_eq!(visitor.put_json("/api/auth/password", change).await.status, 401);
        }
        is_limited(&visitor.confirm(PASSWORD).await);
    }
    site.pass(15 * 60);
    assert_eq!(site.anonymous().send(sign_in("anna", PASSWORD)).await.status, 200);
}

/// An IPv6 household is one address, an IPv4 address in IPv6 clothes is the same one.
#[tokio::test]
async fn addresses_of_one_network_are_one() {
    let site = Site::configured(|config| {
        config.limits.address = Some(Rate { count: 4, window: Duration::from_secs(60) });
    })
    .await;
    let guess = async |address: &str, number: u32| {
        let nobody = site.anonymous_from(address);
        nobody.send(sign_in(&format!("name{number}"), "wrong")).await.status.as_u16()
    };
    let household =
        ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::", "2001:db8:1:2:0:1:2:3"];
    for (number, address) in (0..).zip(household) {
        assert_eq!(guess(address, number).await, 401);
    }
    assert_eq!(guess("2001:db8:1:2:9::9", 10).await, 429);
    assert_eq!(guess("2001:db8:1:3::1", 11).await, 401);
    for number in 20..24 {
        assert_eq!(
            guess(if number % 2 == 0 { "192.0.2.9" } else { "::ffff:192.0.2.9" }, number).await,
            401
        );
    }
    assert_eq!(guess("192.0.2.9", 30).await, 429);
}

/// Two hundred at once against a limit of ten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_evaluated_no_more_often() {
    let site = Arc::new(site().await);
    let mut racers = JoinSet::new();
    for number in 0..200 {
        let site = site.clone();
        racers.spawn(async move {
            let nobody = site.anonymous_from(&format!("198.51.100.{number}"));
            nobody.send(sign_in("anna", "wrong")).await.status.as_u16()
        });
    }
    let statuses = racers.join_all().await;
    let evaluated = statuses.iter().filter(|status| **status == 401).count();
    assert!((1..=10).contains(&evaluated), "{evaluated}");
    assert!(statuses.iter().all(|status| [401, 429, 503].contains(status)));
    let rest = async || site.anonymous().send(sign_in("anna", "wrong")).await.status.as_u16();
    for _ in evaluated..10 {
        assert_eq!(rest().await, 401);
    }
    assert_eq!(rest().await, 429, "tries in flight leave nothing behind");
}

/// Beyond the pool and its queue the answer is 503, and pages go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sign_ins_is_turned_away() {
    let site = Site::configured(|config| {
        config.password_parameters = "m=8192,t=2,p=1".parse().unwrap();
        config.hashers = 1;
        config.hash_queue = 3;
        config.limits = Limits::NONE;
    })
    .await;
    site.add_user("anna").await;
    let app = site.app_of("anna").await;
    let site = Arc::new(site);
    let mut racers = JoinSet::new();
    for number in 0..100 {
        let site = site.clone();
        racers.spawn(async move {
            site.anonymous().send(sign_in(&format!("name{number}"), "wrong")).await
        });
    }
    for _ in 0..20 {
        assert_eq!(app.get("/api/thing").await.status, 200);
    }
    let answers = racers.join_all().await;
    let turned_away = answers.iter().filter(|answer| answer.status == 503).count();
    assert!(turned_away > 0 && turned_away < 100, "{turned_away}");
    for answer in answers.iter().filter(|answer| answer.status == 503) {
        assert_eq!(answer.code(), "unavailable");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    assert_eq!(site.app().sign_in("anna", PASSWORD).await.status, 200);
}

/// Whoever is no trusted proxy is believed nothing.
#[tokio::test]
async fn headers_about_the_address_are_not_believed() {
    let site = Site::configured(|config| {
        config.limits.address = Some(Rate { count: 3, window: Duration::from_secs(60) });
    })
    .await;
    for number in 0..6 {
        let spoofed = format!("203.0.113.{number}");
        let mut request = sign_in(&format!("name{number}"), "wrong");
        for name in [
            "x-forwarded-for",
            "x-real-ip",
            "cf-connecting-ip",
            "true-client-ip",
            "x-client-ip",
            "x-cluster-client-ip",
        ] {
            request = with(request, name, &spoofed);
        }
        request = with(request, "forwarded", &format!("for={spoofed}"));
        let status = site.anonymous().send(request).await.status;
        assert_eq!(status, if number < 3 { 401 } else { 429 });
    }
}

/// Behind a trusted proxy the right-most address that is none counts.
#[tokio::test]
async fn behind_a_proxy_the_right_most_hop_counts() {
    let site = Site::configured(|config| {
        config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        config.limits.address = Some(Rate { count: 3, window: Duration::from_secs(60) });
    })
    .await;
    site.add_user("anna").await;
    let guess = async |peer: &str, chain: &str, number: u32| {
        let request = with(sign_in(&format!("name{number}"), "wrong"), "x-forwarded-for", chain);
        let request = with(request, "x-real-ip", "203.0.113.200");
        site.anonymous_from(peer).send(request).await.status.as_u16()
    };
    for number in 0..3 {
        let chain = format!("203.0.113.{number}, 198.51.100.1, 10.0.0.{number}");
        assert_eq!(guess("10.1.1.1", &chain, number).await, 401);
    }
    assert_eq!(guess("10.1.1.1", "1.2.3.4, 198.51.100.1", 10).await, 429);
    assert_eq!(guess("10.1.1.1", "198.51.100.1, 198.51.100.2", 11).await, 401);
    assert_eq!(guess("198.51.100.3", "198.51.100.1", 12).await, 401, "not through the proxy");

    let app = vestibule_testkit::visitors::App::new(
        site.transport().from_address("10.1.1.1".parse().unwrap()),
        crate::site::HOST,
    );
    app.sign_in("anna", PASSWORD).await;
    assert_eq!(site.row(&app).await.address, "10.1.1.1", "nobody said more");
}

#[tokio::test]
async fn registrations_are_limited_by_address() {
    let site = Site::configured(|config| {
        config.limits.register = Some(Rate { count: 3, window: Duration::from_secs(3600) });
    })
    .await;
    let register = async |number: u32| {
        let body = json!({
            "username": format!("name{}", char::from(b'a' + number as u8)),
            "email": format!("name{number}@example.org"),
            "password": PASSWORD,
        });
        site.anonymous().post_json("/api/auth/register", &body).await
    };
    for number in 0..3 {
        assert_eq!(register(number).await.status, 202);
    }
    assert!(is_limited(&register(3).await) <= 3600);
    site.pass(3600);
    assert_eq!(register(4).await.status, 202);
}

/// Whoever has a whole /48, or a whole /24, has as much as the wide window gives, for failures and
/// registrations together.
#[tokio::test]
async fn a_wide_network_has_a_limit_of_its_own() {
    let site = Site::configured(|config| {
        config.limits.network = Some(Rate { count: 6, window: Duration::from_secs(3600) });
    })
    .await;
    for wide in ["2001:db8:1:NN::1", "192.0.2.NN"] {
        let from = |number: u32| site.anonymous_from(&wide.replace("NN", &number.to_string()));
        let family = wide.len();
        let register = async |number: u32| {
            let body = json!({
                "username": format!("user{family}x{number}"),
                "email": format!("user{family}x{number}@example.org"),
                "password": PASSWORD,
            });
            from(number).post_json("/api/auth/register", &body).await
        };
        for number in 0..3 {
            assert_eq!(register(number).await.status, 202);
            let login = format!("name{number}");
            assert_eq!(from(number + 20).send(sign_in(&login, "wrong")).await.status, 401);
        }
        assert!(is_limited(&register(40).await) <= 3600);
        is_limited(&from(41).send(sign_in("name41", "wrong")).await);
    }
    let neighbour = site.anonymous_from("2001:db8:2:1::1");
    assert_eq!(neighbour.send(sign_in("name50", "wrong")).await.status, 401);
    let neighbour = site.anonymous_from("192.0.3.1");
    assert_eq!(neighbour.send(sign_in("name51", "wrong")).await.status, 401);
    site.pass(3600);
    let later = site.anonymous_from("192.0.2.41");
    assert_eq!(later.send(sign_in("name41", "wrong")).await.status, 401);
}

/// Of more sessions than an account may have, the one that was unused longest ends, and its owner reads why.
#[tokio::test]
async fn beyond_the_bound_the_session_unused_longest_ends() {
    let site = Site::configured(|config| config.limits.sessions = Some(3)).await;
    let anna = site.add_user("anna").await;
    let mut apps = Vec::new();
    for _ in 0..3 {
        apps.push(site.app_of("anna").await);
        site.pass(60);
    }
    assert_eq!(apps[0].get("/api/thing").await.status, 200);
    site.pass(60);
    site.auth.flush().await;
    let newest = site.app_of("anna").await;
    assert_eq!(site.living_sessions(&anna).await, 3);
    assert_eq!(apps[1].get("/api/thing").await.verdict(), (401, "token_revoked".to_owned()));
    assert_eq!(apps[1].refresh().await.verdict(), (401, "session_ended".to_owned()));
    for app in [&apps[0], &apps[2], &newest] {
        assert_eq!(app.get("/api/thing").await.status, 200);
    }
    let listed = newest.get("/api/auth/sessions").await.json();
    let reasons: Vec<_> =
        listed["sessions"].as_array().unwrap().iter().map(|one| &one["end_reason"]).collect();
    assert_eq!(json!(reasons), json!([null, null, null, "too_many"]));
}

/// However many sessions there are, a list is a page of them and says where it goes on.
#[tokio::test]
async fn sessions_are_listed_page_by_page() {
    let site = site().await;
    let app = site.app_of("anna").await;
    site.pass(1);
    for _ in 0..210 {
        assert_eq!(site.anonymous().send(sign_in("anna", PASSWORD)).await.status, 200);
    }
    let (mut activity, mut path) =
        (std::collections::BTreeSet::new(), "/api/auth/sessions".to_owned());
    let mut open = 0;
    let caller = site.app_of("anna").await;
    loop {
        let page = caller.get(&path).await.json();
        let sessions = page["sessions"].as_array().unwrap();
        assert!(sessions.len() <= 100);
        open += sessions.iter().filter(|session| session["ended_at"].is_null()).count();
        activity.extend(sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/api/auth/sessions?cursor={next}");
    }
    assert_eq!((activity.len(), open), (212, 200));
    let answer = caller.get("/api/auth/sessions?cursor=x").await;
    assert_eq!(answer.verdict(), (422, "invalid_input".to_owned()));
    assert_eq!(app.get("/api/thing").await.verdict(), (401, "token_revoked".to_owned()));
}

/// Switched off is switched off.
#[tokio::test]
async fn without_limits_every_try_is_answered() {
    let site = Site::configured(|config| {
        config.limits = Limits::NONE;
    })
    .await;
    site.add_user("anna").await;
    for _ in 0..150 {
        assert_eq!(site.anonymous().send(sign_in("anna", "wrong")).await.status, 401);
    }
    assert_eq!(site.anonymous().send(sign_in("anna", PASSWORD)).await.status, 200);
}

/// Setting the wall clock frees nobody and locks nobody out (X1).
#[tokio::test]
async fn lock_outs_follow_the_monotonic_clock() {
    let site = site().await;
    for _ in 0..10 {
        site.anonymous().send(sign_in("anna", "wrong")).await;
    }
    site.clock.set(site.auth.now() + Duration::from_secs(24 * 3600));
    is_limited(&site.anonymous().send(sign_in("anna", PASSWORD)).await);
    site.clock.set(site.auth.now() - Duration::from_secs(48 * 3600));
    site.pass(15 * 60);
    assert_eq!(site.anonymous().send(sign_in("anna", PASSWORD)).await.status, 200);
}
