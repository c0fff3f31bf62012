//! Two processes at once on one database.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use tokio::task::JoinSet;
use vestibule_core::{
    id::UserId,
    renewal::{Advance, Outcome},
    session::EndReason,
    store::{Changed, Feed as _, Leases as _, RenewalNote, SessionActivity, SessionStore as _},
};
use vestibule_postgres::{PostgresStore, SchemaState};
use vestibule_testkit::{
    postgres::Postgres,
    samples::{at, session, session_id},
};

use crate::target::{self, FEW};

/// What a child is to do, and where; without them, the child's test does nothing.
const WORK: &str = "VESTIBULE_TEST_POSTGRES_WORK";
const DATABASE: &str = "VESTIBULE_TEST_POSTGRES_DATABASE";

const SESSIONS: u64 = 20;
const ROUNDS: u64 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_that_renew_one_session_one_wins_each_time() {
    let (store, database) = target::store().await;
    assert!(store.create_session(&session(0, UserId(1)), None).await.unwrap());
    let won = two("renew", &database.url());
    let found = store.session(session_id(0)).await.unwrap().unwrap();
    assert_eq!(found.generation, 1 + ROUNDS);
    assert_eq!(won.iter().sum::<u64>(), ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_end_each_session_once_and_leave_no_gap_in_the_feed() {
    let (store, database) = target::store().await;
    for number in 0..SESSIONS {
        assert!(store.create_session(&session(number, UserId(1)), None).await.unwrap());
    }
    let ended = two("end", &database.url());
    assert_eq!(ended.iter().sum::<u64>(), SESSIONS);
    let changes = store.changes_after(0, 1000).await.unwrap();
    let sequences: Vec<_> = changes.iter().map(|change| change.sequence).collect();
    // Each process also announces as often as it tries to end.
    assert_eq!(sequences, (1..=SESSIONS * 3).collect::<Vec<_>>());
    let keys = changes.iter().filter(|change| change.what == Changed::Keys).count();
    assert_eq!(u64::try_from(keys).unwrap(), SESSIONS * 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_two_processes_do_not_get_into_each_others_way() {
    let (store, database) = target::store().await;
    for number in 0..SESSIONS {
        assert!(store.create_session(&session(number, UserId(1)), None).await.unwrap());
    }
    two("batches", &database.url());
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(database.sql(deadlocks), "0");
    for number in 0..SESSIONS {
        let history = store.renewals_of(session_id(number)).await.unwrap();
        assert_eq!(history.len(), 1);
        assert_eq!(history[0].count, 2 * 2 * ROUNDS, "session {number}");
        let found = store.session(session_id(number)).await.unwrap().unwrap();
        assert_eq!(found.last_seen_at, at(i64::try_from(ROUNDS).unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_one_gets_the_lease() {
    let (_store, database) = target::store().await;
    assert_eq!(two("lease", &database.url()).iter().sum::<u64>(), ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_that_migrate_one_does() {
    let database = Postgres::shared().create_database();
    assert_eq!(two("migrate", &database.url()).iter().sum::<u64>(), 1);
    PostgresStore::connect(&database.url(), FEW).await.unwrap();
}

/// Lets two processes do the same at the same time, and gives how often each was told that it was the one.
fn two(work: &str, database: &str) -> [u64; 2] {
    let children = [start(work, database), start(work, database)];
    let mut children = children.map(|mut child| {
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        said.find(|line| line.as_ref().unwrap().ends_with("ready.")).unwrap().unwrap();
        (child, said)
    });
    for (child, _) in &mut children {
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    children.map(|(mut child, said)| {
        let counts = said.filter_map(|line| line.unwrap().strip_prefix("count ")?.parse().ok());
        let count = counts.last();
        assert!(child.wait().unwrap().success());
        count.unwrap()
    })
}

fn start(work: &str, database: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::the_child", "--nocapture"])
        .envs([(WORK, work), (DATABASE, database)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Not a test by itself: one of the two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_child() {
    let (Ok(work), Ok(url)) = (env::var(WORK), env::var(DATABASE)) else {
        return;
    };
    say("ready.");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        let (work, url) = (work.clone(), url.clone());
        tasks.spawn(async move {
            if work == "migrate" {
                let found = PostgresStore::migrate(&url).await.unwrap();
                return u64::from(matches!(found, SchemaState::Behind { .. }));
            }
            let store = PostgresStore::connect(&url, FEW).await.unwrap();
            match &*work {
                "renew" => renew(&store).await,
                "end" if task == 0 => end(&store).await,
                "batches" if task < 2 => batches(&store, task == 0).await,
                "lease" => lease(&store, &format!("{} {task}", std::process::id())).await,
                _ => 0,
            }
        });
    }
    let count: u64 = tasks.join_all().await.into_iter().sum();
    say(&format!("\ncount {count}"));
}

async fn renew(store: &PostgresStore) -> u64 {
    let mut won = 0;
    for from in 1..=ROUNDS {
        let step = Advance { from, renewed_at: at(1), expires_at: at(60) };
        won += u64::from(store.advance_session(session_id(0), &step).await.unwrap());
    }
    won
}

async fn end(store: &PostgresStore) -> u64 {
    let mut ended = 0;
    for number in 0..SESSIONS {
        let end = store.end_session(session_id(number), EndReason::SignedOut, at(1)).await;
        ended += u64::from(end.unwrap());
        store.announce(&Changed::Keys, at(2)).await.unwrap();
    }
    ended
}

/// In both orders.
async fn batches(store: &PostgresStore, is_reversed: bool) -> u64 {
    for round in 1..=ROUNDS {
        let now = at(i64::try_from(round).unwrap());
        let mut numbers: Vec<_> = (0..SESSIONS).collect();
        if is_reversed {
            numbers.reverse();
        }
        let note = |number| RenewalNote {
            session: session_id(number),
            presented: 1,
            outcome: Outcome::Advanced,
            count: 1,
            first_at: now,
            last_at: now,
            address: String::new(),
            agent: String::new(),
        };
        let sighting = |number| SessionActivity {
            session: session_id(number),
            generation: 1,
            at: now,
            address: String::new(),
        };
        let notes: Vec<_> = numbers.iter().copied().map(note).collect();
        let seen: Vec<_> = numbers.iter().copied().map(sighting).collect();
        let (noted, marked) = tokio::join!(store.note_renewals(&notes), store.mark_seen(&seen));
        noted.unwrap();
        marked.unwrap();
    }
    0
}

async fn lease(store: &PostgresStore, holder: &str) -> u64 {
    let mut got = 0;
    for round in 1..=ROUNDS {
        let name = format!("round {round}");
        got += u64::from(store.take_lease(&name, holder, at(1), at(60)).await.unwrap());
    }
    got
}

fn say(line: &str) {
    // One write of one whole line; the harness writes to the same output.
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
}
