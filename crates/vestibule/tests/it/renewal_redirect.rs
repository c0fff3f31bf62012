//! Renewal by redirect, where the refresh cookie is limited to a path.

use vestibule::Carrier;
use vestibule_testkit::visitors::{Browser, Visitor};

use crate::site::{PASSWORD, Site};

async fn site() -> Site {
    let site = Site::configured(|config| {
        config.cookies.refresh_path = "/auth".to_owned();
        // A browser takes `__Host-` for the whole site only.
        config.cookies.refresh = "__Secure-refresh".to_owned();
    })
    .await;
    site.add_user("anna").await;
    site
}

async fn signed_in(site: &Site) -> Browser {
    let browser = site.browser();
    assert_eq!(browser.sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(browser.jar().refused(), Vec::<String>::new());
    browser
}

#[tokio::test]
async fn a_page_goes_through_the_renewal_and_back() {
    let site = site().await;
    let browser = signed_in(&site).await;
    assert!(!browser.jar().header("/page").unwrap().contains("refresh"));
    site.outlive_access();
    let answer = browser.navigate("/page?a=1").await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location(), "/auth/renew?next=%2Fpage%3Fa%3D1");
    let (path, page) = browser.visit("/page?a=1").await;
    assert_eq!((path.as_str(), page.status.as_u16()), ("/page?a=1", 200), "a clean address");
    assert!(!browser.jar().header("/").unwrap().contains("rounds"));
    assert_eq!(site.store.advances(), 1);
    assert_eq!(browser.navigate("/page").await.status, 200);
}

/// A page that is loaded again and again, each time after its access token expired.
#[tokio::test]
async fn the_same_address_can_be_loaded_again_any_number_of_times() {
    let site = site().await;
    let browser = signed_in(&site).await;
    let mut path = "/page?a=1".to_owned();
    for round in 1..=6 {
        site.outlive_access();
        let (at, page) = browser.visit(&path).await;
        assert!(page.status == 200 && at.starts_with("/page"), "round {round} ended at {at}");
        assert_eq!(site.store.advances(), round);
        path = at;
    }
}

#[tokio::test]
async fn a_parameter_of_the_application_is_its_own() {
    let site = site().await;
    let browser = signed_in(&site).await;
    for path in ["/page?renewed=mine", "/page?renewed=2.1750000000&a=1", "/page?rounds=9"] {
        site.outlive_access();
        let (at, page) = browser.visit(path).await;
        assert_eq!((at.as_str(), page.status.as_u16()), (path, 200));
    }
}

/// The cookies stick, and the page does not take them: a node whose clock is wrong.
#[tokio::test]
async fn two_rounds_without_a_page_are_the_last() {
    let site = site().await;
    let browser = signed_in(&site).await;
    browser.jar().remove("__Host-access");
    browser.jar().plant("__Host-rounds", "2");
    let answer = browser.navigate("/page").await;
    assert_eq!(answer.location(), "/auth/login?next=%2Fpage&cookies=blocked");
    assert!(!browser.jar().header("/").unwrap().contains("rounds"), "the next try begins anew");
    // What is no count counts nothing.
    for mark in ["-1", "1.1750000000", "99999999999", "x", ""] {
        browser.jar().plant("__Host-rounds", mark);
        assert_eq!(
            browser.navigate("/page").await.location(),
            "/auth/renew?next=%2Fpage",
            "{mark}"
        );
    }
}

/// Somebody has signed out, and goes back to a page of before.
#[tokio::test]
async fn the_way_back_after_a_sign_out_says_nothing_of_cookies() {
    let site = site().await;
    let browser = signed_in(&site).await;
    site.outlive_access();
    assert_eq!(browser.visit("/page").await.1.status, 200);
    browser.sign_out().await;
    for path in ["/page", "/auth/renew?next=/page", "/auth/renew?next=/page&renewed"] {
        assert_eq!(browser.visit(path).await.0, "/auth/login?next=%2Fpage", "{path}");
    }
}

/// Where no cookie sticks, it ends after two rounds at most, and says why.
#[tokio::test]
async fn blocked_cookies_end_on_the_sign_in_page() {
    let site = site().await;
    // The refresh cookie alone is kept: whatever is set, the access cookie does not stick.
    let browser = signed_in(&site).await;
    let mut path = "/page?a=1".to_owned();
    let mut rounds = 0;
    let end = loop {
        browser.jar().remove("__Host-access");
        let answer = browser.navigate(&path).await;
        if !answer.status.is_redirection() {
            break path;
        }
        rounds += u32::from(answer.location().starts_with("/auth/renew"));
        path = answer.location().to_owned();
        assert!(rounds < 5, "a loop");
    };
    assert!(rounds <= 2, "{rounds} rounds");
    assert_eq!(end, "/auth/login?next=%2Fpage%3Fa%3D1&cookies=blocked");

    // Where nothing at all is kept, it ends at once, as for somebody new.
    let nothing = site.browser();
    let (path, _) = nothing.visit("/page?a=1").await;
    assert_eq!(path, "/auth/login?next=%2Fpage%3Fa%3D1");
}

#[tokio::test]
async fn the_renewal_leads_nowhere_else() {
    let site = site().await;
    for next in [
        "https://evil.test",
        "//evil.test",
        "/%5Cevil.test",
        "/%2F%2Fevil.test",
        "/%2F/evil.test",
        "javascript:x",
        "",
        "/&next=//evil.test",
    ] {
        let browser = signed_in(&site).await;
        let answer = browser.navigate(&format!("/auth/renew?next={next}")).await;
        assert_eq!(answer.status, 303, "{next}");
        assert_eq!(answer.location(), "/auth/renew?next=%2F&renewed", "{next}");
        let arrived = browser.navigate(&format!("/auth/renew?next={next}&renewed")).await;
        assert_eq!(arrived.location(), "/", "{next}");
        let nobody = site.anonymous().get(&format!("/auth/renew?next={next}")).await;
        assert_eq!(nobody.location(), "/auth/login?next=%2F", "{next}");
    }
}

#[tokio::test]
async fn an_ended_session_ends_on_the_sign_in_page() {
    let site = site().await;
    let browser = signed_in(&site).await;
    let copy = browser.copy();
    browser.sign_out().await;
    let left = browser.jar().header("/auth/renew").unwrap();
    assert!(left.starts_with("__Host-device=") && !left.contains(';'), "{left}");
    site.outlive_access();
    let (path, _) = copy.visit("/page").await;
    assert_eq!(path, "/auth/login?next=%2Fpage");
}

/// A script is told, and nothing is renewed behind its back; at the renewal's path it may.
#[tokio::test]
async fn scripts_are_told() {
    let site = site().await;
    let browser = signed_in(&site).await;
    site.outlive_access();
    let answer = browser.get("/api/thing").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.set_cookies(), Vec::<&str>::new());
    let (_, page) = browser.visit("/auth/renew?next=/page").await;
    assert_eq!(page.status, 200);
    assert_eq!(browser.get("/api/thing").await.text(), "anna");
    assert_eq!(browser.carrier(), Carrier::Cookie);
}

#[tokio::test]
async fn an_outage_on_the_way_is_one() {
    let site = site().await;
    let browser = signed_in(&site).await;
    site.outlive_access();
    site.store.set_down(true);
    let (path, answer) = browser.visit("/page").await;
    assert!(path.starts_with("/auth/renew"));
    assert_eq!(answer.verdict(), (503, "unavailable".to_owned()));
    site.store.set_down(false);
    assert_eq!(browser.visit("/page").await.1.status, 200);
}
