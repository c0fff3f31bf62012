//! The store contract.

use std::sync::Arc;

use vestibule_testkit::{postgres::Database, store_suite::AnyStore};

use crate::place;

async fn make() -> (AnyStore, Database<'static>) {
    let (store, database) = place::store().await;
    (Arc::new(store), database)
}

vestibule_testkit::store_suite!(make);
