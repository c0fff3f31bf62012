//! Standard error behind a bounded queue.
//!
//! What reads standard error can be slow, stuck or gone, and the disk behind it full. None of that is a
//! reason to hold up a request, so nobody but one thread ever writes there: lines that find no room in the
//! queue, and lines that cannot be written, are lost and counted. As soon as writing works again, a line says
//! how many those were.

use std::{
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use metrics::counter;

/// What may wait to be written, in bytes: some twenty thousand lines.
const ROOM: usize = 4 * 1024 * 1024;
/// A line that says how many were lost has room of its own.
const ROOM_FOR_LOST: usize = 4 * 1024;
/// What is written at once, in bytes: a pipe takes it whole, unmixed with what others write there (`PIPE_BUF`).
const PIECE: usize = 4096;
/// How long to wait where something else has made standard error non-blocking.
const PAUSE: Duration = Duration::from_millis(10);

/// How long the last words of the program may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The figure of lines that were lost.
const LOST: &str = "vestibule_log_lines_lost_total";

/// The way to the queue. Clones lead to the same one.
#[derive(Clone)]
pub(super) struct LogWriter(Arc<Queue>);

impl LogWriter {
    /// Starts the thread that writes to `to`. Whenever lines were lost and writing works again, it calls
    /// `say_lost` with their number; what that writes to the queue always has room.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub(super) fn start(
        to: impl Write + Send + 'static,
        say_lost: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let writer = Self(Arc::default());
        let queue = Arc::clone(&writer.0);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || queue.write_out(to, say_lost))?;
        Ok(writer)
    }

    /// Waits until everything that was logged so far has been written or lost, but not for longer.
    pub(super) fn flush(&self, within: Duration) {
        let state = self.0.state();
        let is_busy = |state: &mut State| !state.waiting.is_empty() || state.is_writing;
        drop(self.0.settled.wait_timeout_while(state, within, is_busy));
    }
}

/// Whole lines; never fails and never waits.
impl Write for LogWriter {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    /// Something waits to be written.
    filled: Condvar,
    /// Nothing does any more.
    settled: Condvar,
    is_saying_lost: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    is_writing: bool,
    /// Lines that were lost and that nothing has been said about.
    lost: u64,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, lines: &[u8]) {
        let extra = if self.is_saying_lost.load(Ordering::Relaxed) { ROOM_FOR_LOST } else { 0 };
        let mut state = self.state();
        if state.waiting.len() + lines.len() > ROOM + extra {
            let lost = count(lines);
            state.lost += lost;
            drop(state);
            counter!(LOST).increment(lost);
            return;
        }
        state.waiting.extend_from_slice(lines);
        drop(state);
        self.filled.notify_one();
    }

    fn write_out(&self, mut to: impl Write, say_lost: impl Fn(u64)) {
        let mut lines = Vec::new();
        let mut is_within_line = false;
        loop {
            lines.clear();
            let mut state = self.state();
            state.is_writing = false;
            while state.waiting.is_empty() {
                self.settled.notify_all();
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut state.waiting, &mut lines);
            state.is_writing = true;
            drop(state);

            let written = write_lines(&mut to, &lines, &mut is_within_line);
            let mut state = self.state();
            if let Err(lost) = written {
                counter!(LOST).increment(lost);
                state.lost += lost;
            } else if state.lost > 0 {
                let lost = std::mem::take(&mut state.lost);
                drop(state);
                self.is_saying_lost.store(true, Ordering::Relaxed);
                say_lost(lost);
                self.is_saying_lost.store(false, Ordering::Relaxed);
            }
        }
    }
}

/// Writes lines in pieces.
///
/// # Errors
/// How many of them were lost: 0 if that was the beginning of a line.
fn write_lines(to: &mut impl Write, lines: &[u8], is_within_line: &mut bool) -> Result<(), u64> {
    let mut rest = lines;
    if *is_within_line {
        // The rest of a line that was lost: what follows begins a line of its own.
        if write_piece(to, b"\n").is_err() {
            return Err(count(rest));
        }
        *is_within_line = false;
    }
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_length(rest));
        if let Err(written) = write_piece(to, piece) {
            let (done, _) = piece.split_at(written.min(piece.len()));
            *is_within_line = done.last().is_some_and(|byte| *byte != b'\n');
            return Err(count(rest) - count(done));
        }
        rest = after;
    }
    Ok(())
}

/// As many whole lines as fit into a piece, or else one line.
fn piece_length(lines: &[u8]) -> usize {
    let is_end = |byte: &u8| *byte == b'\n';
    let start = lines.get(..PIECE).unwrap_or(lines);
    let whole = start.iter().rposition(is_end).or_else(|| lines.iter().position(is_end));
    whole.map_or(lines.len(), |end| end + 1)
}

/// Writes all of it, or says how many bytes were written before that failed.
fn write_piece(to: &mut impl Write, piece: &[u8]) -> Result<(), usize> {
    let mut written = 0;
    while let Some(rest) = piece.get(written..).filter(|rest| !rest.is_empty()) {
        match to.write(rest) {
            Ok(0) => return Err(written),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(_) => return Err(written),
        }
    }
    Ok(())
}

/// Writes the last words of a program that ends. Where nothing takes them it ends all the same.
pub(crate) fn last_words(text: String) {
    let (done, is_done) = mpsc::channel();
    let written = thread::Builder::new().spawn(move || {
        let _ = writeln!(io::stderr(), "{text}");
        let _ = done.send(());
    });
    if written.is_ok() {
        let _ = is_done.recv_timeout(LAST_WORDS);
    }
}

fn count(lines: &[u8]) -> u64 {
    u64::try_from(lines.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
