//! What is accepted as a url, and TLS.

use rcgen::generate_simple_self_signed;
use vestibule_core::store::FeedNotifier as _;
use vestibule_redis::{OpenError, Redis, RedisOptions};
use vestibule_testkit::{
    SeededEntropy,
    redis::{Redis as Server, Tls},
};

use crate::test_app::{Node, secret, until, within};

#[tokio::test]
async fn a_url_that_cannot_be_read_is_refused_and_its_password_not_repeated() {
    for url in [
        "",
        "127.0.0.1:6379",
        "http://:gooseberry@localhost",
        "redis://:gooseberry@localhost:port",
        "redis://:gooseberry@localhost/gooseberry",
        "redis://:gooseberry@/0",
        "redis://:gooseberry@localhost?protocol=gooseberry",
        "rediss://:gooseberry@localhost#gooseberry",
        "redis://:goose%ffberry@localhost",
    ] {
        let refused = Redis::open(url, RedisOptions::default()).unwrap_err();
        assert!(matches!(refused, OpenError::Url), "{url}");
        let text = format!("{refused} {refused:?}");
        assert!(text.contains("redis://:password@host:6379/0"), "{text}");
        assert!(!text.contains("berry"), "{text}");
    }
}

#[tokio::test]
async fn what_is_shown_of_it_has_no_password() {
    let url = "redis://anna:gooseberry@127.0.0.1:1/3";
    let redis = Redis::open(url, RedisOptions::default()).unwrap();
    let limits = redis.limits(&secret(), &SeededEntropy::new(1));
    let shown = format!("{redis:?} {limits:?} {:?}", redis.notifier());
    assert!(shown.contains("127.0.0.1:1"), "{shown}");
    assert!(!shown.contains("gooseberry") && !shown.contains("anna"), "{shown}");
}

#[tokio::test]
async fn certificates_go_with_tls_only_and_are_read_at_once() {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let open = |url: &str, pem: &str| {
        let root_certificates = Some(pem.as_bytes().to_vec());
        Redis::open(url, RedisOptions { root_certificates, ..RedisOptions::default() })
    };
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(open("rediss://localhost", &made.cert.pem()).is_ok());
    for (url, pem) in [("redis://localhost", &*made.cert.pem()), ("rediss://localhost", broken)] {
        assert!(matches!(open(url, pem), Err(OpenError::Certificates(_))), "{url}");
    }
}

#[tokio::test]
async fn with_tls_whoever_is_trusted_is_spoken_to_and_nobody_else() {
    let certificate = || generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (ours, anothers) = (certificate(), certificate());
    let tls = Tls { certificate: ours.cert.pem(), key: ours.signing_key.serialize_pem() };
    let server = Server::start_with_tls(tls);
    let open = |pem: String| {
        let root_certificates = Some(pem.into_bytes());
        let options = RedisOptions { root_certificates, ..RedisOptions::default() };
        Redis::open(&server.url(), options).unwrap()
    };
    let distrusting = open(anothers.cert.pem());
    let redis = open(ours.cert.pem());
    let notifier = redis.notifier();
    let limits = redis.limits(&secret(), &SeededEntropy::new(1));
    until(async || redis.is_connected().then_some(())).await;
    notifier.notify().await;
    within(notifier.notified()).await;
    drop(Node { redis, limits }.begins("a").await);
    assert!(!distrusting.is_connected());
}
