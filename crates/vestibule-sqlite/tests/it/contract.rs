//! The store contract, on real files.

use std::sync::Arc;

use tempfile::TempDir;
use vestibule_sqlite::{OpenOptions, SqliteStore};
use vestibule_testkit::{site_store_suite::AnySiteStore, store_suite::AnyStore};

fn open() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    let store = SqliteStore::open(&path, OpenOptions { create: true, migrate: true }).unwrap();
    (store, folder)
}

async fn make() -> (AnyStore, TempDir) {
    let (store, folder) = open();
    (Arc::new(store), folder)
}

async fn make_for_a_site() -> (AnySiteStore, TempDir) {
    let (store, folder) = open();
    (Arc::new(store), folder)
}

vestibule_testkit::store_suite!(make);
vestibule_testkit::site_store_suite!(make_for_a_site);
