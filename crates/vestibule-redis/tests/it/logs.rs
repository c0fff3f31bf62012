//! The log: one line when Redis goes, one when it is back, and never the password.

use std::{cell::RefCell, io, sync::Once, time::Duration};

use vestibule_redis::{Redis, RedisOptions};

use crate::test_app::{TestApp, until};

thread_local! {
    /// What was logged on the thread of one test.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Begins to keep the log of this thread, at every level. One subscriber for the whole process.
fn keep_log() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(|| ToThread)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    LOG.set(Some(Vec::new()));
}

/// The log of this thread so far.
fn log() -> String {
    LOG.with_borrow(|log| String::from_utf8(log.clone().unwrap()).unwrap())
}

fn count(what: &str) -> usize {
    log().lines().filter(|line| line.contains(what)).count()
}

struct ToThread;

impl io::Write for ToThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| {
            if let Some(log) = log {
                log.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const CONNECTED: &str = "connected to Redis";
const AWAY: &str = "Redis cannot be reached";

#[tokio::test]
async fn one_line_when_it_goes_and_one_when_it_is_back() {
    keep_log();
    let app = TestApp::start();
    let node = app.node_with(1, RedisOptions::default()).await;
    until(async || (count(CONNECTED) == 1).then_some(())).await;
    app.server.kill();
    until(async || (count(AWAY) == 1).then_some(())).await;
    // A minute of new attempts, which time that only passes where everybody waits makes short.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(60)).await;
    tokio::time::resume();
    assert!(node.begin("a").await.is_err());
    app.server.restart();
    until(async || (count(CONNECTED) == 2).then_some(())).await;
    assert_eq!(count(AWAY), 1);
    assert!(log().contains(&format!("127.0.0.1:{}", app.server.port())));
    assert!(!log().contains(app.server.password()));
}

#[tokio::test]
async fn a_wrong_password_is_named_as_the_reason_and_not_repeated() {
    keep_log();
    let app = TestApp::start();
    let url = format!("redis://:gooseberry@127.0.0.1:{}", app.server.port());
    let redis = Redis::open(&url, RedisOptions::default()).unwrap();
    until(async || (count(AWAY) == 1).then_some(())).await;
    assert!(log().contains("assword"), "{}", log());
    assert!(!log().contains("gooseberry"));
    assert!(!redis.is_connected());
}
