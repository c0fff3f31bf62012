//! The store contract, against the store in memory.

use std::sync::Arc;

use vestibule_core::memory::MemoryStore;
use vestibule_testkit::store_suite::AnyStore;

async fn make() -> (AnyStore, ()) {
    (Arc::new(MemoryStore::new()), ())
}

vestibule_testkit::store_suite!(make);
