use std::{io, sync::mpsc};

use super::*;

const SOON: Duration = Duration::from_secs(10);

/// Takes what is written when it is told to, refuses it, or keeps it waiting.
#[derive(Clone, Default)]
struct Pipe(Arc<(Mutex<Reader>, Condvar)>);

#[derive(Default)]
struct Reader {
    mood: Mood,
    read: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Reads,
    /// A full disk, or a pipe that nobody holds any more.
    Refuses,
    /// Takes this many bytes more, then refuses.
    TakesOnly(usize),
    /// A full pipe.
    Sleeps,
}

impl Pipe {
    fn becomes(&self, mood: Mood) {
        self.0.0.lock().unwrap().mood = mood;
        self.0.1.notify_all();
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.0.lock().unwrap().read.clone()).unwrap()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (reader, changed) = &*self.0;
        let is_asleep = |reader: &mut Reader| reader.mood == Mood::Sleeps;
        let mut reader = changed.wait_while(reader.lock().unwrap(), is_asleep).unwrap();
        let taken = match reader.mood {
            Mood::Reads => bytes,
            Mood::TakesOnly(left) if left > 0 => {
                let taken = &bytes[..left.min(bytes.len())];
                reader.mood = Mood::TakesOnly(left - taken.len());
                taken
            }
            _ => return Err(io::ErrorKind::StorageFull.into()),
        };
        reader.read.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer into `pipe` that says how many lines were lost as a line and to the receiver.
fn start(pipe: &Pipe) -> (LogWriter, mpsc::Receiver<u64>) {
    let (said, lost) = mpsc::channel();
    let own: Arc<Mutex<Option<LogWriter>>> = Arc::default();
    let to_itself = Arc::clone(&own);
    let writer = LogWriter::start(pipe.clone(), move |lost| {
        if let Some(writer) = &mut *to_itself.lock().unwrap() {
            writeln!(writer, "{lost} lost").unwrap();
        }
        said.send(lost).unwrap();
    });
    let writer = writer.unwrap();
    *own.lock().unwrap() = Some(writer.clone());
    (writer, lost)
}

#[test]
fn what_is_logged_is_written_in_order() {
    let pipe = Pipe::default();
    let (mut writer, _lost) = start(&pipe);
    let lines: Vec<_> = (0..10_000).map(|number| format!("line {number}\n")).collect();
    for line in &lines {
        writer.write_all(line.as_bytes()).unwrap();
    }
    writer.flush(SOON);
    assert_eq!(pipe.text(), lines.concat());
}

#[test]
fn lines_that_cannot_be_written_are_lost_and_their_number_is_said() {
    let pipe = Pipe::default();
    let (mut writer, lost) = start(&pipe);
    pipe.becomes(Mood::Refuses);
    for number in 0..100 {
        writeln!(writer, "lost {number}").unwrap();
    }
    writer.flush(SOON);
    assert_eq!(pipe.text(), "");
    pipe.becomes(Mood::Reads);
    writer.write_all(b"back\n").unwrap();
    assert_eq!(lost.recv_timeout(SOON), Ok(100));
    writer.flush(SOON);
    assert_eq!(pipe.text(), "back\n100 lost\n");
}

#[test]
fn half_a_line_does_not_spoil_the_next_one() {
    let pipe = Pipe::default();
    let (mut writer, lost) = start(&pipe);
    pipe.becomes(Mood::TakesOnly(10));
    writer.write_all(b"first\nsecond\nthird\n").unwrap();
    writer.flush(SOON);
    pipe.becomes(Mood::Reads);
    writer.write_all(b"fourth\n").unwrap();
    assert_eq!(lost.recv_timeout(SOON), Ok(2));
    writer.flush(SOON);
    assert_eq!(pipe.text(), "first\nseco\nfourth\n2 lost\n");
}

#[test]
fn whoever_logs_into_a_full_pipe_does_not_wait_and_no_more_than_the_room_is_kept() {
    let pipe = Pipe::default();
    let (mut writer, lost) = start(&pipe);
    pipe.becomes(Mood::Sleeps);
    let line = "x".repeat(1023) + "\n";
    writer.write_all(line.as_bytes()).unwrap();
    // The thread has that line in its hands, or it waits with the others: either is full in the end.
    let most = ROOM / line.len();
    for _ in 0..3 * most {
        writer.write_all(line.as_bytes()).unwrap();
    }
    assert!(writer.0.state().waiting.len() <= ROOM);
    // The end of the program does not wait for a reader that is not there.
    writer.flush(Duration::from_millis(1));
    pipe.becomes(Mood::Reads);
    let lost = lost.recv_timeout(SOON).unwrap();
    writer.flush(SOON);
    let text = pipe.text();
    assert!(text.ends_with(&format!("\n{lost} lost\n")), "the line about them found room");
    let written = u64::try_from(text.lines().count() - 1).unwrap();
    assert_eq!(written + lost, u64::try_from(3 * most + 1).unwrap(), "every line is accounted for");
    assert!(lost >= u64::try_from(most).unwrap());
}

#[test]
fn a_piece_ends_with_a_line() {
    let short = "ab\n".repeat(3000);
    assert_eq!(piece_length(short.as_bytes()), 4095);
    let long = "x".repeat(6000) + "\nab\n";
    assert_eq!(piece_length(long.as_bytes()), 6001);
    assert_eq!(piece_length(b"no end"), 6);
}
