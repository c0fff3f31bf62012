//! https, by itself and behind a proxy.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};
use vestibule_testkit::{
    site::{Overheard, Place, Signal},
    visitors::{Anonymous, Browser, CookieNames, Loopback, Transport, Visitor as _, request, with},
    wait,
};

use crate::test_app::{PASSWORD, SECRET, clock, costly_place, create_user, place, run, serve};

/// Speaks TLS to the site, trusting nothing but the certificate that it made for itself.
#[derive(Clone)]
struct Secured {
    address: SocketAddr,
    connector: TlsConnector,
}

impl Secured {
    fn to(address: SocketAddr, certificate: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address, connector: Arc::new(config).into() }
    }

    async fn shake_hands(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.connector.connect(ServerName::try_from("localhost").unwrap(), stream).await
    }
}

#[async_trait]
impl Transport for Secured {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let stream = self.shake_hands().await.expect("a handshake");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let answer = sender.send_request(request.map(Full::new)).await.unwrap();
        let (parts, body) = answer.into_parts();
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }
}

#[tokio::test]
async fn a_certificate_of_its_own_is_made_once_and_cookies_are_bound_to_the_host() {
    let place = place()
        .with("VESTIBULE_TLS__SELF_SIGNED", "true")
        .with("VESTIBULE_PUBLIC_URL", "https://app.test");
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    assert!(site.url().starts_with("https://127.0.0.1:"), "{}", site.url());
    let certificate = place.path().join("data/self-signed.pem");
    let way = Secured::to(site.address(), &certificate);
    let heard = Overheard::new(way, site.secrets().clone());
    let browser = Browser::new(heard, "https://app.test", CookieNames::default(), clock());

    let page = browser.navigate("/auth/login").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("strict-transport-security"), "max-age=63072000");
    let fields = [
        ("login", "ada"),
        ("password", PASSWORD),
        ("remember_me", "true"),
        ("next", "/user/account"),
    ];
    let answer = browser.submit("/auth/login", &fields).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/user/account"));
    let lines = answer.set_cookies();
    for name in ["__Host-access", "__Host-refresh", "__Host-csrf"] {
        let line = lines.iter().find(|line| line.starts_with(&format!("{name}=")));
        let line = line.unwrap_or_else(|| panic!("{name} is missing in {lines:?}"));
        assert!(
            line.contains("; Secure") && line.contains("; Path=/;") && !line.contains("Domain"),
            "{line}"
        );
    }
    assert!(browser.jar().refused().is_empty(), "a browser takes all of them");
    assert_eq!(browser.navigate("/user/account").await.status, 200);
    let key = fs::read(&certificate).unwrap();
    site.stop();
    let site = serve(&place);
    assert_eq!(fs::read(&certificate).unwrap(), key, "the same one after a restart");
    drop(site);
}

/// Behind a proxy that ends https, as its requests arrive here.
#[derive(Clone)]
struct Proxied(Loopback);

#[async_trait]
impl Transport for Proxied {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let request = with(request, "x-forwarded-proto", "https");
        self.0.send(with(request, "x-forwarded-for", "203.0.113.9")).await
    }
}

fn production() -> Place {
    costly_place()
        .with("VESTIBULE_PROFILE", "production")
        .with("SECRET_KEY", SECRET)
        .with("VESTIBULE_PUBLIC_URL", "https://app.test")
        .with("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1")
}

