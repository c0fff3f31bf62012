//! All rows, some at a time: each with a site of its own, and its rivals beside it.

use std::{
    fmt::{self, Write as _},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    Outcome,
    plan::{Row, Times},
    report::{Line, grouped, tables},
    rival::Rule,
    target::{self, Target},
    world::{Progress, World},
};

/// Every run meets the same fates.
const SEED: u64 = 20_260_730;
/// Rows at a time. Most of the time they wait for tokens to expire.
const AT_A_TIME: usize = 5;
/// Files that are open at once, connections above all.
const FILES: u64 = 16_000;
/// Between two looks at how far they are.
const NEWS: Duration = Duration::from_secs(15);

/// Runs these rows and prints what came of them; says whether all is well with the site.
pub(crate) async fn all(rows: Vec<Row>, times: Times) -> Outcome<bool> {
    allow_connections()?;
    let board =
        Arc::new(Board { begun: Instant::now(), rows: rows.len(), state: Mutex::default() });
    let program: Arc<Path> = target::program()?.into();
    println!("{}, {} networks, {AT_A_TIME} at a time", program.display(), rows.len());
    // The longest first, so that they do not keep everybody waiting in the end.
    let mut numbered: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
    numbered.sort_by(|(_, one), (_, other)| one.length().total_cmp(&other.length()));
    let waiting = Arc::new(Mutex::new(numbered));
    let mut running = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (board, waiting, program) =
            (Arc::clone(&board), Arc::clone(&waiting), Arc::clone(&program));
        running.spawn(async move {
            let mut lines = Vec::new();
            loop {
                let next = lock(&waiting).pop();
                let Some((number, row)) = next else { return Outcome::Ok(lines) };
                let progress = board.begins(&row);
                let line = run(&row, times, &program, &progress).await?;
                board.ends(&line, times);
                lines.push((number, line));
            }
        });
    }
    let all = async {
        let mut lines = Vec::new();
        while let Some(some) = running.join_next().await {
            lines.append(&mut some??);
        }
        Outcome::Ok(lines)
    };
    let mut lines = tokio::select! {
        lines = all => lines?,
        () = board.tell() => return Err("the news have ended".into()),
    };
    lines.sort_by_key(|(number, _)| *number);
    let lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
    println!("\n{}", tables(&lines));
    let problems: Vec<_> = lines.iter().flat_map(|line| line.problems(times)).collect();
    for problem in &problems {
        println!("NOT WELL: {problem}");
    }
    println!(
        "{} after {}",
        if problems.is_empty() { "all is well" } else { "failed" },
        board.time()
    );
    Ok(problems.is_empty())
}

/// Every visitor has a connection or two, and the network as many: more than a process usually may have open.
fn allow_connections() -> Outcome<()> {
    let mut limit = getrlimit(Resource::Nofile);
    let is_enough = |limit: Option<u64>| limit.is_none_or(|files| files >= FILES);
    if is_enough(limit.current) {
        return Ok(());
    }
    if !is_enough(limit.maximum) {
        return Err(format!("{FILES} open files are needed; raise `ulimit -n`").into());
    }
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// Runs one row: the site and its rivals at the same time.
pub(crate) async fn run(
    row: &Row,
    times: Times,
    program: &Path,
    progress: &Arc<Progress>,
) -> Outcome<Line> {
    let effort = row.effort;
    let ours = async {
        let app = Target::site(program, times).await?;
        let world = World::new(app, times, effort.visitors, SEED).await?;
        world.run(row, effort.renewals, progress).await
    };
    let rival = async |rule| {
        // They keep everything in memory: nothing of them would outlive a crash.
        if row.killed_every.is_some() {
            return Outcome::Ok(None);
        }
        let app = Target::rival(rule, times).await;
        let world = World::new(app, times, effort.visitors_of_rivals, SEED).await?;
        world.run(row, effort.renewals_of_rivals, &Arc::default()).await.map(Some)
    };
    let (ours, single_use, siblings) =
        tokio::try_join!(ours, rival(Rule::SingleUse), rival(Rule::Siblings))?;
    Ok(Line { row: row.clone(), ours, single_use, siblings })
}

/// Tells people how far it is.
struct Board {
    begun: Instant,
    rows: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: Vec<(Row, Arc<Progress>)>,
    ended: usize,
}

impl Board {
    fn begins(&self, row: &Row) -> Arc<Progress> {
        let progress = Arc::<Progress>::default();
        self.state().running.push((row.clone(), Arc::clone(&progress)));
        progress
    }

    fn ends(&self, line: &Line, times: Times) {
        let mut state = self.state();
        state.running.retain(|(row, _)| row.name != line.row.name);
        state.ended += 1;
        println!("[{}] {}: {}", self.time(), line.row.name, line.figures());
        for problem in line.problems(times) {
            println!("        NOT WELL: {problem}");
        }
    }

    /// Again and again.
    async fn tell(&self) {
        loop {
            sleep(NEWS).await;
            let state = self.state();
            let mut text = format!("[{}] {} of {} done", self.time(), state.ended, self.rows);
            for (row, progress) in &state.running {
                let (done, signed_out) = progress.so_far();
                let all = row.effort.renewals;
                // Writing to a string cannot fail.
                let _ = write!(
                    text,
                    "\n        {}: {} of {} renewals, {} false sign-outs",
                    row.name,
                    grouped(done.into()),
                    grouped(all.into()),
                    grouped(signed_out.into()),
                );
            }
            println!("{text}");
        }
    }

    fn time(&self) -> Elapsed {
        Elapsed(self.begun.elapsed().as_secs())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds, as minutes and seconds.
struct Elapsed(u64);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>2}:{:02}", self.0 / 60, self.0 % 60)
    }
}
