//! The figures of a node, on a listener of their own.

use std::net::{SocketAddr, TcpListener};

use http::Method;
use vestibule_testkit::visitors::{Visitor as _, request, with};

use super::exchange;
use crate::test_app::{PASSWORD, create_user, place, serve};

/// The figure with this name and labels, as the format writes it; 0 where it is not there.
pub(crate) fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

/// All figures.
pub(crate) fn read(address: SocketAddr) -> String {
    exchange(
        address,
        format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )
}

#[tokio::test]
async fn what_happens_is_counted_where_only_the_operator_looks() {
    // Freed at once: nobody else on this machine takes a port of this range in between.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = place().with("VESTIBULE_METRICS__LISTEN", &free.to_string());
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    assert!(place.said().contains(&format!("Metrics at http://{free}/metrics")));
    assert_eq!(site.anonymous().get("/metrics").await.status, 404, "not for everybody");

    let before = read(free);
    let renewed = |outcome: &str| format!("vestibule_renewals_total{{outcome=\"{outcome}\"}}");
    for rises in [
        &*renewed("theft"),
        "vestibule_sign_ins_total{outcome=\"limited\"} 0",
        "vestibule_sessions_ended_total{reason=\"theft\"} 0",
        "vestibule_mails_total{outcome=\"given_up\"} 0",
    ] {
        assert!(before.contains(rises), "{rises} is there before it happens: {before}");
    }
    let app = site.app();
    assert_eq!(app.sign_in("ada", "not my password at all").await.status, 401);
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    let first = app.refresh_token().unwrap();
    for _ in 0..2 {
        assert_eq!(app.refresh().await.status, 200);
    }
    // Two generations back: nobody honest has it.
    let bearer = format!("Bearer {first}");
    let again = with(request(Method::POST, "/api/auth/refresh", None), "authorization", &bearer);
    assert_eq!(site.anonymous().send(again).await.code(), "session_ended");

    let after = read(free);
    assert!(after.starts_with("HTTP/1.1 200") && after.contains("text/plain; version=0.0.4"));
    for (name, count) in [
        (renewed("advanced"), 2.0),
        (renewed("theft"), 1.0),
        (renewed("repeated_lost_answer"), 0.0),
        ("vestibule_sign_ins_total{outcome=\"succeeded\"}".to_owned(), 1.0),
        ("vestibule_sign_ins_total{outcome=\"failed\"}".to_owned(), 1.0),
        ("vestibule_sessions_ended_total{reason=\"theft\"}".to_owned(), 1.0),
        ("vestibule_feed_lost".to_owned(), 0.0),
        ("vestibule_http_requests_total{method=\"POST\",status=\"200\"}".to_owned(), 3.0),
    ] {
        assert!((figure(&after, &name) - count).abs() < 0.5, "{name} is not {count}: {after}");
    }
    assert!(after.contains("vestibule_feed_age_seconds "), "{after}");
}
