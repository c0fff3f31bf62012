//! Requests that no honest client sends.

use std::io::Write as _;

use super::{connect, everything, exchange, status};
use crate::test_app::{PASSWORD, create_user, place, serve};
use vestibule_testkit::visitors::Visitor as _;

const SMUGGLED: &str = "GET /api/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn framing_that_can_be_read_in_two_ways_is_refused_and_nothing_after_it_is_answered() {
    let place = place();
    let site = serve(&place);
    let chunks = "0\r\n\r\n";
    let both = format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", chunks.len());
    let heads = [
        both,
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n".to_owned(),
        "Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(),
        "Content-Length: 5, 6\r\n".to_owned(),
        "Content-Length: +5\r\n".to_owned(),
        "Content-Length: -1\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        "Transfer-Encoding : chunked\r\n".to_owned(),
        "Content-Length: 5\nX: y\r\n".to_owned(),
    ];
    for head in heads {
        let request = format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{chunks}{SMUGGLED}"
        );
        let answer = exchange(site.address(), request.as_bytes());
        assert_eq!(status(&answer), 400, "{head:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{head:?}: {answer}");
    }
    let bad_size = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\nZZ\r\n{SMUGGLED}"
    );
    let answer = exchange(site.address(), bad_size.as_bytes());
    assert_eq!(status(&answer), 400, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    let good = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(status(&exchange(site.address(), good.as_bytes())), 200);
}

#[test]
fn a_good_request_is_answered_on_the_connection_of_a_refused_one() {
    let place = place();
    let site = serve(&place);
    for head in [
        "POST /api/nope HTTP/1.1\r\n",
        "POST /nope HTTP/1.1\r\n",
        "POST /api/auth/me HTTP/1.1\r\n",
        "POST /api/auth/login HTTP/1.1\r\nContent-Type: text/plain\r\n",
        "POST /api/auth/logout HTTP/1.1\r\n",
        "POST /api/files HTTP/1.1\r\n",
    ] {
        let mut stream = connect(site.address());
        let refused = format!("{head}Host: localhost\r\nContent-Length: 2\r\n\r\n");
        stream.write_all(refused.as_bytes()).unwrap();
        // A body that comes in a packet of its own, as many clients send it.
        std::thread::sleep(std::time::Duration::from_millis(50));
        let good = "{}GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(good.as_bytes()).unwrap();
        let answers = everything(&mut stream);
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{head}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{head}: {answers}");
    }
    // What nobody wants to wait for ends the connection, and the answer says so.
    for more in ["Content-Length: 100000\r\n", "Content-Length: 2\r\nExpect: 100-continue\r\n"] {
        let mut stream = connect(site.address());
        let refused = format!("POST /api/nope HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
        stream.write_all(refused.as_bytes()).unwrap();
        let answer = everything(&mut stream);
        assert_eq!(status(&answer), 404, "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_costs_anything() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let before = memory(site.pid(), "VmHWM");
    let get = |headers: &str| {
        format!(
            "GET /api/auth/me HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n"
        )
    };
    let long = get(&format!("Authorization: Bearer {}\r\n", "A".repeat(1 << 20)));
    assert_eq!(status(&exchange(site.address(), long.as_bytes())), 431);
    let dots = get(&format!("Authorization: Bearer {}\r\n", ".".repeat(1_000_000)));
    assert_eq!(status(&exchange(site.address(), dots.as_bytes())), 431);
    let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
    assert_eq!(status(&exchange(site.address(), get(&many).as_bytes())), 431);

    let post = |length: usize| {
        format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    // Announced, and never sent: the answer does not wait for it.
    let mut stream = connect(site.address());
    stream.write_all(post(100_000_000).as_bytes()).unwrap();
    assert_eq!(status(&everything(&mut stream)), 413);

    let password = format!(r#"{{"login":"ada","password":"{}"}}"#, "x".repeat(1 << 20));
    let password = post(password.len()) + &password;
    assert_eq!(status(&exchange(site.address(), password.as_bytes())), 413);
    for deep in ["[".repeat(100_000), r#"{"login":"#.repeat(100_000 / 9)] {
        let deep = post(deep.len()) + &deep;
        let answer = status(&exchange(site.address(), deep.as_bytes()));
        assert!([400, 413].contains(&answer), "{answer}");
    }
    let grown = memory(site.pid(), "VmHWM").saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB more");
    assert_eq!(site.app().sign_in("ada", PASSWORD).await.status, 200);
}

#[test]
fn a_stranger_as_host_is_not_believed() {
    let place = place();
    let site = serve(&place);
    let ask = |head: &str| {
        exchange(
            site.address(),
            format!("GET /auth/login HTTP/1.1\r\n{head}Connection: close\r\n\r\n").as_bytes(),
        )
    };
    assert_eq!(status(&ask("")), 400, "HTTP/1.1 has a host");
    assert_eq!(status(&ask("Host: localhost\r\nHost: evil.test\r\n")), 400);
    let forwarded =
        ask("Host: localhost\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-For: 203.0.113.9\r\n");
    assert_eq!(status(&forwarded), 200);
    assert!(!forwarded.contains("evil.test"));
    drop(site);
    assert!(!place.log().contains("203.0.113.9"), "nobody has made that peer a proxy");
}

#[test]
fn texts_of_strangers_stay_on_their_line_of_the_log() {
    let place = place();
    let site = serve(&place);
    let request = "GET /nowhere%0d%0aforged HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\x1b[31m\u{202e}b\tc\r\n\
                   Connection: close\r\n\r\n";
    // Some servers refuse such a header, some take it: neither may end in the log as it came.
    let answer = status(&exchange(site.address(), request.as_bytes()));
    assert!([400, 404].contains(&answer), "{answer}");
    drop(site);
    let log = place.log();
    assert!(!log.contains('\x1b'), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("forged")), "{log}");
}

/// A figure of the process in KiB.
pub(crate) fn memory(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).expect("the system tells");
    line.split_whitespace().nth(1).and_then(|figure| figure.parse().ok()).expect("a figure")
}
