//! Cookies of two sessions in one request: they are nobody's. Nothing is renewed, ended or cleared.

use http::Method;
use vestibule::{Carrier, SiteSecret, core::csrf::CsrfKey};
use vestibule_testkit::visitors::{Answer, Browser, Visitor, request, with};

use crate::site::{ORIGIN, PASSWORD, SECRET, Site, refresh_at};

/// Anna and Bert, and a browser with her access token and his refresh token.
struct Mixed {
    site: Site,
    anna: Browser,
    bert: Browser,
    both: Browser,
}

impl Mixed {
    async fn new() -> Self {
        let site = Site::new().await;
        for name in ["anna", "bert"] {
            site.add_user(name).await;
        }
        let (anna, bert) = (site.browser_of("anna").await, site.browser_of("bert").await);
        let both = anna.copy();
        both.hold(anna.access_token().as_deref(), bert.refresh_token().as_deref());
        Self { site, anna, bert, both }
    }

    /// A request with the cookies of both, and the CSRF value of one of them.
    async fn ask(&self, csrf_of: &Browser, method: Method, path: &str) -> Answer {
        let request = request(method, path, None);
        let request = with(request, "origin", ORIGIN);
        let request = with(request, "x-csrf-token", &csrf_of.csrf().unwrap());
        self.both.send(request).await
    }

    /// It was nobody, and both go on.
    async fn nothing_happened(&self, answer: &Answer) {
        assert_eq!(answer.set_cookies(), Vec::<&str>::new());
        assert_eq!(self.site.store.advances(), 0);
        for whose in [&self.anna, &self.bert] {
            assert_eq!(self.site.row(whose).await.end, None);
        }
    }
}

#[tokio::test]
async fn they_are_nobody() {
    for expired in [false, true] {
        let mixed = Mixed::new().await;
        if expired {
            mixed.site.outlive_access();
        }
        for csrf_of in [&mixed.anna, &mixed.bert] {
            for method in [Method::GET, Method::POST] {
                for (path, verdict) in
                    [("/api/thing", (401, "token_missing")), ("/api/maybe", (200, ""))]
                {
                    let answer = mixed.ask(csrf_of, method.clone(), path).await;
                    assert_eq!(answer.verdict(), (verdict.0, verdict.1.to_owned()), "{method}");
                    assert!(verdict.0 == 401 || answer.text() == "nobody");
                    mixed.nothing_happened(&answer).await;
                }
            }
            let answer = mixed.ask(csrf_of, Method::POST, "/api/auth/refresh").await;
            assert_eq!(answer.verdict(), (401, "token_missing".to_owned()));
            mixed.nothing_happened(&answer).await;
            let answer = mixed.ask(csrf_of, Method::POST, "/api/auth/logout").await;
            assert_eq!(answer.status, 204);
            mixed.nothing_happened(&answer).await;
        }
        let foreign = request(Method::POST, "/api/auth/logout", None);
        let foreign = with(foreign, "origin", "https://elsewhere.test");
        assert_eq!(mixed.both.send(foreign).await.verdict(), (403, "csrf_failed".to_owned()));
    }
}

#[tokio::test]
async fn an_ended_session_does_not_give_way_to_another() {
    let mixed = Mixed::new().await;
    mixed.anna.sign_out().await;
    let answer = mixed.both.get("/api/thing").await;
    assert_eq!(answer.verdict(), (401, "token_missing".to_owned()));
    assert_eq!(answer.set_cookies(), Vec::<&str>::new());
    assert_eq!(mixed.site.row(&mixed.bert).await.generation, 1);
}

/// A page sends them to the sign-in, whose form works, and ends neither session for the other.
#[tokio::test]
async fn signing_in_puts_an_end_to_it() {
    let mixed = Mixed::new().await;
    let answer = mixed.both.navigate("/page").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/auth/login?next=%2Fpage"));
    mixed.both.navigate("/auth/login").await;
    let fields = [("login", "anna"), ("password", PASSWORD)];
    assert_eq!(mixed.both.submit("/auth/login", &fields).await.status, 303);
    assert_eq!(mixed.both.get("/api/thing").await.text(), "anna");
    for whose in [&mixed.anna, &mixed.bert] {
        assert_eq!(mixed.site.row(whose).await.end, None);
    }
}

/// What cannot be read says nothing: the other cookie alone counts.
#[tokio::test]
async fn an_unreadable_cookie_contradicts_nothing() {
    let mixed = Mixed::new().await;
    let refresh = mixed.bert.refresh_token().unwrap();
    mixed.both.hold(Some("x.y.z"), Some(&refresh));
    assert_eq!(mixed.both.get("/api/thing").await.text(), "bert");
    let access = mixed.anna.access_token().unwrap();
    mixed.both.hold(Some(&access), Some("x.y.z"));
    assert_eq!(mixed.both.get("/api/thing").await.text(), "anna");
}

/// A refresh token is taken from the carrier of its session only, an access token from either.
#[tokio::test]
async fn a_session_belongs_to_its_carrier() {
    let site = Site::new().await;
    site.add_user("anna").await;
    for carrier in [Carrier::Cookie, Carrier::Header] {
        let visitor = site.signed_in(carrier).await;
        let (access, refresh) = (visitor.access_token().unwrap(), visitor.refresh_token().unwrap());
        let id = site.row(&*visitor).await.id;
        let other = match carrier {
            Carrier::Cookie => Carrier::Header,
            Carrier::Header => Carrier::Cookie,
        };
        let key = CsrfKey::new(&SiteSecret::new(SECRET).unwrap());
        let csrf = Some(key.of_session(id).plain());
        let answer = refresh_at(site.transport(), other, &refresh, csrf).await;
        assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()), "{other}");
        let elsewhere = site.visitor(other);
        elsewhere.hold(Some(&access), None);
        assert_eq!(elsewhere.get("/api/thing").await.text(), "anna", "{other}");
        if other == Carrier::Cookie {
            // In passing it renews nothing either.
            elsewhere.hold(None, Some(&refresh));
            let answer = elsewhere.get("/api/thing").await;
            assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()));
            assert_eq!(answer.set_cookies(), Vec::<&str>::new());
        }
        let row = site.row(&*visitor).await;
        assert_eq!((row.generation, row.end), (1, None), "unharmed");
        assert_eq!(visitor.refresh().await.status, 200);
    }
}
