//! What all tests need: the program under test, a place for it, people with accounts.

use std::{path::PathBuf, sync::Arc};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use vestibule::{SystemClock, core::time::Clock};
use vestibule_testkit::site::{Done, Place, Site};

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

/// An empty place for it, where hashing a password costs next to nothing.
pub(crate) fn place() -> Place {
    costly_place().with("VESTIBULE_PASSWORDS__ARGON2", "m=64,t=1,p=1")
}

/// An empty place where a hash costs what it does by default.
pub(crate) fn costly_place() -> Place {
    let place = Place::new(program());
    place.secrets().add(PASSWORD);
    place.secrets().add(NEW_PASSWORD);
    place.secrets().add(SECRET);
    place
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
    let database = database(place);
    let mut hashes = database.prepare("SELECT password_hash FROM users").unwrap();
    let hashes = hashes.query_map((), |row| row.get::<_, String>(0)).unwrap();
    hashes.for_each(|hash| place.secrets().add(&hash.unwrap()));
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

/// The site's database, to look into.
pub(crate) fn database(place: &Place) -> Connection {
    let path = place.path().join("data/vestibule.db");
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// How often the one session that is not ended has been renewed.
pub(crate) fn renewals(place: &Place) -> i64 {
    // The first generation is the sign-in's.
    let one = "SELECT generation - 1 FROM sessions WHERE end_at IS NULL";
    database(place).query_row(one, (), |row| row.get(0)).unwrap()
}

/// Real time.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::start())
}
