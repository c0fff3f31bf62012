//! Handlers that call a way in and check nothing themselves: the way in does.

use axum::{
    Form, Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::post,
};
use http::Method;
use vestibule::{
    Carrier, Problem, Registrant, SignInForm, Vestibule, Visit,
    core::{id::UserId, name::EmailAddress},
};
use vestibule_testkit::visitors::{Answer, Browser, InProcess, Visitor as _, request, with};

use crate::site::{HOST, ORIGIN, PASSWORD, Site};

#[derive(serde::Deserialize)]
struct Fields {
    way: String,
}

/// Every public way in, as somebody writes it who has never heard of CSRF.
fn router(auth: &Vestibule) -> Router {
    Router::new()
        .route("/in", post(way_in))
        .with_state(())
        .merge(crate::site::router(auth))
        .layer(auth.layer())
}

async fn way_in(
    visit: Visit,
    State(()): State<()>,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let form = SignInForm {
        login: "anna".to_owned(),
        password: PASSWORD.into(),
        remember: false,
        carrier: if fields.way.starts_with("header") { Carrier::Header } else { Carrier::Cookie },
        device: None,
        device_token: None,
    };
    let anna = UserId(1);
    match fields.way.as_str() {
        "header" | "cookie" => drop(visit.sign_in(form).await?),
        "recognize" => drop(visit.sign_in_or_recognize(form).await?),
        "restore" => drop(visit.restore(form).await?),
        "restore proven" => drop(visit.restore_proven(anna, &form).await?),
        "register" => {
            let registrant = Registrant {
                username: "eve".to_owned(),
                email: "eve@example.org".to_owned(),
                password: PASSWORD.into(),
            };
            visit.register(registrant).await?;
        }
        "forgot" => visit.ask_for_reset("anna").await?,
        "verify again" => visit.ask_to_verify("anna").await?,
        "verify" => {
            let email = EmailAddress::parse("anna@example.org").unwrap();
            drop(visit.verify_email(anna, email).await?);
        }
        "reset" => {
            let hash = visit.auth().hash_new_password("new", PASSWORD.into(), &[]).await?;
            drop(visit.reset_password(anna, hash, false).await?);
        }
        other => panic!("no way in: {other}"),
    }
    Ok("done".into_response())
}

const WAYS: [&str; 9] = [
    "cookie",
    "recognize",
    "restore",
    "restore proven",
    "register",
    "forgot",
    "verify again",
    "verify",
    "reset",
];

async fn site_with_browser() -> (Site, Browser, InProcess) {
    let site = Site::new().await;
    site.add_user("anna").await;
    let router = InProcess::new(router(&site.auth));
    let browser = Browser::new(router.clone(), ORIGIN, Default::default(), site.clock.clone());
    (site, browser, router)
}

async fn post_form(browser: &Browser, headers: &[(&'static str, &str)], body: String) -> Answer {
    let mut form = request(Method::POST, "/in", None);
    *form.body_mut() = body.into();
    let form = with(form, "content-type", "application/x-www-form-urlencoded");
    browser.send(headers.iter().fold(form, |form, (name, value)| with(form, name, value))).await
}

#[tokio::test]
async fn a_foreign_page_gets_nobody_in_by_a_handler_that_forgot_to_check() {
    let (_site, browser, _) = site_with_browser().await;
    browser.navigate("/auth/login").await;
    for way in WAYS {
        for headers in [
            &[("origin", "https://evil.test"), ("sec-fetch-site", "cross-site")][..],
            &[("origin", "https://evil.test")],
            &[("origin", ORIGIN)],
            &[("sec-fetch-site", "same-origin")],
            &[],
        ] {
            let answer = post_form(&browser, headers, format!("way={way}")).await;
            let about = format!("{way} {headers:?}");
            assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()), "{about}");
            assert!(answer.set_cookies().is_empty(), "{about}");
        }
    }
}

#[tokio::test]
async fn a_form_of_ours_goes_through_without_a_word_of_the_handler() {
    for way in WAYS.into_iter().filter(|way| *way != "restore proven") {
        let (_site, browser, _) = site_with_browser().await;
        browser.navigate("/auth/login").await;
        let answer = browser.submit("/in", &[("way", way)]).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "done"), "{way}");
    }
}

/// A header sign-in sets no cookie, so that no form has to bring a value; a foreign page is refused all the same.
#[tokio::test]
async fn a_sign_in_by_header_needs_no_form() {
    let (site, browser, router) = site_with_browser().await;
    let foreign =
        post_form(&browser, &[("origin", "https://evil.test")], "way=header".into()).await;
    assert_eq!(foreign.verdict(), (403, "csrf_failed".to_owned()));
    let app = vestibule_testkit::visitors::Anonymous::new(router, HOST);
    let mut ask = request(Method::POST, "/in", None);
    *ask.body_mut() = "way=header".into();
    let ask = with(ask, "content-type", "application/x-www-form-urlencoded");
    assert_eq!(app.send(ask).await.status, 200);
    drop(site);
}
