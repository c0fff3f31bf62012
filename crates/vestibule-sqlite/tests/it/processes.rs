//! The command line beside a running server.

use vestibule_core::{
    id::UserId,
    session::EndReason,
    store::{Changed, Feed as _, SessionStore as _},
};
use vestibule_sqlite::{OpenOptions, SqliteStore};
use vestibule_testkit::samples::{at, session, session_id};

#[tokio::test]
async fn what_a_command_changes_appears_in_the_servers_feed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    let server = SqliteStore::open(&path, OpenOptions { create: true, migrate: true }).unwrap();
    assert!(server.create_session(&session(1, UserId(1)), None).await.unwrap());
    assert_eq!(server.last_sequence().await.unwrap(), 0);
    let command = SqliteStore::open(&path, OpenOptions::default()).unwrap();
    assert!(command.end_session(session_id(1), EndReason::EndedByAdmin, at(1)).await.unwrap());
    drop(command);
    assert_eq!(server.last_sequence().await.unwrap(), 1);
    let changes = server.changes_after(0, 10).await.unwrap();
    assert_eq!(changes[0].what, Changed::SessionEnded(session_id(1)));
    assert!(server.session(session_id(1)).await.unwrap().unwrap().end.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_write_leave_no_gap_in_the_feed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    let open = || SqliteStore::open(&path, OpenOptions { create: true, migrate: true }).unwrap();
    let stores = [open(), open()];
    let mut writing = tokio::task::JoinSet::new();
    for second in 0..100 {
        let store = stores[second % 2].clone();
        let now = at(i64::try_from(second).unwrap());
        writing.spawn(async move { store.announce(&Changed::Keys, now).await.unwrap() });
    }
    writing.join_all().await;
    let changes = stores[0].changes_after(0, 1000).await.unwrap();
    let sequences: Vec<_> = changes.iter().map(|change| change.sequence).collect();
    assert_eq!(sequences, (1..=100).collect::<Vec<_>>());
}
