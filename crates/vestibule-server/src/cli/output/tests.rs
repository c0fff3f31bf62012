use std::io::{self, Write};

use super::{Console, Listed, counted, json, utc, visible};
use crate::error::CommandError;
use vestibule::core::time::Timestamp;

#[test]
fn what_a_terminal_would_act_on_is_shown_as_an_escape() {
    assert_eq!(visible("Zoë Ünal 李 \\ \"a\""), "Zoë Ünal 李 \\ \"a\"");
    assert_eq!(
        visible("a\nb\r\x1b[2J\u{9b}\u{202e}\u{200b}\u{2028}\x7f"),
        "a\\nb\\r\\u{1b}[2J\\u{9b}\\u{202e}\\u{200b}\\u{2028}\\u{7f}"
    );
}

#[test]
fn json_holds_no_hidden_sign_and_still_says_the_same() {
    let text = "a\n\x1b\u{9b}\u{202e}\x7f\u{e0001}é\"";
    let shown = json(&text).unwrap();
    assert_eq!(shown, "\"a\\n\\u001b\\u009b\\u202e\\u007f\\udb40\\udc01é\\\"\"");
    assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
}

#[test]
fn moments_are_written_in_utc() {
    for (seconds, shown) in [
        (0, "1970-01-01 00:00"),
        (951_782_399, "2000-02-28 23:59"),
        (951_782_400, "2000-02-29 00:00"),
        (951_868_800, "2000-03-01 00:00"),
        (1_750_000_000, "2025-06-15 15:06"),
        (4_107_542_399, "2100-02-28 23:59"),
        (4_107_542_400, "2100-03-01 00:00"),
        (-1, "1969-12-31 23:59"),
    ] {
        assert_eq!(utc(Timestamp::from_seconds(seconds)), shown, "{seconds}");
    }
}

#[test]
fn one_thing_is_not_several() {
    assert_eq!(
        [0, 1, 2].map(|count| counted(count, "session")),
        ["0 sessions", "1 session", "2 sessions"]
    );
}

fn listing(pages: &[&[&str]], is_json: bool) -> (String, String) {
    let (mut results, mut messages) = (Vec::new(), Vec::new());
    let mut console = Console::new(&mut results, &mut messages);
    let mut listed = Listed::new(["NAME", "LENGTH", "NOTE"], is_json);
    for page in pages {
        let row = |name: &&str| [(*name).to_owned(), name.len().to_string(), String::new()];
        listed.page(page, json, row, &mut console).unwrap();
    }
    listed.finish("Nothing there.", &mut console).unwrap();
    (String::from_utf8(results).unwrap(), String::from_utf8(messages).unwrap())
}

#[test]
fn columns_are_aligned_and_lines_end_without_spaces() {
    let (results, _) = listing(&[&["a", "six\x1b"], &["longer than these"]], false);
    assert_eq!(
        results,
        "NAME       LENGTH  NOTE\n\
         a          1\n\
         six\\u{1b}  4\n\
         longer than these  17\n"
    );
    // A terminal shows it two columns wide.
    assert_eq!(listing(&[&["李", "ab"]], false).0, "NAME  LENGTH  NOTE\n李    3\nab    2\n");
}

#[test]
fn a_json_array_is_one_over_several_pages() {
    let (results, _) = listing(&[&["a", "b"], &["c"]], true);
    assert_eq!(results, "[\n\"a\",\n\"b\",\n\"c\"\n]\n");
}

#[test]
fn an_empty_listing_says_so_beside_an_empty_result() {
    assert_eq!(listing(&[], false), (String::new(), "Nothing there.\n".to_owned()));
    assert_eq!(listing(&[&[]], true), ("[]\n".to_owned(), String::new()));
}

struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure_and_a_full_disk_is() {
    let say = |kind| {
        let (mut results, mut messages) = (Broken(kind), Broken(kind));
        let mut console = Console::new(&mut results, &mut messages);
        console.note("never mind");
        console.say("hello")
    };
    assert_eq!(say(io::ErrorKind::BrokenPipe), Ok(()));
    assert!(matches!(say(io::ErrorKind::StorageFull), Err(CommandError::Failed(_))));
}
