//! What can only be seen from inside: plans, settings, and what becomes of connections.

mod plans;

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::sync::{OnceCell, Semaphore};
use vestibule_core::{
    id::UserId,
    session::EndReason,
    store::{
        Changed, Feed as _, SessionSelection, SessionStore as _, StoreError, StoreResult,
        UserStore as _,
    },
};
use vestibule_testkit::{
    postgres::{Database, Postgres},
    samples::{START, at, new_user, session, session_id},
};

use crate::{
    PoolOptions, PostgresStore, error::DbError, feed, pool::ExecMode, rows, sessions, users,
};

async fn store() -> (PostgresStore, Database<'static>) {
    store_with(PoolOptions::default()).await
}

async fn store_with(options: PoolOptions) -> (PostgresStore, Database<'static>) {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    static KEPT: OnceLock<Database<'static>> = OnceLock::new();
    let template = TEMPLATE
        .get_or_init(|| async {
            let database = Postgres::shared().create_database();
            PostgresStore::migrate(&database.url()).await.unwrap();
            KEPT.get_or_init(|| database).name().to_owned()
        })
        .await;
    let database = Postgres::shared().create_database_like(template);
    (PostgresStore::connect(&database.url(), options).await.unwrap(), database)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_has_the_settings() {
    let (store, _database) = store().await;
    let settings = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
    for (name, expected) in settings.into_iter().zip(["2500ms", "2s", "5s"]) {
        let found = store.read(name, |name, connection| {
            Box::pin(async move {
                let setting = sqlx::query("SELECT current_setting($1)").bind(name);
                rows::column::<String>(&setting.fetch_one(connection).await?, 0)
            })
        });
        assert_eq!(found.await.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_fails_burns_no_place_in_the_feed() {
    let (store, _database) = store().await;
    let fails = store.transact((), |(), connection| {
        Box::pin(async move {
            feed::append(connection, &Changed::Keys, START).await?;
            sqlx::query("INSERT INTO ring VALUES (false, 0)").execute(connection).await?;
            Ok(())
        })
    });
    let failed = fails.await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    assert_eq!(store.last_sequence().await.unwrap(), 0);
    store.announce(&Changed::Keys, at(1)).await.unwrap();
    let changes = store.changes_after(0, 10).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].sequence, changes[0].at), (1, at(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_goes_away_cuts_nothing_in_half() {
    let (store, database) = store_with(PoolOptions { connections: 1, waiting: 10 }).await;
    assert!(store.create_session(&session(1, UserId(1)), None).await.unwrap());
    let backend = backend(&store).await;
    // Each is abandoned in the middle: between the end of the session and its entry in the feed.
    let (begun, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let ending = {
        let (store, given) = (store.clone(), (Arc::clone(&begun), Arc::clone(&gate)));
        tokio::spawn(async move {
            let work = store.transact(given, |(begun, gate), connection| {
                Box::pin(async move {
                    sqlx::query(sessions::ending::END)
                        .bind(&session_id(1).as_bytes()[..])
                        .bind(at(1).millis())
                        .bind(EndReason::SignedOut.name())
                        .execute(&mut *connection)
                        .await?;
                    begun.add_permits(1);
                    let _open = gate.acquire().await;
                    feed::append(connection, &Changed::SessionEnded(session_id(1)), at(1)).await
                })
            });
            work.await
        })
    };
    let _begun = begun.acquire().await.unwrap();
    ending.abort();
    assert!(ending.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    // The only connection is given back after the abandoned operation, which was carried out as a whole.
    assert!(store.session(session_id(1)).await.unwrap().unwrap().end.is_some());
    let changes = store.changes_after(0, 10).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].what, Changed::SessionEnded(session_id(1)));
    assert_eq!(self::backend(&store).await, backend, "and the connection is as good as before");
    assert_eq!(database.sql("SELECT count(*) FROM pg_locks WHERE NOT granted"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_go_away_at_any_moment_leave_everything_whole() {
    let (store, _database) = store_with(PoolOptions { connections: 4, waiting: 500 }).await;
    for number in 0..100 {
        assert!(store.create_session(&session(number, UserId(1)), None).await.unwrap());
    }
    let mut tasks = Vec::new();
    for number in 0..100 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            store.end_session(session_id(number), EndReason::SignedOut, at(1)).await
        }));
        if number % 3 == 0 {
            tokio::time::sleep(Duration::from_micros(number * 37 % 900)).await;
        }
        tasks.swap_remove(tasks.len() / 2).abort();
    }
    for task in tasks {
        if let Ok(ended) = task.await {
            assert!(ended.unwrap());
        }
    }
    // Behind everything that still runs.
    let all = SessionSelection::User { id: UserId(1), except: None };
    store.end_sessions(all, EndReason::EndedByAdmin, at(2)).await.unwrap();
    let changes = store.changes_after(0, 1000).await.unwrap();
    let sequences: Vec<_> = changes.iter().map(|change| change.sequence).collect();
    assert_eq!(sequences, (1..=100).collect::<Vec<_>>(), "each session once, without gaps");
    let told: BTreeSet<_> = changes.iter().map(|change| format!("{:?}", change.what)).collect();
    assert_eq!(told.len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_cut_off_is_not_used_again() {
    let (store, database) = store_with(PoolOptions { connections: 1, waiting: 10 }).await;
    let before = backend(&store).await;
    let stuck: StoreResult<()> = store
        .transact((), |(), connection| {
            Box::pin(async move {
                feed::append(connection, &Changed::Keys, START).await?;
                std::future::pending().await
            })
        })
        .await;
    assert!(matches!(stuck, Err(StoreError::Unavailable(_))), "{stuck:?}");
    assert_ne!(backend(&store).await, before);
    // What it had locked is free, and what it had done is undone.
    store.announce(&Changed::Keys, at(1)).await.unwrap();
    assert_eq!(store.last_sequence().await.unwrap(), 1);
    let old = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {before}");
    assert_eq!(database.sql(&old), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_were_in_the_way_of_is_carried_out_again() {
    let (store, _database) = store().await;
    let attempts = Arc::new(Semaphore::new(0));
    for code in ["40001", "40P01"] {
        let given = (Arc::clone(&attempts), code);
        let done = store.transact(given, |(attempts, code), connection| {
            Box::pin(async move {
                attempts.add_permits(1);
                feed::append(connection, &Changed::Keys, START).await?;
                if attempts.available_permits() % 3 != 0 {
                    fail(connection, code).await?;
                }
                Ok(attempts.available_permits())
            })
        });
        done.await.unwrap();
    }
    assert_eq!(attempts.available_permits(), 6);
    assert_eq!(store.last_sequence().await.unwrap(), 2, "what was taken back left nothing");
    // But not for ever.
    let never = store.transact(Arc::clone(&attempts), |attempts, connection| {
        Box::pin(async move {
            attempts.add_permits(1);
            fail(connection, "40001").await
        })
    });
    assert!(matches!(never.await, Err(StoreError::Unavailable(_))));
    assert_eq!(attempts.available_permits(), 6 + 8);
    // And nothing else is.
    for code in ["23505", "55P03", "57014", "P0001"] {
        let once = store.transact((Arc::clone(&attempts), code), |(attempts, code), connection| {
            Box::pin(async move {
                attempts.add_permits(1);
                fail(connection, code).await
            })
        });
        assert!(matches!(once.await, Err(StoreError::Unavailable(_))), "{code}");
    }
    assert_eq!(attempts.available_permits(), 6 + 8 + 4);
}

/// Lets PostgreSQL fail with a code of our choice.
async fn fail(connection: &mut sqlx::PgConnection, code: &str) -> Result<(), DbError> {
    let fail = format!("DO $$ BEGIN RAISE SQLSTATE '{code}'; END $$");
    sqlx::raw_sql(sqlx::AssertSqlSafe(fail)).execute(connection).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_wait_in_a_circle_both_get_through() {
    let (store, _database) = store().await;
    let [ann, bob] = ["ann", "bob"].map(new_user);
    let ann = store.create_user(&ann, START).await.unwrap().unwrap();
    let bob = store.create_user(&bob, START).await.unwrap().unwrap();
    let barrier = Arc::new(tokio::sync::Barrier::new(2));
    let first_time = Arc::new(Semaphore::new(2));
    let lock = |first: i64, second: i64| {
        let store = store.clone();
        let given = (first, second, Arc::clone(&barrier), Arc::clone(&first_time));
        tokio::spawn(async move {
            let work = store.transact(given, |(first, second, barrier, first_time), connection| {
                Box::pin(async move {
                    let touch = "UPDATE users SET updated_at = updated_at + 1 WHERE id = $1";
                    sqlx::query(touch).bind(first).execute(&mut *connection).await?;
                    if let Ok(first_time) = first_time.try_acquire() {
                        first_time.forget();
                        barrier.wait().await;
                    }
                    sqlx::query(touch).bind(second).execute(connection).await?;
                    Ok(())
                })
            });
            work.await
        })
    };
    let both = [lock(ann.id.0, bob.id.0), lock(bob.id.0, ann.id.0)];
    for one in both {
        one.await.unwrap().unwrap();
    }
    let user = store.user(ann.id).await.unwrap().unwrap();
    assert_eq!(user.updated_at.millis(), START.millis() + 2);
}

/// Whoever finishes an upload holds it, and then writes a row that refers to its owner. A deletion of the owner
/// that held the account against that too, and waits for the upload, would wait in a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_held_against_changes_can_still_be_referred_to() {
    let (store, database) = store().await;
    let ann = store.create_user(&new_user("ann"), START).await.unwrap().unwrap();
    for hold in [users::HOLD, users::HOLD_SUPER_USERS] {
        let work = store.transact((ann.id, database.url()), move |(id, url), connection| {
            Box::pin(async move {
                sqlx::query(hold).bind(id.0).fetch_one(connection).await?;
                let free = |lock: &str| {
                    let others = format!("SELECT id FROM users FOR {lock} SKIP LOCKED");
                    !vestibule_testkit::postgres::sql(url, &others).is_empty()
                };
                Ok(["NO KEY UPDATE", "SHARE", "KEY SHARE"].map(free))
            })
        });
        assert_eq!(work.await.unwrap(), [false, false, true], "{hold}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_newer_version_is_unreadable_and_the_others_are_not() {
    let (store, database) = store().await;
    let ann = store.create_user(&new_user("ann"), START).await.unwrap().unwrap();
    let bob = store.create_user(&new_user("bob"), START).await.unwrap().unwrap();
    for change in
        ["status = 'archived'", "status = 'active', roles = 'Ä'", "roles = '', version = -1"]
    {
        database.sql(&format!("UPDATE users SET {change} WHERE id = {}", ann.id));
        let outcome = store.user(ann.id).await;
        assert!(matches!(outcome, Err(StoreError::Unreadable(_))), "{change}: {outcome:?}");
        assert_eq!(store.user(bob.id).await.unwrap(), Some(bob.clone()));
    }
    database.sql("ALTER TABLE users RENAME COLUMN status TO state");
    let outcome = store.user(bob.id).await;
    assert!(matches!(outcome, Err(StoreError::Unreadable(_))), "{outcome:?}");
}

/// The number of the process that serves the store's connection.
async fn backend(store: &PostgresStore) -> i32 {
    let backend = store.pool.run(ExecMode::Read, (), |(), connection| {
        Box::pin(async move {
            rows::column(&sqlx::query("SELECT pg_backend_pid()").fetch_one(connection).await?, 0)
        })
    });
    backend.await.unwrap()
}
