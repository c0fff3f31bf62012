//! Cookies: every attribute of every one, and what is not one of ours.

use http::Method;
use serde_json::json;
use vestibule::{Carrier, core::user::UserChange};
use vestibule_testkit::{
    both_carriers, samples,
    visitors::{Answer, Visitor, request, with},
};

use crate::site::{PASSWORD, Site};

/// `Set-Cookie` as it has to be, and a jar that refuses what a browser would.
fn check_attributes(answer: &Answer) {
    for line in answer.set_cookies() {
        let (pair, attributes) = line.split_once("; ").unwrap();
        let name = pair.split('=').next().unwrap();
        let attributes: Vec<&str> = attributes.split("; ").collect();
        assert!(name.starts_with("__Host-"), "{line}");
        assert!(attributes.contains(&"Secure") && attributes.contains(&"Path=/"), "{line}");
        assert!(attributes.contains(&"SameSite=Lax"), "{line}");
        assert_eq!(attributes.contains(&"HttpOnly"), name != "__Host-csrf", "{line}");
        assert!(!line.to_ascii_lowercase().contains("domain"), "{line}");
        assert!(line.len() <= 4096, "{line}");
    }
}

#[tokio::test]
async fn every_cookie_of_every_flow_states_every_attribute() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser();
    let mut answers = vec![browser.navigate("/auth/login").await];
    answers.push(browser.sign_in("anna", PASSWORD).await);
    answers.push(browser.refresh().await);
    answers.push(browser.confirm(PASSWORD).await);
    let change = json!({ "current": PASSWORD, "new": "nine purple kettles" });
    answers.push(browser.put_json("/api/auth/password", change).await);
    site.outlive_access();
    answers.push(browser.get("/api/thing").await);
    answers.push(browser.sign_out().await);
    for answer in &answers {
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text());
        assert!(!answer.set_cookies().is_empty(), "{answer:?}");
        check_attributes(answer);
    }
    assert_eq!(browser.jar().refused(), Vec::<String>::new());
}

#[tokio::test]
async fn cookies_live_as_long_as_their_session() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    let now = site.auth.now();
    let age = |name: &str| {
        let cookie = browser.jar().cookies().into_iter().find(|cookie| cookie.name == name);
        cookie.unwrap().expires_at.map(|at| at.since(now).as_secs())
    };
    // Beside the refresh token it tells who was given what, also when it has expired.
    assert_eq!(age("__Host-access"), Some(30 * 24 * 3600));
    assert_eq!(age("__Host-refresh"), Some(30 * 24 * 3600));
    assert_eq!(age("__Host-csrf"), Some(30 * 24 * 3600));

    // Where nobody asked to be remembered, they go with the browser.
    let body = json!({ "login": "anna", "password": PASSWORD, "transport": "cookie" });
    let passing = site.browser();
    assert_eq!(passing.post_json("/api/auth/login", body).await.status, 200);
    assert!(passing.jar().cookies().iter().all(|cookie| cookie.expires_at.is_none()));
    let row = site.row(&passing).await;
    assert_eq!(row.expires_at.since(now).as_secs(), 12 * 3600);
    passing.jar().restart();
    assert_eq!(passing.get("/api/thing").await.verdict(), (401, "token_missing".to_owned()));
}

#[tokio::test]
async fn tokens_leave_by_the_door_they_came_in() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser();
    for answer in [
        browser.sign_in("anna", PASSWORD).await,
        browser.refresh().await,
        browser.confirm(PASSWORD).await,
    ] {
        assert!(answer.set_cookies().len() >= 3);
        for token in [browser.access_token().unwrap(), browser.refresh_token().unwrap()] {
            assert!(!answer.text().contains(&token));
        }
        assert!(!answer.text().contains("eyJ"), "{}", answer.text());
    }
    let app = site.app();
    for answer in [
        app.sign_in("anna", PASSWORD).await,
        app.refresh().await,
        app.confirm(PASSWORD).await,
        app.get("/api/thing").await,
        app.sign_out().await,
    ] {
        assert!(answer.status.is_success());
        assert_eq!(answer.set_cookies(), Vec::<&str>::new());
    }
}

