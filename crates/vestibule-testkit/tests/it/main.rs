//! The store contract, against the store in memory, and the ephemeral PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that fails says so by its panic")]

mod postgres;

use std::sync::Arc;

use vestibule_core::memory::MemoryStore;
use vestibule_testkit::{site_store_suite::AnySiteStore, store_suite::AnyStore};

async fn make() -> (AnyStore, ()) {
    (Arc::new(MemoryStore::new()), ())
}

async fn make_for_a_site() -> (AnySiteStore, ()) {
    (Arc::new(vestibule_site::memory::MemoryStore::new()), ())
}

vestibule_testkit::store_suite!(make);
vestibule_testkit::site_store_suite!(make_for_a_site);
