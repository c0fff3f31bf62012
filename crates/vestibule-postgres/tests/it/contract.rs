//! The store contract.

use std::sync::Arc;

use vestibule_testkit::{
    postgres::Database, site_store_suite::AnySiteStore, store_suite::AnyStore,
};

use crate::target;

async fn make() -> (AnyStore, Database<'static>) {
    let (store, database) = target::store().await;
    (Arc::new(store), database)
}

async fn make_for_a_site() -> (AnySiteStore, Database<'static>) {
    let (store, database) = target::store().await;
    (Arc::new(store), database)
}

vestibule_testkit::store_suite!(make);
vestibule_testkit::site_store_suite!(make_for_a_site);
