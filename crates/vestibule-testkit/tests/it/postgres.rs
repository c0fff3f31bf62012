//! The ephemeral PostgreSQL: it works, it breaks as told, and it leaves nothing behind.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use vestibule_testkit::{
    postgres::{Durability, Postgres},
    wait,
};

/// Tells the child that is killed to start a server; without it, its test does nothing.
const CHILD: &str = "VESTIBULE_TEST_POSTGRES_CHILD";
const GONE_WITHIN: Duration = Duration::from_secs(15);

#[test]
fn each_test_has_a_database_of_its_own() {
    let server = Postgres::shared();
    let first = server.create_database();
    first.sql("CREATE TABLE things (name text); INSERT INTO things VALUES ('a|b'), (NULL)");
    assert_eq!(first.sql("SELECT count(*), max(name) FROM things"), "2|a|b");
    let copy = server.create_database_like(first.name());
    copy.sql("DELETE FROM things");
    assert_eq!(first.sql("SELECT count(*) FROM things"), "2");
    let empty = server.create_database();
    assert_eq!(empty.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'things'"), "0");
    let name = first.name().to_owned();
    drop(first);
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(server.sql("postgres", &left), "0");
}

#[test]
fn it_is_killed_and_started_again_and_leaves_nothing_behind() {
    let server = Postgres::start(Durability::Full);
    let database = server.create_database();
    assert_eq!(database.sql("SHOW fsync"), "on");
    database.sql("CREATE TABLE things (name text)");
    server.kill();
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
    server.restart();
    assert_eq!(database.sql("SELECT count(*) FROM things"), "0", "it was committed");
    server.shut_down();
    server.restart();
    assert_eq!(database.sql("SELECT count(*) FROM things"), "0");
    let folder = PathBuf::from(database.sql("SHOW data_directory"));
    drop(database);
    // Also where its end comes while it is stopped.
    server.stop();
    drop(server);
    assert!(!folder.exists());
    assert_eq!(processes_of(&folder), Vec::<String>::new());
}

#[test]
fn a_test_process_that_is_killed_leaves_nothing_behind() {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "postgres::the_child", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let folder = lines.find_map(|line| {
        let line = line.unwrap();
        line.split_once("server in ").map(|(_, folder)| PathBuf::from(folder))
    });
    let folder = folder.unwrap();
    assert!(folder.exists() && !processes_of(&folder).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = || (!folder.exists() && processes_of(&folder).is_empty()).then_some(());
    wait::until(GONE_WITHIN, gone).unwrap();
}

/// Not a test by itself: the process that is killed.
#[test]
fn the_child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let folder = Postgres::shared().sql("postgres", "SHOW data_directory");
    std::io::stdout().write_all(format!("server in {folder}\n").as_bytes()).unwrap();
    Postgres::shared().stop();
    loop {
        std::thread::park();
    }
}

fn processes_of(folder: &std::path::Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok())
        .filter(|line| line.contains(folder))
        .collect()
}
