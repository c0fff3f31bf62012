//! What can only be seen from inside: plans, settings, and transactions that fail.

use std::{
    pin::Pin,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use rusqlite::{Connection, types::Value};
use tempfile::TempDir;
use vestibule_core::{
    renewal::Advance,
    session::EndReason,
    store::{Changed, Feed as _, SessionStore as _, StoreError, StoreResult, UserStore as _},
};
use vestibule_testkit::{
    samples::{START, at, new_user, session, session_id},
    wait,
};

use crate::{
    OpenOptions, SqliteStore, audit, batches, erasure, feed, feedback,
    files::{self, blobs, shares, uploads},
    history, leases, one_time, outbox, sessions, users, writer,
};

fn store() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    let store = SqliteStore::open(&path, OpenOptions { create: true, migrate: true }).unwrap();
    (store, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_hot_statement_reads_a_whole_table() {
    let (store, _folder) = store();
    for (statement, steps) in [
        (sessions::SELECT, &["SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)"][..]),
        (files::OFFERED_TO, &["offers_name (name_key=?"]),
        (files::offers::WITHDRAW, &["SEARCH offers USING PRIMARY KEY (file_id=? AND name_key=?)"]),
        (files::offers::OF_FILE, &["SEARCH offers USING PRIMARY KEY (file_id=?)"]),
        (erasure::files::OFFERS, &["offers_name (name_key=?"]),
        (sessions::ADVANCE, &["SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)"]),
        (sessions::HAND_OUT, &["SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)"]),
        (sessions::CONFIRM, &["SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)"]),
        (sessions::END, &["SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)"]),
        (sessions::SEEN, &["SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)"]),
        (sessions::GUARD, &["SEARCH users USING INTEGER PRIMARY KEY (rowid=?)"]),
        (sessions::END_OF_USER, &["SEARCH sessions USING INDEX sessions_user (user_id=?)"]),
        (sessions::OF_USER, &["SEARCH sessions USING INDEX sessions_user (user_id=?)"]),
        (sessions::END_BEYOND, &["SEARCH sessions USING INDEX sessions_user (user_id=?)"]),
        (sessions::REMOVE_BEYOND, &["SEARCH sessions USING INDEX sessions_user (user_id=?)"]),
        (sessions::ACTIVE, &["SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id>?)"]),
        (sessions::END_ALL, &["SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id>?)"]),
        (sessions::PURGE_EXPIRED, &["SEARCH sessions USING COVERING INDEX sessions_expiry"]),
        (sessions::PURGE_ENDED, &["SEARCH sessions USING COVERING INDEX sessions_end"]),
        (
            history::ADD,
            &["SEARCH sessions EXISTS USING COVERING INDEX sqlite_autoindex_sessions_1 (id=?)"],
        ),
        (
            history::TRIM,
            &[
                "SEARCH renewals USING PRIMARY KEY (session_id=? AND presented<?)",
                "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)",
            ],
        ),
        (history::OF_SESSION, &["SEARCH renewals USING PRIMARY KEY (session_id=?)"]),
        (leases::RELEASE, &["SEARCH leases USING PRIMARY KEY (name=?)"]),
        (one_time::BY_KEY, &["(hash=?)"]),
        (one_time::OF_USER, &["SEARCH one_time USING PRIMARY KEY (user_id=? AND purpose=?)"]),
        (one_time::USE, &["(hash=?)"]),
        (one_time::VOID, &["SEARCH one_time USING PRIMARY KEY (user_id=? AND purpose=?)"]),
        (one_time::DROP, &["SEARCH one_time USING PRIMARY KEY (user_id=?)"]),
        (one_time::PURGE, &["SEARCH one_time USING INDEX one_time_expiry (expires_at<?)"]),
        (
            outbox::CLAIM,
            &[
                "SEARCH mails USING INDEX sqlite_autoindex_mails_1 (id=?)",
                "SEARCH mails USING INDEX mails_waiting (at<?)",
            ],
        ),
        (outbox::SENT, &["SEARCH mails USING INDEX sqlite_autoindex_mails_1 (id=?)"]),
        (outbox::FAILED, &["SEARCH mails USING INDEX sqlite_autoindex_mails_1 (id=?)"]),
        (outbox::RETRY, &["SEARCH mails USING INDEX sqlite_autoindex_mails_1 (id=?)"]),
        (outbox::BY_ID, &["SEARCH mails USING INDEX sqlite_autoindex_mails_1 (id=?)"]),
        (outbox::LIST, &["SEARCH mails USING INDEX mails_created"]),
        (outbox::LIST_OF_USER, &["SEARCH mails USING INDEX mails_user (user_id=?"]),
        (outbox::PURGE, &["SEARCH mails USING INDEX mails_done (at<?)"]),
        (erasure::DUE, &["SEARCH users USING INDEX users_to_erase (deleted_at<?)"]),
        (erasure::FEEDBACK, &["SEARCH feedback USING INDEX feedback_user (user_id=?)"]),
        (erasure::EVENTS, &["events_subject (subject=?)", "events_actor (actor=?)"]),
        (erasure::ERASE, &["SEARCH users USING INTEGER PRIMARY KEY (rowid=?)"]),
        (erasure::SESSIONS, &["SEARCH sessions USING COVERING INDEX sessions_user (user_id=?)"]),
        (erasure::MAILS, &["mails_user (user_id=?)"]),
        (users::EMAIL_KEY, &["SEARCH users USING INTEGER PRIMARY KEY (rowid=?)"]),
        (users::BY_ID, &["SEARCH users USING INTEGER PRIMARY KEY (rowid=?)"]),
        (users::BY_NAME, &["SEARCH users USING INDEX sqlite_autoindex_users_1 (username_key=?)"]),
        (users::BY_EMAIL, &["SEARCH users USING INDEX sqlite_autoindex_users_2 (email_key=?)"]),
        (users::NAME_TAKEN, &["sqlite_autoindex_users_1 (username_key=?)"]),
        (users::EMAIL_TAKEN, &["sqlite_autoindex_users_2 (email_key=?)"]),
        (users::CHANGE, &["SEARCH users USING INTEGER PRIMARY KEY (rowid=?)"]),
        (batches::ID_BY_NAME, &["sqlite_autoindex_users_1 (username_key=?)"]),
        (batches::ID_BY_EMAIL, &["sqlite_autoindex_users_2 (email_key=?)"]),
        (files::SELECT, &["sqlite_autoindex_files_1 (id=?)", "SEARCH shares USING PRIMARY KEY"]),
        (
            files::CONTENT,
            &[
                "sqlite_autoindex_files_1 (id=?)",
                "SEARCH blobs USING INDEX blobs_holder (holder=?)",
            ],
        ),
        (
            files::OF_OWNER,
            &["SEARCH files USING INDEX files_owner (owner=? AND (created_at,id)<(?,?))"],
        ),
        (
            files::SHARED_WITH,
            &[
                "INDEX shares_user (user_id=? AND (created_at,file_id)<(?,?))",
                "sqlite_autoindex_files_1 (id=?)",
            ],
        ),
        (files::BY_ID, &["SEARCH files USING INDEX sqlite_autoindex_files_1 (id=?)"]),
        (files::REPLACE, &["SEARCH files USING INDEX sqlite_autoindex_files_1 (id=?)"]),
        (files::DELETE, &["SEARCH files USING INDEX sqlite_autoindex_files_1 (id=?)"]),
        (
            erasure::files::HOLDERS,
            &[
                "SEARCH files USING COVERING INDEX files_owner (owner=?)",
                "INDEX uploads_owner (owner=?)",
            ],
        ),
        (erasure::files::DROP_BLOBS, &["INDEX blobs_holder (holder=?)"]),
        (erasure::files::FILES, &["INDEX files_owner (owner=?)"]),
        (erasure::files::UPLOADS, &["INDEX uploads_owner (owner=?)"]),
        (files::USAGE, &["SEARCH usages USING INTEGER PRIMARY KEY (rowid=?)"]),
        (erasure::files::USAGE, &["SEARCH usages USING INTEGER PRIMARY KEY (rowid=?)"]),
        (files::USER_IS_THERE, &["SEARCH users USING INTEGER PRIMARY KEY (rowid=?)"]),
        (shares::COUNT, &["SEARCH shares USING PRIMARY KEY (file_id=?)"]),
        (shares::SET, &["SEARCH files USING INDEX sqlite_autoindex_files_1 (id=?)"]),
        (shares::REMOVE, &["SEARCH shares USING PRIMARY KEY (file_id=? AND user_id=?)"]),
        (shares::OF_FILE, &["SEARCH shares USING PRIMARY KEY (file_id=?)"]),
        (erasure::files::SHARES, &["INDEX shares_user (user_id=?)"]),
        (uploads::SELECT, &["SEARCH uploads USING INDEX sqlite_autoindex_uploads_1 (id=?)"]),
        (uploads::ADVANCE, &["SEARCH uploads USING INDEX sqlite_autoindex_uploads_1 (id=?)"]),
        (uploads::DELETE, &["SEARCH uploads USING INDEX sqlite_autoindex_uploads_1 (id=?)"]),
        (uploads::TOUCHED_BEFORE, &["SEARCH uploads USING INDEX uploads_touched (touched_at<?)"]),
        (blobs::OF_HOLDER, &["SEARCH blobs USING INDEX blobs_holder (holder=?)"]),
        (blobs::HAND_OVER, &["SEARCH blobs USING INDEX blobs_holder (holder=?)"]),
        (blobs::DROP, &["SEARCH blobs USING INDEX blobs_holder (holder=?)"]),
        (blobs::DROPPED, &["SEARCH blobs USING INDEX blobs_dropped (dropped_at<?)"]),
        (blobs::FORGET, &["SEARCH blobs USING INDEX sqlite_autoindex_blobs_1 (key=?)"]),
        (blobs::KNOWN, &["sqlite_autoindex_blobs_1 (key=?)"]),
        (audit::trail::COUNTS, &["SEARCH event_counts USING PRIMARY KEY (day>? AND day<?)"]),
        (audit::trail::PURGE, &["SEARCH events USING COVERING INDEX events_at (at<?)"]),
        (audit::trail::PURGE_COUNTS, &["SEARCH event_counts USING PRIMARY KEY (day<?)"]),
        (feedback::LIST, &["SEARCH feedback USING INTEGER PRIMARY KEY (rowid<?)"]),
        (feedback::LIST_WAITING, &["SEARCH feedback USING INDEX feedback_waiting (id<?)"]),
        (feedback::LIST_OF, &["SEARCH feedback USING INDEX feedback_user (user_id=? AND rowid<?)"]),
        (feedback::SETTLE, &["SEARCH feedback USING INTEGER PRIMARY KEY (rowid=?)"]),
        (feed::AFTER, &["SEARCH changes USING INTEGER PRIMARY KEY (rowid>?)"]),
    ] {
        let plan = plan(&store, statement).await;
        for step in steps {
            assert!(plan.contains(step), "{statement}\n{plan}");
        }
        let scans =
            plan.lines().any(|line| line.starts_with("SCAN") && !line.ends_with("CONSTANT ROW"));
        assert!(!scans, "{statement}\n{plan}");
    }
    for statement in [users::HAS_SUPER_USER, users::OTHER_SUPER_USER] {
        let plan = plan(&store, statement).await;
        assert!(plan.contains("USING COVERING INDEX users_active_super"), "{plan}");
    }
    let plan = plan(&store, audit::trail::SESSIONS).await;
    assert!(plan.contains("SEARCH sessions USING INDEX sessions_expiry"), "{plan}");
}

async fn plan(store: &SqliteStore, statement: &'static str) -> String {
    let explain = move |connection: &Connection| -> rusqlite::Result<Vec<String>> {
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
        let nothing = vec![Value::Null; explained.parameter_count()];
        explained.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3))?.collect()
    };
    store.write(explain).await.unwrap().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_has_the_settings() {
    let (store, _folder) = store();
    let settings = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
        [
            "journal_mode",
            "synchronous",
            "foreign_keys",
            "busy_timeout",
            "trusted_schema",
            "cache_size",
        ]
        .iter()
        .map(|name| {
            connection.pragma_query_value(None, name, |row| {
                row.get::<_, Value>(0).map(|value| match value {
                    Value::Integer(number) => number.to_string(),
                    Value::Text(text) => text,
                    Value::Null | Value::Real(_) | Value::Blob(_) => String::new(),
                })
            })
        })
        .collect()
    };
    let expected = ["wal", "2", "1", "5000", "0", "-2048"];
    assert_eq!(store.write(settings).await.unwrap(), expected);
    assert_eq!(store.read(settings).await.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_cannot_write() {
    let (store, _folder) = store();
    let outcome = store.read(|connection| connection.execute("DELETE FROM users", [])).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_fails_takes_back_only_itself_and_burns_no_place_in_the_feed() {
    let (store, _folder) = store();
    let gate = hold(&store);
    let fails = queue(&store, |connection| {
        feed::append(connection, &Changed::Keys, START)?;
        connection.execute("INSERT INTO ring (one, revision) VALUES (2, 0)", [])
    })
    .await;
    let works = queue(&store, |connection| feed::append(connection, &Changed::Keys, at(1))).await;
    drop(gate);
    assert!(matches!(fails.await, Err(StoreError::Unavailable(_))));
    works.await.unwrap();
    let changes = store.changes_after(0, 10).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].sequence, changes[0].at), (1, at(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_is_told_to_all_and_the_next_one_works() {
    let (store, _folder) = store();
    // A constraint that is only looked at when the transaction ends.
    let prepare =
        "CREATE TABLE child (of INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)";
    store.write(move |connection| connection.execute(prepare, [])).await.unwrap();
    let gate = hold(&store);
    let innocent =
        queue(&store, |connection| feed::append(connection, &Changed::Keys, START)).await;
    let guilty =
        queue(&store, |connection| connection.execute("INSERT INTO child VALUES (404)", [])).await;
    drop(gate);
    let (innocent, guilty) = (innocent.await, guilty.await);
    assert!(matches!(innocent, Err(StoreError::Unavailable(_))), "{innocent:?}");
    assert!(matches!(guilty, Err(StoreError::Unavailable(_))), "{guilty:?}");
    assert_eq!(store.last_sequence().await.unwrap(), 0);
    store.announce(&Changed::Keys, START).await.unwrap();
    assert_eq!(store.last_sequence().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_taken_back_whole_is_told_to_all() {
    let (store, _folder) = store();
    let gate = hold(&store);
    let innocent =
        queue(&store, |connection| feed::append(connection, &Changed::Keys, START)).await;
    // As SQLite does by itself where the disk is full.
    let guilty = queue(&store, |connection| {
        connection.execute("ROLLBACK", [])?;
        connection.execute("not a statement", [])
    })
    .await;
    let behind = queue(&store, |connection| feed::append(connection, &Changed::Keys, START)).await;
    drop(gate);
    assert!(matches!(innocent.await, Err(StoreError::Unavailable(_))));
    assert!(guilty.await.is_err());
    assert!(matches!(behind.await, Err(StoreError::Unavailable(_))));
    assert_eq!(store.last_sequence().await.unwrap(), 0);
    store.announce(&Changed::Keys, START).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_goes_away_cuts_nothing_in_half() {
    let (store, _folder) = store();
    assert!(store.create_session(&session(1, vestibule_core::id::UserId(1)), None).await.unwrap());
    let gate = hold(&store);
    let mut ending = Box::pin(store.end_session(session_id(1), EndReason::SignedOut, at(1)));
    assert!(wait::poll_once(ending.as_mut()).await.is_none());
    drop(ending);
    drop(gate);
    // Changes are carried out in their order, so this one is behind the abandoned one.
    store.announce(&Changed::Keys, at(2)).await.unwrap();
    assert!(store.session(session_id(1)).await.unwrap().unwrap().end.is_some());
    let changes = store.changes_after(0, 10).await.unwrap();
    assert_eq!(changes[0].what, Changed::SessionEnded(session_id(1)));
    assert_eq!(changes.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_unavailable_at_once_and_a_stuck_one_after_the_deadline() {
    let (store, _folder) = store();
    let gate = hold(&store);
    let begun = tokio::time::Instant::now();
    let mut waiting = Vec::new();
    for _ in 0..writer::QUEUE {
        let work = |connection: &Connection| feed::append(connection, &Changed::Keys, START);
        waiting.push(queue(&store, work).await);
    }
    let mut one_more = Box::pin(store.announce(&Changed::Keys, START));
    let refused = wait::poll_once(one_more.as_mut()).await.expect("an answer at once");
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    // Reading goes on meanwhile.
    assert!(!store.has_super_user().await.unwrap());
    for waiting in waiting {
        let late = waiting.await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    }
    assert!(begun.elapsed() >= crate::DEADLINE);
    drop(gate);
    // What was accepted is carried out, although nobody waits for it any more.
    let all = u64::try_from(writer::QUEUE).unwrap();
    let carried_out = async || (store.last_sequence().await.ok()? == all).then_some(());
    wait::until_async(crate::DEADLINE * 4, carried_out).await.expect("the queue runs empty");
    store.announce(&Changed::Keys, START).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_newer_version_is_unreadable_and_the_others_are_not() {
    let (store, _folder) = store();
    let ann = store.create_user(&new_user("ann"), START).await.unwrap().unwrap();
    let bob = store.create_user(&new_user("bob"), START).await.unwrap().unwrap();
    for change in [
        "UPDATE users SET status = 'archived' WHERE id = ?1",
        "UPDATE users SET status = 'active', roles = 'Ä' WHERE id = ?1",
        "UPDATE users SET roles = '', version = -1 WHERE id = ?1",
    ] {
        let id = ann.id.0;
        store.write(move |connection| connection.execute(change, [id])).await.unwrap();
        let outcome = store.user(ann.id).await;
        assert!(matches!(outcome, Err(StoreError::Unreadable(_))), "{change}: {outcome:?}");
        assert_eq!(store.user(bob.id).await.unwrap(), Some(bob.clone()));
    }
    let missing =
        store.read(|connection| connection.execute("SELECT nothing FROM users", [])).await;
    assert!(matches!(missing, Err(StoreError::Unreadable(_))), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_in_its_transaction_makes_writing_wait_and_not_reading() {
    let (store, folder) = store();
    assert!(store.create_session(&session(1, vestibule_core::id::UserId(1)), None).await.unwrap());
    let other = Connection::open(folder.path().join("vestibule.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM sessions").unwrap();
    let step = Advance { from: 1, renewed_at: at(1), expires_at: at(2) };
    let advancing = {
        let store = store.clone();
        tokio::spawn(async move { store.advance_session(session_id(1), &step).await })
    };
    assert!(store.session(session_id(1)).await.unwrap().is_some());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!advancing.is_finished());
    other.execute_batch("ROLLBACK").unwrap();
    assert!(advancing.await.unwrap().unwrap());
}

/// Keeps the writing thread busy, so that everything sent meanwhile becomes one group.
fn hold(store: &SqliteStore) -> Sender<()> {
    let (gate, closed): (_, Receiver<()>) = mpsc::channel();
    let (begun, running) = mpsc::channel();
    let threads = Arc::clone(&store.threads);
    tokio::spawn(async move {
        let held = threads.writer.run(move |_| {
            begun.send(()).unwrap();
            let _ = closed.recv();
            Ok(())
        });
        let _ = held.await;
    });
    // Lets the task above run on this thread's runtime until the writer is busy.
    tokio::task::block_in_place(|| running.recv().unwrap());
    gate
}

/// Work that stands behind the gate, in the order of the calls.
async fn queue<T: Send + 'static>(
    store: &SqliteStore,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Pin<Box<impl Future<Output = StoreResult<T>>>> {
    let mut queued = Box::pin(store.write(work));
    assert!(wait::poll_once(queued.as_mut()).await.is_none(), "the gate is closed");
    queued
}
