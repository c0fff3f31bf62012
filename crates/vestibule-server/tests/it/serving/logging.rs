//! The log where standard error is full, closed or not read.

use std::{
    fs::OpenOptions,
    io::{Read as _, Write as _, pipe},
    net::{SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use vestibule_testkit::{
    site::{Child, Signal},
    wait,
};

use super::{connect, everything, figures};
use crate::test_app::{create_user, file_place, place, serve};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// Has the site answer so many requests, with lines of the log of about one kibibyte each.
fn ask(address: SocketAddr, times: usize) {
    let path = format!("/api/{}", "x".repeat(290));
    let agent = "é".repeat(290);
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {agent}\r\n\r\n")
        .into_bytes();
    for _ in 0..times / 50 {
        let mut stream = connect(address);
        for _ in 0..49 {
            stream.write_all(&request).unwrap();
        }
        let last = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(last.as_bytes()).unwrap();
        assert_eq!(everything(&mut stream).matches("HTTP/1.1 404").count(), 50);
    }
}

fn full() -> std::fs::File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

#[tokio::test]
async fn a_site_whose_log_cannot_be_written_is_served_and_started_again() {
    let place = place();
    for _ in 0..2 {
        let site = place.start_logging_to(full(), &SERVE);
        ask(site.address(), 100);
        assert_eq!(site.anonymous().get("/healthz").await.status, 200);
        site.stop();
    }
    // What `| head -3` leaves behind.
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let site = place.start_logging_to(writer, &SERVE);
    ask(site.address(), 100);
    site.stop();
}

#[test]
fn a_log_that_nobody_reads_holds_up_neither_requests_nor_the_end_and_says_what_was_lost() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = place().with("VESTIBULE_METRICS__LISTEN", &free.to_string());
    let (mut reader, writer) = pipe().unwrap();
    let site = place.start_logging_to(writer, &SERVE);
    const LOST: &str = "vestibule_log_lines_lost_total";
    assert_eq!(figures::figure(&figures::read(free), LOST), 0.0);
    ask(site.address(), 6000);
    assert!(figures::figure(&figures::read(free), LOST) > 100.0, "{}", figures::read(free));

    // Somebody reads again.
    let read = thread::spawn(move || {
        let (mut log, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
        while !String::from_utf8_lossy(&log).contains("lost log lines") {
            let more = reader.read(&mut piece).unwrap();
            assert!(more > 0, "the site goes on");
            log.extend_from_slice(&piece[..more]);
        }
        reader
    });
    let reader = read.join().unwrap();
    ask(site.address(), 1000);
    // And reads no longer: neither does the end wait.
    site.stop();
    drop(reader);
}

#[test]
fn a_site_is_served_though_its_standard_output_is_full() {
    // It cannot say where it listens, so it is told.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = place();
    let mut command = place.command(&["serve", "--listen", &free.to_string()]);
    command.stdout(full()).stderr(full());
    let mut site = Child::start(&mut command);
    let answers = || std::net::TcpStream::connect(free).ok();
    wait::until(Duration::from_secs(20), answers).expect("it is served");
    ask(free, 50);
    site.signal(Signal::TERM);
    let status = wait::until(Duration::from_secs(12), || site.has_ended()).expect("it ends");
    assert!(status.success(), "{status}");
}

#[test]
fn commands_end_with_their_own_status_though_nothing_can_be_said() {
    let place = file_place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    for (arguments, expected) in [
        (&["migrate"][..], 0),
        (&["user", "suspend", "ada"], 0),
        (&["user", "activate", "ada"], 0),
        (&["session", "end", "--user", "ada"], 0),
        (&["user", "show", "nobody"], 1),
        (&["nonsense"], 2),
        (&["config", "check", "--set", "nonsense=1"], 2),
    ] {
        let mut command = place.command(arguments);
        command.stdout(std::process::Stdio::null()).stderr(full());
        let mut command = Child::start(&mut command);
        let status = wait::until(Duration::from_secs(20), || command.has_ended()).unwrap();
        assert_eq!(status.code(), Some(expected), "{arguments:?}");
    }
    // A result that cannot be written is a failure, and no panic.
    for arguments in [&["user", "list"][..], &["key", "list"], &["openapi"], &["config", "show"]] {
        let mut command = place.command(arguments);
        command.stdout(full()).stderr(full());
        let mut command = Child::start(&mut command);
        let status = wait::until(Duration::from_secs(20), || command.has_ended()).unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
    drop(site);
}
