//! The database goes away in one way or another, and comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{Connection as _, PgConnection};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::Instant,
};
use vestibule_core::{
    id::UserId,
    renewal::Advance,
    session::{EndReason, Session},
    store::{Changed, Feed as _, SessionStore as _, StoreError, StoreResult},
};
use vestibule_postgres::{OpenError, PoolOptions, PostgresStore};
use vestibule_testkit::{
    cable::{Cable, Condition},
    postgres::{Durability, Postgres},
    samples::{at, session, session_id},
    wait,
};

use crate::target::{self, FEW};

/// A store works again within five seconds after its database does; the rest is for a busy machine.
const BACK_WITHIN: Duration = Duration::from_secs(15);
const SMALL: PoolOptions = PoolOptions { connections: 4, waiting: 8 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_front_of_a_black_hole_only_so_many_wait() {
    let server = Postgres::start(Durability::None);
    let store = migrated(&server, SMALL).await;
    assert!(store.create_session(&session(1, UserId(1)), None).await.unwrap());
    server.stop();
    for _ in 0..2 {
        let mut waiting: Vec<_> = (0..12).map(|_| Box::pin(store.session(session_id(1)))).collect();
        for waiting in &mut waiting {
            assert!(wait::poll_once(waiting.as_mut()).await.is_none());
        }
        // All places are taken. Everybody else is told so before any of these has been answered.
        let refused = store.last_sequence().await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
        for waiting in &mut waiting {
            assert!(wait::poll_once(waiting.as_mut()).await.is_none());
        }
        // The table is not read in one moment: one that is closed and its successor may both be in it, once.
        let fewest = (0..5).map(|_| sockets(server.port())).min().unwrap();
        assert!(fewest <= 4, "{fewest}");
        for waiting in waiting {
            let late = waiting.await;
            assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
        }
        assert_eq!(sockets(server.port()), 0, "what was cut off is closed");
    }
    // A renewal that nobody will ever know of: carried out or not, but not by half.
    let step = Advance { from: 1, renewed_at: at(1), expires_at: at(60) };
    let unknown = store.advance_session(session_id(1), &step).await;
    assert!(matches!(unknown, Err(StoreError::Unavailable(_))), "{unknown:?}");
    server.cont();
    let found = wait::until_async(BACK_WITHIN, async || read(&store).await.unwrap().ok()).await;
    let found = found.unwrap().unwrap();
    let mut advanced = session(1, UserId(1));
    step.apply(&mut advanced);
    assert!([session(1, UserId(1)), advanced].contains(&found), "{found:?}");
    let step = Advance { from: found.generation, ..step };
    assert!(store.advance_session(session_id(1), &step).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_black_hole_swallows_used_and_new_connections_alike() {
    let server = Postgres::start(Durability::None);
    let store = migrated(&server, SMALL).await;
    let fresh = PostgresStore::unconnected(&server.url("postgres"), SMALL).unwrap();
    server.stop();
    let (used, fresh_one) = tokio::join!(store.last_sequence(), fresh.last_sequence());
    assert!(matches!(used, Err(StoreError::Unavailable(_))), "{used:?}");
    assert!(matches!(fresh_one, Err(StoreError::Unavailable(_))), "{fresh_one:?}");
    let refused = PostgresStore::connect(&server.url("postgres"), SMALL).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unreachable { .. }), "{refused}");
    server.cont();
    for store in [store, fresh] {
        let works = async || store.last_sequence().await.ok();
        assert_eq!(wait::until_async(BACK_WITHIN, works).await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_can_start_without_its_database() {
    let server = Postgres::start(Durability::None);
    let url = server.url("postgres");
    PostgresStore::migrate(&url).await.unwrap();
    server.shut_down();
    let refused = PostgresStore::connect(&url, SMALL).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unreachable { .. }), "{refused}");
    let store = PostgresStore::unconnected(&url, SMALL).unwrap();
    let refused = store.last_sequence().await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    server.restart();
    assert_eq!(store.last_sequence().await.unwrap(), 0);
}

/// Waiting for it is the caller's to do, who knows how long. The pool of sqlx tries again until its own time is up, and
/// forgets why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_told_at_once_and_why() {
    let server = Postgres::start(Durability::None);
    let store = migrated(&server, SMALL).await;
    server.shut_down();
    for _ in 0..3 {
        let before = Instant::now();
        let refused = store.last_sequence().await.unwrap_err();
        assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
        assert!(refused.to_string().contains("Connection refused"), "{refused}");
    }
}

/// A connection is of use again when its operation has ended. The pool of sqlx asks each one how it is first, which
/// nobody waits for but the next operation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_on_a_used_connection_is_one_round_trip() {
    const ROUND_TRIP: Duration = Duration::from_millis(100);
    const OPERATIONS: u32 = 8;
    let server = Postgres::start(Durability::None);
    let _ = migrated(&server, SMALL).await;
    let cable = Cable::to(([127, 0, 0, 1], server.port()).into());
    let url = server
        .url("postgres")
        .replace(&server.port().to_string(), &cable.address().port().to_string());
    let store =
        PostgresStore::unconnected(&url, PoolOptions { connections: 1, waiting: 8 }).unwrap();
    let ask = async || store.session(session_id(1)).await.unwrap();
    assert!(ask().await.is_none());
    cable.set(Condition::Slow(ROUND_TRIP / 2));
    assert!(ask().await.is_none());
    let before = Instant::now();
    for _ in 0..OPERATIONS {
        assert!(ask().await.is_none());
    }
    let took = before.elapsed();
    assert!(took < ROUND_TRIP * OPERATIONS * 3 / 2, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_does_not_notice_a_restart() {
    let server = Postgres::start(Durability::None);
    let store = migrated(&server, SMALL).await;
    let several: Vec<_> = (0..4).map(|_| read(&store)).collect();
    for one in several {
        assert!(one.await.unwrap().unwrap().is_none());
    }
    server.shut_down();
    server.restart();
    // All of the connections are dead; the first one that is tried says so for all.
    assert!(read(&store).await.unwrap().unwrap().is_none());
    store.announce(&Changed::Keys, at(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_became_a_replica_is_left() {
    let (store, database) = target::store().await;
    let set = |what: &str| {
        let set = format!("ALTER DATABASE {} {what}", database.name());
        database.server().sql("postgres", &set);
    };
    set("SET default_transaction_read_only = on");
    drop(store);
    let store = PostgresStore::connect(&database.url(), SMALL).await.unwrap();
    let refused = store.announce(&Changed::Keys, at(1)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    // Somebody else is the primary now, and comes to be found at the same address.
    set("RESET default_transaction_read_only");
    store.announce(&Changed::Keys, at(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_not_released_makes_only_its_own_row_unavailable() {
    let (store, database) = target::store().await;
    for number in [1, 2] {
        assert!(store.create_session(&session(number, UserId(1)), None).await.unwrap());
    }
    let mut other = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; UPDATE sessions SET agent = '' WHERE id = (SELECT min(id::text)::bytea FROM sessions)")
        .execute(&mut other)
        .await
        .unwrap();
    let step = Advance { from: 1, renewed_at: at(1), expires_at: at(60) };
    let refused = store.advance_session(session_id(1), &step).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(store.advance_session(session_id(2), &step).await.unwrap());
    assert!(store.session(session_id(1)).await.unwrap().is_some());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(store.advance_session(session_id(1), &step).await.unwrap());
}

const RENEWING: u64 = 8;
const ACKNOWLEDGED: u64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_crash_is_there_after_it() {
    let server = Postgres::start(Durability::Full);
    let store = migrated(&server, FEW).await;
    for number in 0..RENEWING {
        assert!(store.create_session(&session(number, UserId(1)), None).await.unwrap());
        // Ended in the course of it, one after the other.
        assert!(store.create_session(&session(100 + number, UserId(2)), None).await.unwrap());
    }
    let mut ended = Vec::new();
    for round in 0..3 {
        let count = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let mut renewing = JoinSet::new();
        for number in 0..RENEWING {
            renewing.spawn(renew(store.clone(), number, Arc::clone(&count), Arc::clone(&stop)));
        }
        let enough = || (count.load(Ordering::SeqCst) >= ACKNOWLEDGED).then_some(());
        let until_enough = wait::until_async(Duration::from_secs(60), async || enough());
        let ending = store.end_session(session_id(100 + round), EndReason::SignedOut, at(1));
        let (begun, has_ended) = tokio::join!(until_enough, ending);
        begun.unwrap();
        assert!(has_ended.unwrap());
        ended.push(session_id(100 + round));
        server.kill();
        server.restart();
        stop.store(true, Ordering::SeqCst);
        // Without a new store.
        let works = async || store.last_sequence().await.ok();
        wait::until_async(BACK_WITHIN, works).await.unwrap();
        for (number, acknowledged) in renewing.join_all().await {
            let found = store.session(session_id(number)).await.unwrap().unwrap();
            assert!(found.generation >= acknowledged, "round {round}, session {number}");
            // Never more than the one that was on its way.
            assert!(found.generation <= acknowledged + 1, "round {round}, session {number}");
            assert_eq!(found.seen_generation, found.generation - 1, "whole rows only");
        }
        let changes = store.changes_after(0, 1000).await.unwrap();
        let told: Vec<_> = changes.iter().map(|change| change.what).collect();
        assert_eq!(told, ended.iter().copied().map(Changed::SessionEnded).collect::<Vec<_>>());
    }
}

/// Renews until the database fails, and gives the last generation that it was told of.
async fn renew(
    store: PostgresStore,
    number: u64,
    count: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> (u64, u64) {
    let id = session_id(number);
    let mut generation = store.session(id).await.unwrap().unwrap().generation;
    while !stop.load(Ordering::SeqCst) {
        let step = Advance { from: generation, renewed_at: at(1), expires_at: at(60) };
        match store.advance_session(id, &step).await {
            Ok(advanced) => {
                assert!(advanced, "nobody else renews this one");
                generation = step.to();
                count.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
                break;
            }
        }
    }
    (number, generation)
}

/// A store in the server's own database.
async fn migrated(server: &Postgres, options: PoolOptions) -> PostgresStore {
    let url = server.url("postgres");
    PostgresStore::migrate(&url).await.unwrap();
    PostgresStore::connect(&url, options).await.unwrap()
}

fn read(store: &PostgresStore) -> JoinHandle<StoreResult<Option<Session>>> {
    let store = store.clone();
    tokio::spawn(async move { store.session(session_id(1)).await })
}

/// How many connections lead from here to a port.
fn sockets(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let port = format!(":{port:04X}");
    let is_one = |line: &&str| {
        let mut words = line.split_whitespace().skip(2);
        words.next().is_some_and(|remote| remote.ends_with(&port))
            && words.next() == Some(ESTABLISHED)
    };
    table.lines().skip(1).filter(is_one).count()
}
