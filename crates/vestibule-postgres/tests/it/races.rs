//! Two at one row, in the one order that could go wrong.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use vestibule_core::{
    id::UserId,
    renewal::Outcome,
    store::{RenewalNote, SessionStore as _, UserStore as _},
    user::User,
};
use vestibule_postgres::PostgresStore;
use vestibule_testkit::{
    postgres::Database,
    samples::{START, at, new_user, password_hash, session, session_id},
    wait,
};

use crate::target;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_waits_for_a_change_of_password_that_is_on_its_way() {
    let (store, database) = target::store().await;
    let user = ann(&store).await;
    let mut other = begin(&database).await;
    let change = format!(
        "UPDATE users SET password_hash = '{}' WHERE id = {}",
        password_hash(2).as_str(),
        user.id
    );
    run(&mut other, &change).await;
    let signing_in = {
        let store = store.clone();
        tokio::spawn(async move {
            store.create_session(&session(1, user.id), Some(&password_hash(1))).await
        })
    };
    somebody_waits(&database).await;
    run(&mut other, "COMMIT").await;
    assert!(!signing_in.await.unwrap().unwrap());
    assert!(store.session(session_id(1)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_purged_meanwhile_takes_its_note_along() {
    let (store, database) = target::store().await;
    for number in [1, 2] {
        assert!(store.create_session(&session(number, UserId(1)), None).await.unwrap());
    }
    let mut other = begin(&database).await;
    let purge = "DELETE FROM sessions WHERE id = (SELECT id FROM sessions ORDER BY id LIMIT 1)";
    run(&mut other, purge).await;
    let noting = {
        let store = store.clone();
        tokio::spawn(async move { store.note_renewals(&[1, 2].map(note)).await })
    };
    somebody_waits(&database).await;
    run(&mut other, "COMMIT").await;
    noting.await.unwrap().unwrap();
    assert!(store.renewals_of(session_id(1)).await.unwrap().is_empty());
    assert_eq!(store.renewals_of(session_id(2)).await.unwrap(), [note(2)]);
}

fn note(number: u64) -> RenewalNote {
    RenewalNote {
        session: session_id(number),
        presented: 1,
        outcome: Outcome::Advanced,
        count: 1,
        first_at: at(1),
        last_at: at(1),
        address: String::new(),
        agent: String::new(),
    }
}

async fn ann(store: &PostgresStore) -> User {
    store.create_user(&new_user("ann"), START).await.unwrap().unwrap()
}

pub(crate) async fn begin(database: &Database<'_>) -> PgConnection {
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    run(&mut connection, "BEGIN").await;
    connection
}

pub(crate) async fn run(connection: &mut PgConnection, statement: &str) {
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}

pub(crate) async fn somebody_waits(database: &Database<'_>) {
    let waits = async || {
        (database.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0").then_some(())
    };
    wait::until_async(Duration::from_secs(10), waits).await.unwrap();
}