/// Nobody, wherever the bad one stands, and nothing is cleared.
#[tokio::test]
async fn two_values_for_one_name_are_nobody() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    let good = browser.jar().header("/").unwrap();
    let nobody = site.anonymous();
    for name in ["__Host-access", "__Host-refresh"] {
        for lines in [
            vec![format!("{name}=planted; {good}")],
            vec![format!("{good}; {name}=planted")],
            vec![format!("{name}=planted"), good.clone()],
            vec![good.clone(), format!("{name}=")],
        ] {
            for (path, verdict) in
                [("/api/thing", (401, "token_missing")), ("/api/maybe", (200, ""))]
            {
                let mut request = browser.fetch_request(Method::GET, path, None);
                for line in &lines {
                    request.headers_mut().append("cookie", line.parse().unwrap());
                }
                let answer = nobody.send(request).await;
                assert_eq!(answer.verdict(), (verdict.0, verdict.1.to_owned()), "{lines:?}");
                assert_eq!(answer.set_cookies(), Vec::<&str>::new());
            }
            // Not even where they ask to be signed out: whose session it is, nobody knows.
            let mut request = browser.fetch_request(Method::POST, "/api/auth/logout", None);
            for line in &lines {
                request.headers_mut().append("cookie", line.parse().unwrap());
            }
            let answer = nobody.send(request).await;
            assert_eq!(answer.status, 204);
            assert_eq!(answer.set_cookies(), Vec::<&str>::new());
        }
    }
    let twice =
        with(request(Method::GET, "/api/thing", None), "cookie", &format!("{good}; {good}"));
    assert_eq!(nobody.send(twice).await.status, 200, "said twice, but the same");
    assert_eq!(browser.get("/api/thing").await.status, 200);
    assert_eq!(site.row(&browser).await.end, None);
}

/// The longest name and the most roles that an account can have still fit.
async fn the_largest_account_fits(carrier: Carrier) {
    let site = Site::new().await;
    let name = "n".repeat(64);
    let user = site.add_user(&name).await;
    let words: Vec<String> =
        (0..vestibule::core::user::MAX_ROLES).map(|number| format!("{number:a>32}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let change = UserChange { roles: Some(samples::roles(&words)), ..UserChange::default() };
    site.auth.change_user(user.id, change).await.unwrap().unwrap().unwrap();
    let visitor = site.visitor(carrier);
    let answer = visitor.sign_in(&name, PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    check_attributes(&answer);
    assert_eq!(visitor.get("/api/thing").await.status, 200);
}

/// Claims that do not fit are an error when they are made, and leave no session behind.
async fn claims_that_do_not_fit_leave_nothing_behind(carrier: Carrier) {
    let site = Site::built(
        |_| {},
        |builder| {
            builder.claims(|user| {
                let letters = if user.username == "anna" { 4000 } else { 10 };
                serde_json::Map::from_iter([("blob".to_owned(), json!("x".repeat(letters)))])
            })
        },
    )
    .await;
    let anna = site.add_user("anna").await;
    site.add_user("bert").await;
    let visitor = site.visitor(carrier);
    assert_eq!(visitor.sign_in("anna", PASSWORD).await.verdict(), (500, "internal".to_owned()));
    assert_eq!(visitor.access_token(), None);
    assert_eq!(site.living_sessions(&anna).await, 0);
    assert_eq!(visitor.sign_in("bert", PASSWORD).await.status, 200);
}

both_carriers!(the_largest_account_fits, claims_that_do_not_fit_leave_nothing_behind);

#[tokio::test]
async fn all_cookies_together_are_small() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    let sent = browser.jar().header("/").unwrap().len();
    assert!(sent < 2048, "{sent} bytes");
}

#[tokio::test]
async fn lookalikes_are_not_our_cookies() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    let token = browser.access_token().unwrap();
    let nobody = site.anonymous();
    for cookie in [
        format!("__host-access={token}"),
        format!("__HOST-access={token}"),
        format!("__Host-Access={token}"),
        format!("\u{2000}__Host-access={token}"),
        format!("%5F_Host-access={token}"),
        format!("__Host-access ={token}"),
        format!("\t__Host-access={token}"),
        format!("$Version=1,__Host-access={token}"),
        format!("access={token}"),
        format!("__Secure-access={token}"),
        format!("__Host-access\u{0}={token}").replace('\u{0}', "\u{1}").replace('\u{1}', ":"),
    ] {
        let answer = nobody.get_with("/api/thing", &[("cookie", &cookie)]).await;
        assert_eq!(answer.verdict(), (401, "token_missing".to_owned()), "{cookie:?}");
    }
    for value in
        [format!("\"{token}\""), format!("{token} "), format!(" {token}"), format!("{token},")]
    {
        let cookie = format!("__Host-access={value}; a=b");
        let answer = nobody.get_with("/api/thing", &[("cookie", &cookie)]).await;
        assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()), "{value:?}");
    }
}

/// Another program on the host may set a cookie of any bytes: that signs nobody out.
#[tokio::test]
async fn a_neighbours_cookie_of_other_bytes_is_passed_over() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    let good = browser.jar().header("/").unwrap();
    for cookies in [
        format!("name=J\u{fc}rgen; {good}"),
        format!("{good}; name=\u{1f36a}"),
        format!("; ;=; =x; novalue; {good};;"),
    ] {
        let answer = site.anonymous().get_with("/api/thing", &[("cookie", &cookies)]).await;
        assert_eq!(answer.text(), "anna", "{cookies}");
    }
}
