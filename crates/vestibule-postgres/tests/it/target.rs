//! Databases for tests.

use std::sync::OnceLock;

use tokio::sync::OnceCell;
use vestibule_postgres::{PoolOptions, PostgresStore};
use vestibule_testkit::postgres::{Database, Postgres};

/// Few connections: on a machine that is busy with other tests, to make them is what takes long.
pub(crate) const FEW: PoolOptions = PoolOptions { connections: 4, waiting: 250 };

/// An empty store of a test's own, on the shared server.
pub(crate) async fn store() -> (PostgresStore, Database<'static>) {
    let database = migrated().await;
    let store = PostgresStore::connect(&database.url(), FEW).await.unwrap();
    (store, database)
}

/// A migrated database: a copy of one, which takes less time than the migration.
pub(crate) async fn migrated() -> Database<'static> {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    static KEPT: OnceLock<Database<'static>> = OnceLock::new();
    let template = TEMPLATE
        .get_or_init(|| async {
            let database = Postgres::shared().create_database();
            PostgresStore::migrate(&database.url()).await.unwrap();
            KEPT.get_or_init(|| database).name().to_owned()
        })
        .await;
    Postgres::shared().create_database_like(template)
}