#[tokio::test]
async fn production_starts_after_migrating_and_believes_its_proxy() {
    let place = production();
    let early = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(early.code(), 2, "{early:?}");
    assert!(early.stderr.contains("vestibule migrate"), "{early:?}");
    run(&place, &["migrate"]);
    assert!(run(&place, &["migrate"]).contains("up to date"));
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let way = Overheard::new(Proxied(Loopback::to(site.address())), site.secrets().clone());
    let browser = Browser::new(way.clone(), "https://app.test", CookieNames::default(), clock());
    let nobody = Anonymous::new(way, "app.test");

    assert_eq!(nobody.get("/openapi.json").await.status, 404, "only where it is switched on");
    let page = browser.navigate("/auth/login").await;
    assert_eq!(page.header("strict-transport-security"), "max-age=63072000");
    let answer = browser.submit("/auth/login", &[("login", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.set_cookies().iter().all(|line| line.contains("; Secure")));
    let sessions = browser.get("/api/auth/sessions").await.json();
    assert_eq!(sessions["sessions"][0]["address"], "203.0.113.9");

    let account =
        serde_json::json!({ "username": "eve", "email": "eve@people.test", "password": PASSWORD });
    assert_eq!(nobody.post_json("/api/auth/register", &account).await.status, 202);
    let login = serde_json::json!({ "login": "eve", "password": PASSWORD });
    let unverified = nobody.post_json("/api/auth/login", &login).await;
    assert_eq!(unverified.verdict(), (403, "email_unverified".into()));

    // Another host than ours is nobody's site, whatever the proxy passes on.
    let odd = with(request(http::Method::GET, "/", None), "host", "evil.test");
    let odd = nobody.send(odd).await;
    assert!(!odd.text().contains("evil.test"));
    site.stop();
    let log = place.log();
    let lines: Vec<&str> = log.lines().collect();
    assert!(
        lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{log}"
    );
}

/// For a busy machine: it happens within milliseconds.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// Writes a certificate for `localhost` and its key, in the place of those that are there.
fn renew_certificate(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    fs::copy(folder.join("cert.pem"), folder.join("trusted.pem")).unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_at_a_hangup_and_a_broken_one_is_not() {
    let place = place()
        .with("VESTIBULE_TLS__CERT", "cert.pem")
        .with("VESTIBULE_TLS__KEY", "key.pem")
        .with("VESTIBULE_PUBLIC_URL", "https://app.test");
    renew_certificate(place.path());
    let site = serve(&place);
    let trusted = place.path().join("trusted.pem");
    let before = Secured::to(site.address(), &trusted);
    assert!(before.shake_hands().await.is_ok());

    renew_certificate(place.path());
    site.signal(Signal::HUP);
    let after = Secured::to(site.address(), &trusted);
    let is_shown = async || after.shake_hands().await.ok();
    wait::until_async(NOTICED_WITHIN, is_shown).await.expect("the new certificate");
    assert!(before.shake_hands().await.is_err(), "the old one is shown no more");

    fs::write(place.path().join("cert.pem"), "not a certificate").unwrap();
    site.signal(Signal::HUP);
    let is_told = || place.log().contains("keeping the old one").then_some(());
    wait::until(NOTICED_WITHIN, is_told).expect("a line in the log");
    assert!(after.shake_hands().await.is_ok());
}

/// Without a hangup they are looked at by themselves, some seconds later.
#[tokio::test]
async fn a_renewed_certificate_is_noticed() {
    let place = place()
        .with("VESTIBULE_TLS__CERT", "cert.pem")
        .with("VESTIBULE_TLS__KEY", "key.pem")
        .with("VESTIBULE_PUBLIC_URL", "https://app.test");
    renew_certificate(place.path());
    let site = serve(&place);
    renew_certificate(place.path());
    let after = Secured::to(site.address(), &place.path().join("trusted.pem"));
    let is_shown = async || after.shake_hands().await.ok();
    wait::until_async(NOTICED_WITHIN, is_shown).await.expect("the new certificate");
}

#[tokio::test]
async fn changed_templates_and_texts_are_shown_at_a_hangup() {
    let place =
        place().with("VESTIBULE_PAGES__TEMPLATES", "own").with("VESTIBULE_PAGES__TEXTS", "words");
    let (own, words) = (place.path().join("own"), place.path().join("words/en"));
    fs::create_dir(&own).unwrap();
    fs::create_dir_all(&words).unwrap();
    fs::write(own.join("index.html"), "one").unwrap();
    let site = serve(&place);
    let shows = async |text: &str| {
        let is_shown = async || (site.anonymous().get("/").await.text() == text).then_some(());
        wait::until_async(NOTICED_WITHIN, is_shown).await.expect("the page as it is now");
    };
    shows("one").await;
    fs::write(own.join("index.html"), "{{ t(\"own-words\") }}").unwrap();
    fs::write(words.join("own.ftl"), "own-words = two\n").unwrap();
    site.signal(Signal::HUP);
    shows("two").await;

    fs::write(own.join("index.html"), "{% if %}").unwrap();
    site.signal(Signal::HUP);
    let is_told = || place.log().contains("keeping the old one").then_some(());
    wait::until(NOTICED_WITHIN, is_told).expect("a line in the log");
    shows("two").await;
}

#[tokio::test]
async fn signals_that_mean_nothing_do_not_end_the_site() {
    let place = place();
    let site = serve(&place);
    for signal in [Signal::USR1, Signal::USR2, Signal::ALARM, Signal::HUP] {
        site.signal(signal);
        assert_eq!(site.anonymous().get("/healthz").await.status, 200, "{signal:?}");
    }
    // It has heard them all by the time that it has heard the last.
    let is_told = || place.log().contains("SIGHUP").then_some(());
    wait::until(NOTICED_WITHIN, is_told).expect("a line in the log");
    assert_eq!(site.anonymous().get("/healthz").await.status, 200);
}
