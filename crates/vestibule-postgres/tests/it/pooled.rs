//! PgBouncer between the store and the server.

use vestibule_core::store::Feed as _;
use vestibule_postgres::{OpenError, PostgresStore};
use vestibule_testkit::{
    pgbouncer::{PgBouncer, PoolMode},
    postgres::{Durability, Postgres},
};

use crate::target::FEW;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_gives_each_transaction_another_connection_is_refused() {
    let server = Postgres::start(Durability::None);
    let bouncer = PgBouncer::start(&server, PoolMode::Transaction);
    let url = bouncer.url(&server, "postgres");
    let refused = [
        PostgresStore::migrate(&url).await.unwrap_err(),
        PostgresStore::schema_state(&url).await.unwrap_err(),
        PostgresStore::connect(&url, FEW).await.unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, OpenError::Pooled { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("pool_mode") && !said.contains(server.password()), "{said}");
    }
    let untouched = "SELECT count(*) FROM pg_class WHERE relname = 'vestibule_schema'";
    assert_eq!(server.sql("postgres", untouched), "0");
}

/// As it comes from Debian: it refuses start-up parameters that it does not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_keeps_a_connection_for_each_client_is_as_good_as_the_server() {
    let server = Postgres::start(Durability::None);
    let bouncer = PgBouncer::start(&server, PoolMode::Session);
    let url = bouncer.url(&server, "postgres");
    PostgresStore::migrate(&url).await.unwrap();
    let store = PostgresStore::connect(&url, FEW).await.unwrap();
    assert_eq!(store.last_sequence().await.unwrap(), 0);
}
