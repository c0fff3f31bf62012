//! The store contract, on real files.

use std::sync::Arc;

use tempfile::TempDir;
use vestibule_sqlite::{OpenOptions, SqliteStore};
use vestibule_testkit::store_suite::AnyStore;

async fn make() -> (AnyStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    let store = SqliteStore::open(&path, OpenOptions { create: true, migrate: true }).unwrap();
    (Arc::new(store), folder)
}

vestibule_testkit::store_suite!(make);
