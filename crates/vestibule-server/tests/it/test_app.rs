//! What all tests need: the program under test, a place for it, people with accounts.

use std::{path::PathBuf, sync::Arc};

use rusqlite::{Connection, OpenFlags, Row, types::ValueRef};
use serde_json::Value;
use vestibule::{SystemClock, core::time::Clock};
use vestibule_testkit::{
    postgres::{self, Postgres},
    redis::Redis,
    site::{Done, Place, Site},
};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "tangerine anvil rocket";
/// The password of those who change it.
pub(crate) const NEW_PASSWORD: &str = "seventeen quiet lanterns";
/// A secret that no list of well-known ones holds.
pub(crate) const SECRET: &str = "uK3vQ9sXb2LmZ7tYw5RfH8cNj4DgPaE1";

/// The program: the one that is named in `TESTED_SERVER`, such as a release build, or this build's own.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("TESTED_SERVER")
        .map_or_else(|| env!("CARGO_BIN_EXE_vestibule").into(), PathBuf::from)
}

/// An empty place for it with the store that is tested, where hashing a password costs next to nothing.
pub(crate) fn place() -> Place {
    cheap(costly_place())
}

/// The same, where a hash costs what it does by default.
pub(crate) fn costly_place() -> Place {
    let place = costly_file_place();
    match Tested::store() {
        Tested::Sqlite => place,
        Tested::Postgres => with_database(place),
        Tested::PostgresAndRedis => {
            let redis = Redis::start();
            place.secrets().add(redis.password());
            with_database(place).with("REDIS_URL", &redis.url()).keeping(redis)
        }
    }
}

/// The same place, on a PostgreSQL database of its own.
pub(crate) fn with_database(place: Place) -> Place {
    let database = Postgres::shared().create_database();
    place.secrets().add(database.server().password());
    place.with("DATABASE_URL", &database.url()).keeping(database)
}

/// A place with the embedded store, whichever is tested: for what is about its files, and for what opens no
/// store.
pub(crate) fn file_place() -> Place {
    cheap(costly_file_place())
}

fn costly_file_place() -> Place {
    let place = Place::new(program());
    place.secrets().add(PASSWORD);
    place.secrets().add(NEW_PASSWORD);
    place.secrets().add(SECRET);
    place
}

/// With hashes that cost next to nothing.
pub(crate) fn cheap(place: Place) -> Place {
    place.with("VESTIBULE_PASSWORDS__ARGON2", "m=64,t=1,p=1")
}

/// What sites keep and share things in: what is named in `TESTED_STORE`, or the embedded one.
enum Tested {
    Sqlite,
    Postgres,
    PostgresAndRedis,
}

impl Tested {
    fn store() -> Self {
        match std::env::var("TESTED_STORE").as_deref() {
            Err(_) | Ok("sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok("postgres+redis") => Self::PostgresAndRedis,
            Ok(other) => panic!("TESTED_STORE is sqlite, postgres or postgres+redis, not {other}"),
        }
    }
}

/// Serves the site on a free port.
pub(crate) fn serve(place: &Place) -> Site {
    place.start(&["serve", "--listen", "127.0.0.1:0"])
}

/// Serves it where it was served before.
pub(crate) fn serve_again(place: &Place, address: std::net::SocketAddr) -> Site {
    place.start(&["serve", "--listen", &address.to_string()])
}

/// Makes an account at the command line.
pub(crate) fn create_user(place: &Place, name: &str, more: &[&str]) {
    let email = email(name);
    let mut arguments =
        vec!["user", "create", "--username", name, "--email", &email, "--password-stdin"];
    arguments.extend(more);
    good(place.run_with_input(&arguments, PASSWORD));
    for hash in ask_store(place, "SELECT password_hash FROM users") {
        place.secrets().add(&hash);
    }
}

/// The address that [`create_user`] gives.
pub(crate) fn email(name: &str) -> String {
    format!("{name}@people.test")
}

/// Runs a command that has to work, and gives its result.
pub(crate) fn run(place: &Place, arguments: &[&str]) -> String {
    good(place.run(arguments)).stdout
}

/// Runs a command that has to work and print JSON.
pub(crate) fn run_json(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(place, arguments)).expect("JSON")
}

/// What a command did, if it did it well.
pub(crate) fn good(done: Done) -> Done {
    assert!(done.status.success(), "{done:?}");
    done
}

/// Looks into the site's database: the first column of each row, as text.
pub(crate) fn ask_store(place: &Place, question: &str) -> Vec<String> {
    if let Some(url) = place.variable("DATABASE_URL") {
        return postgres::sql(url, question).lines().map(str::to_owned).collect();
    }
    let path = place.path().join("data/vestibule.db");
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut question = database.prepare(question).unwrap();
    let rows = question.query_map((), first_as_text).unwrap();
    rows.map(Result::unwrap).collect()
}

fn first_as_text(row: &Row<'_>) -> rusqlite::Result<String> {
    Ok(match row.get_ref(0)? {
        ValueRef::Integer(number) => number.to_string(),
        value => value.as_str()?.to_owned(),
    })
}

/// How often the one session that is not ended has been renewed.
pub(crate) fn renewals(place: &Place) -> i64 {
    // The first generation is the sign-in's.
    let one = ask_store(place, "SELECT generation - 1 FROM sessions WHERE end_at IS NULL");
    assert_eq!(one.len(), 1, "{one:?}");
    one[0].parse().unwrap()
}

/// Real time.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::start())
}
