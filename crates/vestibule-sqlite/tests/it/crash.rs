//! A server that is killed in the middle of its work.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use vestibule_core::{
    id::UserId,
    renewal::Advance,
    store::{Changed, Feed as _, SessionSelection, SessionStore as _},
};
use vestibule_sqlite::{OpenOptions, SqliteStore};
use vestibule_testkit::samples::{at, session, session_id};

/// Where the child finds the database; without it, the child's test does nothing.
const DATABASE: &str = "VESTIBULE_TEST_CRASH_DATABASE";

const SESSIONS: u64 = 8;
const ACKNOWLEDGED: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.db");
    for round in 1..=3 {
        let acknowledged = run_and_kill(&path);
        let store =
            SqliteStore::open(&path, OpenOptions { create: false, migrate: false }).unwrap();
        for (number, generation) in (0..).zip(acknowledged) {
            let session = store.session(session_id(number)).await.unwrap().unwrap();
            assert!(session.generation >= generation, "round {round}, session {number}");
            // Never more than the one that was on its way.
            assert!(session.generation <= generation + 1, "round {round}, session {number}");
            assert_eq!(session.seen_generation, session.generation - 1, "whole rows only");
        }
        let sequences: Vec<_> =
            store.changes_after(0, 1_000_000).await.unwrap().iter().map(|c| c.sequence).collect();
        assert_eq!(sequences, (1..).take(sequences.len()).collect::<Vec<_>>());
    }
}

/// Lets a child advance sessions until it has reported enough, kills it, and gives the last generation that
/// it reported of each.
fn run_and_kill(path: &Path) -> [u64; SESSIONS as usize] {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::the_child", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reported = [0; SESSIONS as usize];
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut count = 0;
    while count < ACKNOWLEDGED {
        count += usize::from(note(&lines.next().unwrap().unwrap(), &mut reported));
    }
    // SIGKILL: the child has no say in it.
    child.kill().unwrap();
    // What it reported before it died counts as well.
    for line in lines.map_while(Result::ok) {
        note(&line, &mut reported);
    }
    let status = child.wait().unwrap();
    assert!(!status.success());
    reported
}

fn note(line: &str, reported: &mut [u64; SESSIONS as usize]) -> bool {
    // The last line may be cut, or have the harness's words in front of it.
    let Some((_, report)) = line.split_once("advanced ") else {
        return false;
    };
    let Some((number, generation)) = report.strip_suffix('.').and_then(|r| r.split_once(' '))
    else {
        return false;
    };
    reported[number.parse::<usize>().unwrap()] = generation.parse().unwrap();
    true
}

/// Not a test by itself: the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_child() {
    let Some(path) = env::var_os(DATABASE) else {
        return;
    };
    let options = OpenOptions { create: true, migrate: true };
    let store = SqliteStore::open(Path::new(&path), options).unwrap();
    let mut renewing = tokio::task::JoinSet::new();
    for number in 0..SESSIONS {
        let store = store.clone();
        renewing.spawn(async move {
            let id = session_id(number);
            if store.session(id).await.unwrap().is_none() {
                assert!(store.create_session(&session(number, UserId(1)), None).await.unwrap());
            }
            for from in store.session(id).await.unwrap().unwrap().generation.. {
                let step = Advance { from, renewed_at: at(1), expires_at: at(1000) };
                assert!(store.advance_session(id, &step).await.unwrap());
                // One write of one whole line; the pipe outlives this process.
                let line = format!("advanced {number} {}.\n", step.to());
                std::io::stdout().write_all(line.as_bytes()).unwrap();
                if from % 5 == 0 {
                    store.announce(&Changed::Keys, at(1)).await.unwrap();
                    let nobody = SessionSelection::User { id: UserId(404), except: None };
                    let reason = vestibule_core::session::EndReason::Theft;
                    assert!(store.end_sessions(nobody, reason, at(1)).await.unwrap().is_empty());
                }
            }
        });
    }
    renewing.join_all().await;
}
