//! The processes of one running server.

use std::{
    fs,
    io::{self, PipeWriter, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, kill_process};

use crate::{
    site::{Child, Signal},
    wait,
};

const START_WITHIN: Duration = Duration::from_secs(30);
/// A fast shutdown and the guard's patience with it.
const END_WITHIN: Duration = Duration::from_secs(15);

/// A running server: its guard (see `guard.sh`), and the pipe on which the guard hears that we are done.
#[derive(Debug)]
pub(super) struct Server {
    guard: Child,
    leash: Option<PipeWriter>,
    main: Pid,
    folder: PathBuf,
    data: PathBuf,
}

impl Server {
    /// Starts it and waits until it takes connections.
    pub(super) fn start(folder: &Path, data: &Path, command: &[PathBuf]) -> Self {
        let (heard, leash) = io::pipe().expect("a pipe");
        let mut guard = Command::new("sh");
        guard.args(["-c", include_str!("guard.sh"), "guard"]).arg(folder).args(command);
        guard.stdin(heard).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        // Out of reach of a Ctrl+C, which ends this process and by that the server in good order.
        guard.process_group(0);
        let guard = Child::start(&mut guard);
        let main = wait::until(START_WITHIN, || ready(data));
        let Some(main) = main else {
            let log = fs::read_to_string(folder.join("log.txt")).unwrap_or_default();
            panic!("PostgreSQL did not start: {log}");
        };
        Self { guard, leash: Some(leash), main, folder: folder.to_owned(), data: data.to_owned() }
    }

    pub(super) fn stop(&self) {
        self.signal_all(Signal::STOP);
    }

    pub(super) fn cont(&self) {
        self.signal_all(Signal::CONT);
    }

    pub(super) fn kill(&mut self) {
        let segment = line(&self.data, 6);
        // Stopped, it starts no further ones. They are counted before it is dead, and they are its no more.
        self.stop();
        let children = children(self.main);
        for process in children.iter().chain([&self.main]) {
            let _ = kill_process(*process, Signal::KILL);
        }
        wait::until(END_WITHIN, || children.iter().all(|child| has_ended(*child)).then_some(()))
            .expect("what was killed ends");
        self.release();
        // What is left of a killed server in the kernel; one that is started again would remove it.
        if let Some(id) = segment.as_deref().and_then(|line| line.split_whitespace().last()) {
            let _ = Command::new("ipcrm").args(["--shmem-id", id]).stderr(Stdio::null()).status();
        }
        let _ = fs::remove_file(self.data.join("postmaster.pid"));
    }

    pub(super) fn shut_down(&mut self) {
        self.cont();
        let _ = kill_process(self.main, Signal::INT);
        self.release();
    }

    /// Tells the guard that the server is over and the folder stays, and waits for both.
    fn release(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            let _ = leash.write_all(b"over\n");
        }
        let ended = wait::until(END_WITHIN, || self.guard.has_ended());
        assert!(ended.is_some(), "PostgreSQL in {} did not end", self.folder.display());
    }

    fn signal_all(&self, signal: Signal) {
        let _ = kill_process(self.main, signal);
        for child in children(self.main) {
            let _ = kill_process(child, signal);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of the pipe: the guard ends the server, removes the folder, and ends itself.
        drop(self.leash.take());
        let _ = wait::until(END_WITHIN, || self.guard.has_ended());
    }
}

/// The main process, once the server takes connections: the file has its number in the first line and its
/// state in the eighth.
fn ready(data: &Path) -> Option<Pid> {
    let state = line(data, 7)?;
    let number = line(data, 0)?.trim().parse().ok()?;
    if state.trim() == "ready" { Pid::from_raw(number) } else { None }
}

fn line(data: &Path, number: usize) -> Option<String> {
    let file = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    file.lines().nth(number).map(str::to_owned)
}

fn children(of: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let processes = numbers.filter_map(Pid::from_raw);
    processes.filter(|process| parent(*process) == Some(of)).collect()
}

fn parent(process: Pid) -> Option<Pid> {
    let (_, parent) = state(process)?;
    Pid::from_raw(parent)
}

/// Whether it is gone, or only still waits for somebody to take note of its end.
fn has_ended(process: Pid) -> bool {
    state(process).is_none_or(|(state, _)| state == "Z")
}

/// The state of a process and the number of its parent.
fn state(process: Pid) -> Option<(String, i32)> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}
