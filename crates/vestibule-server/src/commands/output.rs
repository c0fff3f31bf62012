//! What commands print: results on standard output, messages on standard error.
//!
//! Names, agents and devices are other people's texts: whatever could move the cursor, colour the
//! terminal or turn the reading direction is shown as an escape, in tables and in JSON alike.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use serde::Serialize;
use vestibule::core::time::Timestamp;

use super::CommandError;

#[cfg(test)]
mod tests;

/// The two streams of a command.
pub(crate) struct Console<'a> {
    results: &'a mut dyn Write,
    messages: &'a mut dyn Write,
}

impl<'a> Console<'a> {
    /// Results to the one, messages to the other.
    pub(crate) fn new(results: &'a mut dyn Write, messages: &'a mut dyn Write) -> Self {
        Self { results, messages }
    }

    /// Prints a line of the result.
    pub(crate) fn say(&mut self, line: impl fmt::Display) -> Result<(), CommandError> {
        self.print(&format!("{line}\n"))
    }

    /// Prints one value for programs.
    pub(crate) fn say_json(&mut self, value: &impl Serialize) -> Result<(), CommandError> {
        self.say(json(value)?)
    }

    /// Prints whole lines of the result.
    ///
    /// A reader that has seen enough, as `head` does, is no failure.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), CommandError> {
        match self.results.write_all(text.as_bytes()).and_then(|()| self.results.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Failed(
                format!("the result cannot be written to standard output: {error}"),
            )),
            _ => Ok(()),
        }
    }

    /// Prints a line beside the result. Where nobody can read it, nothing is lost.
    pub(crate) fn note(&mut self, line: impl fmt::Display) {
        let _ = writeln!(self.messages, "{line}");
    }
}

/// A listing that arrives page by page: aligned columns, or a JSON array with one element a line.
pub(crate) struct Listed<const COLUMNS: usize> {
    heads: [&'static str; COLUMNS],
    /// In characters. They grow with the pages: a wider value of a later page moves only what follows.
    widths: [usize; COLUMNS],
    is_json: bool,
    is_begun: bool,
}

impl<const COLUMNS: usize> Listed<COLUMNS> {
    pub(crate) fn new(heads: [&'static str; COLUMNS], is_json: bool) -> Self {
        Self { heads, widths: heads.map(|head| head.chars().count()), is_json, is_begun: false }
    }

    /// Prints the next page.
    pub(crate) fn page<T>(
        &mut self,
        items: &[T],
        as_json: impl Fn(&T) -> Result<String, CommandError>,
        as_row: impl Fn(&T) -> [String; COLUMNS],
        console: &mut Console<'_>,
    ) -> Result<(), CommandError> {
        if self.is_json {
            let mut text = String::new();
            for item in items {
                text.push_str(if self.is_begun { ",\n" } else { "[\n" });
                text.push_str(&as_json(item)?);
                self.is_begun = true;
            }
            return console.print(&text);
        }
        let rows: Vec<_> =
            items.iter().map(|item| as_row(item).map(|cell| visible(&cell))).collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut text = String::new();
        if !self.is_begun && !rows.is_empty() {
            self.is_begun = true;
            self.line(&self.heads.map(str::to_owned), &mut text);
        }
        rows.iter().for_each(|row| self.line(row, &mut text));
        console.print(&text)
    }

    /// Prints the end; where there was nothing, `nothing` says so beside an empty result.
    pub(crate) fn finish(
        self,
        nothing: &str,
        console: &mut Console<'_>,
    ) -> Result<(), CommandError> {
        match (self.is_json, self.is_begun) {
            (true, true) => console.print("\n]\n"),
            (true, false) => console.print("[]\n"),
            (false, true) => Ok(()),
            (false, false) => {
                console.note(nothing);
                Ok(())
            }
        }
    }

    fn line(&self, cells: &[String; COLUMNS], text: &mut String) {
        let start = text.len();
        for (cell, width) in cells.iter().zip(self.widths) {
            let _ = write!(text, "{cell:<width$}  ");
        }
        let end = text.trim_end_matches(' ').len().max(start);
        text.truncate(end);
        text.push('\n');
    }
}

/// A text on one line, with escapes for what a terminal would act on.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if is_hidden(sign) {
            shown.extend(sign.escape_default());
        } else {
            shown.push(sign);
        }
    }
    shown
}

/// A moment for people: `2025-06-15 15:06`, UTC.
pub(crate) fn utc(moment: Timestamp) -> String {
    const MINUTE: i64 = 60;
    const DAY: i64 = 24 * 60 * MINUTE;
    let days = moment.seconds().div_euclid(DAY);
    let minute = moment.seconds().rem_euclid(DAY) / MINUTE;
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
}

/// `1 session`, `2 sessions`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A value on one line.
pub(crate) fn json(value: &impl Serialize) -> Result<String, CommandError> {
    let text = serde_json::to_string(value)
        .map_err(|error| CommandError::Failed(format!("the result is no JSON: {error}")))?;
    // JSON itself only escapes what lies below U+0020 (RFC 8259 section 7). Outside of strings there is
    // nothing but plain signs, so every hidden one can become an escape.
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if is_hidden(sign) {
            for unit in sign.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(sign);
        }
    }
    Ok(shown)
}

/// Control characters, and those that change how the text around them is read without being seen.
fn is_hidden(sign: char) -> bool {
    sign.is_control()
        || matches!(sign,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Year, month and day of a count of days since 1970-01-01, in the Gregorian calendar.
///
/// Counted in eras of 400 years, each of 146097 days, from 0000-03-01: with the leap day last in its
/// year, the months have one rule.
fn date(days: i64) -> (i64, i64, i64) {
    const ERA: i64 = 146_097;
    let days = days + 719_468;
    let day_of_era = days.rem_euclid(ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / (ERA - 1)) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = days.div_euclid(ERA) * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
