//! Connecting and migrating.

use vestibule_core::store::UserStore as _;
use vestibule_postgres::{OpenError, PostgresStore, SchemaState};
use vestibule_testkit::postgres::Postgres;

use crate::target::{self, FEW};

const MAKES: SchemaState = SchemaState::Behind { from: 0, to: 12 };

async fn connect(url: &str) -> Result<PostgresStore, OpenError> {
    PostgresStore::connect(url, FEW).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_database_is_migrated_only_where_it_may_be() {
    let database = Postgres::shared().create_database();
    let url = database.url();
    assert_eq!(PostgresStore::schema_state(&url).await.unwrap(), MAKES);
    let refused = connect(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Behind { from: 0, to: 12, .. }), "{refused}");
    assert!(refused.to_string().contains("vestibule migrate"), "{refused}");
    assert_eq!(PostgresStore::schema_state(&url).await.unwrap(), MAKES, "looking changes nothing");
    assert_eq!(PostgresStore::migrate(&url).await.unwrap(), MAKES);
    assert_eq!(PostgresStore::migrate(&url).await.unwrap(), SchemaState::UpToDate);
    assert_eq!(PostgresStore::schema_state(&url).await.unwrap(), SchemaState::UpToDate);
    assert!(!connect(&url).await.unwrap().has_super_user().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_refused_and_the_newer_version_named_as_the_mend() {
    let database = target::migrated().await;
    database.sql("UPDATE vestibule_schema SET version = 99");
    let state = PostgresStore::schema_state(&database.url()).await.unwrap();
    assert_eq!(state, SchemaState::Ahead { found: 99, known: 12 });
    for refused in [
        connect(&database.url()).await.unwrap_err(),
        PostgresStore::migrate(&database.url()).await.unwrap_err(),
    ] {
        assert!(matches!(refused, OpenError::Ahead { found: 99, known: 12, .. }), "{refused}");
        assert!(refused.to_string().contains("use the newer `vestibule`"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_program_is_left_alone() {
    let database = Postgres::shared().create_database();
    database.sql("CREATE TABLE users (id integer)");
    let url = database.url();
    for refused in [
        connect(&url).await.unwrap_err(),
        PostgresStore::migrate(&url).await.unwrap_err(),
        PostgresStore::schema_state(&url).await.unwrap_err(),
    ] {
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    }
    assert_eq!(database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
    // A schema of its own in the same database is none of the other program's.
    database.sql("CREATE SCHEMA hall");
    let url = format!("{}?options[search_path]=hall", database.url());
    assert_eq!(PostgresStore::migrate(&url).await.unwrap(), MAKES);
    assert!(!connect(&url).await.unwrap().has_super_user().await.unwrap());
    assert_eq!(database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_extension_brings_is_no_other_program() {
    let database = Postgres::shared().create_database();
    // It has views.
    database.sql("CREATE EXTENSION pg_stat_statements");
    assert_eq!(PostgresStore::migrate(&database.url()).await.unwrap(), MAKES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_keep_every_script_is_refused() {
    let server = Postgres::shared();
    server.sql("postgres", "CREATE DATABASE old ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let refused = PostgresStore::migrate(&server.url("old")).await.unwrap_err();
    assert!(matches!(&refused, OpenError::Encoding { .. }), "{refused}");
    assert!(refused.to_string().contains("LATIN1"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_named_and_the_password_is_not() {
    let server = Postgres::shared();
    let password = server.password();
    let missing = connect(&server.url("nowhere")).await.unwrap_err();
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing}");
    let url = server.url("postgres").replace(password, "tangerine");
    let not_let_in = connect(&url).await.unwrap_err();
    assert!(matches!(not_let_in, OpenError::NotLetIn { .. }), "{not_let_in}");
    let port = server.port().to_string();
    let url = server.url("postgres").replace(&port, &free_port().to_string());
    let unreachable = connect(&url).await.unwrap_err();
    assert!(matches!(unreachable, OpenError::Unreachable { .. }), "{unreachable}");
    let insecure =
        connect(&format!("{}?sslmode=require", server.url("postgres"))).await.unwrap_err();
    assert!(matches!(insecure, OpenError::Postgres { .. }), "{insecure}");
    for error in [missing, not_let_in, unreachable, insecure] {
        let said = format!("{error} {error:?}");
        assert!(said.contains(" on 127.0.0.1:"), "{said}");
        assert!(!said.contains(password) && !said.contains("tangerine"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_connection_to_spare_is_not_reachable_for_now() {
    let database = target::migrated().await;
    database.sql("CREATE ROLE guest LOGIN PASSWORD 'tangerine'");
    let limit = |limit| {
        let set = format!("ALTER DATABASE {} CONNECTION LIMIT {limit}", database.name());
        database.server().sql("postgres", &set);
    };
    limit("0");
    let owner = format!("vestibule:{}@", database.server().password());
    let url = database.url().replace(&owner, "guest:tangerine@");
    let refused = connect(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unreachable { .. }), "{refused}");
    limit("-1");
    let refused = connect(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Postgres { .. }), "may not read: {refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_fails_leaves_nothing() {
    let database = Postgres::shared().create_database();
    // As if it had been stopped after its very first step, and somebody had put something in its way.
    database
        .sql("CREATE TABLE vestibule_schema (one boolean PRIMARY KEY, version bigint NOT NULL)");
    database.sql("INSERT INTO vestibule_schema VALUES (true, 0)");
    database.sql("CREATE TABLE leases (mine text)");
    let refused = PostgresStore::migrate(&database.url()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Postgres { .. }), "{refused}");
    assert_eq!(database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "2");
    assert_eq!(PostgresStore::schema_state(&database.url()).await.unwrap(), MAKES);
    database.sql("DROP TABLE leases");
    assert_eq!(PostgresStore::migrate(&database.url()).await.unwrap(), MAKES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_who_migrate_at_once_one_does() {
    for _ in 0..3 {
        let database = Postgres::shared().create_database();
        let url = database.url();
        let migrating: tokio::task::JoinSet<_> = (0..8)
            .map(|_| {
                let url = url.clone();
                async move { PostgresStore::migrate(&url).await.unwrap() }
            })
            .collect();
        let found = migrating.join_all().await;
        assert_eq!(found.iter().filter(|found| **found == MAKES).count(), 1, "{found:?}");
        connect(&url).await.unwrap();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
