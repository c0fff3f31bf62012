//! Opening, migrating and locking.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use rusqlite::Connection;
use vestibule_core::store::{Changed, Feed as _};
use vestibule_sqlite::{
    LockError, OpenError, OpenOptions, SchemaState, SqliteStore, lock_for_serving,
};
use vestibule_testkit::samples::START;

const MAKE: OpenOptions = OpenOptions { create: true, migrate: true };
const ONLY_OPEN: OpenOptions = OpenOptions { create: false, migrate: false };

#[test]
fn a_missing_file_is_made_only_where_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    for options in [ONLY_OPEN, OpenOptions { migrate: true, ..ONLY_OPEN }] {
        let refused = SqliteStore::open(&path, options).unwrap_err();
        assert!(matches!(refused, OpenError::Missing { .. }), "{refused}");
    }
    let refused = SqliteStore::schema_state(&path).unwrap_err();
    assert!(matches!(refused, OpenError::Missing { .. }), "{refused}");
    assert!(!path.exists());
    SqliteStore::open(&path, MAKE).unwrap();
    SqliteStore::open(&path, ONLY_OPEN).unwrap();
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere").join("vestibule.db");
    let refused = SqliteStore::open(&path, MAKE).unwrap_err();
    assert!(matches!(refused, OpenError::File { .. }), "{refused}");
    assert!(refused.to_string().contains("nowhere"), "{refused}");
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    let store = SqliteStore::open(&path, MAKE).unwrap();
    store.announce(&Changed::Keys, START).await.unwrap();
    let _lock = lock_for_serving(&path).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        names.push(name);
    }
    names.sort();
    assert_eq!(
        names,
        ["vestibule.db", "vestibule.db-shm", "vestibule.db-wal", "vestibule.db.lock"]
    );
}

#[tokio::test]
async fn closing_leaves_one_file_with_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    let store = SqliteStore::open(&path, MAKE).unwrap();
    store.announce(&Changed::Keys, START).await.unwrap();
    drop(store);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["vestibule.db"]);
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    let store = SqliteStore::open(&copy, ONLY_OPEN).unwrap();
    assert_eq!(store.last_sequence().await.unwrap(), 1);
}

#[test]
fn an_older_schema_is_migrated_only_where_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    fs::write(&path, "").unwrap();
    let behind = SchemaState::Behind { from: 0, to: 13 };
    assert_eq!(SqliteStore::schema_state(&path).unwrap(), behind);
    let refused = SqliteStore::open(&path, ONLY_OPEN).unwrap_err();
    assert!(matches!(refused, OpenError::Behind { from: 0, to: 13, .. }), "{refused}");
    assert!(refused.to_string().contains("vestibule migrate"), "{refused}");
    assert_eq!(SqliteStore::schema_state(&path).unwrap(), behind, "looking changes nothing");
    assert_eq!(SqliteStore::migrate(&path).unwrap(), behind);
    assert_eq!(SqliteStore::migrate(&path).unwrap(), SchemaState::UpToDate);
    assert_eq!(SqliteStore::schema_state(&path).unwrap(), SchemaState::UpToDate);
    SqliteStore::open(&path, ONLY_OPEN).unwrap();
}

#[test]
fn a_newer_schema_is_refused_and_the_newer_version_named_as_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    SqliteStore::migrate(&path).unwrap();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(
        SqliteStore::schema_state(&path).unwrap(),
        SchemaState::Ahead { found: 99, known: 13 }
    );
    for refused in [
        SqliteStore::open(&path, MAKE).unwrap_err(),
        SqliteStore::open(&path, ONLY_OPEN).unwrap_err(),
        SqliteStore::migrate(&path).unwrap_err(),
    ] {
        assert!(matches!(refused, OpenError::Ahead { found: 99, known: 13, .. }), "{refused}");
        assert!(refused.to_string().contains("use the newer `vestibule`"), "{refused}");
    }
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE user (id INTEGER)").unwrap();
    let before = fs::read(&path).unwrap();
    for refused in [
        SqliteStore::open(&path, MAKE).unwrap_err(),
        SqliteStore::migrate(&path).unwrap_err(),
        SqliteStore::schema_state(&path).unwrap_err(),
    ] {
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(
        &path,
        "not a database, but long enough to have a header of one hundred bytes. ".repeat(9),
    )
    .unwrap();
    for path in [&path, folder.path()] {
        let refused = SqliteStore::open(path, MAKE).unwrap_err();
        assert!(matches!(refused, OpenError::Sqlite { .. }), "{refused}");
    }
}

#[test]
fn many_who_migrate_at_once_all_find_it_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    std::thread::scope(|scope| {
        let opened: Vec<_> =
            (0..8).map(|_| scope.spawn(|| SqliteStore::open(&path, MAKE))).collect();
        for opened in opened {
            opened.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_second_server_on_one_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    let store = SqliteStore::open(&path, MAKE).unwrap();
    let lock = lock_for_serving(&path).unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for name in [path.as_path(), link.as_path()] {
        let refused = lock_for_serving(name).unwrap_err();
        assert!(matches!(refused, LockError::Taken { .. }), "{refused}");
    }
    let _other = lock_for_serving(Path::new(&folder.path().join("other.db"))).unwrap();
    drop((store, lock));
    let _again = lock_for_serving(&path).unwrap();
}
