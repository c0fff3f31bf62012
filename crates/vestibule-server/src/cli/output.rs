//! What commands print: results on standard output, messages on standard error.
//!
//! Names, agents and devices are other people's texts: whatever could move the cursor, colour the
//! terminal or turn the reading direction is shown as an escape, in tables and in JSON alike.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use comfy_table::{ColumnConstraint, Table, Width, presets};
use serde::Serialize;
use vestibule::core::time::Timestamp;

use crate::{error::CommandError, i18n::dates};

#[cfg(test)]
mod tests;

/// The two streams of a command.
pub(crate) struct Console<'a> {
    results: &'a mut dyn Write,
    messages: &'a mut dyn Write,
    /// Whether messages are read on a terminal.
    is_live: bool,
    /// Whether a status stands there, to be taken away before the next line.
    has_status: bool,
}

impl<'a> Console<'a> {
    /// Results to the one, messages to the other.
    pub(crate) fn new(results: &'a mut dyn Write, messages: &'a mut dyn Write) -> Self {
        Self { results, messages, is_live: false, has_status: false }
    }

    /// With messages on a terminal, where a line can take the place of another.
    pub(crate) fn live(self, is_live: bool) -> Self {
        Self { is_live, ..self }
    }

    /// Whether there is such a terminal.
    pub(crate) const fn is_live(&self) -> bool {
        self.is_live
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
        self.clear_status();
        match self.results.write_all(text.as_bytes()).and_then(|()| self.results.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Failed(
                format!("cannot write the result to standard output: {error}"),
            )),
            _ => Ok(()),
        }
    }

    /// Prints a line beside the result. Where nobody can read it, nothing is lost.
    pub(crate) fn note(&mut self, line: impl fmt::Display) {
        self.clear_status();
        let _ = writeln!(self.messages, "{line}");
    }

    /// Shows a line beside the result that whatever comes next takes the place of. Only on a terminal.
    pub(crate) fn status(&mut self, line: impl fmt::Display) {
        if self.is_live {
            self.clear_status();
            let _ = write!(self.messages, "{line}").and_then(|()| self.messages.flush());
            self.has_status = true;
        }
    }

    fn clear_status(&mut self) {
        if std::mem::take(&mut self.has_status) {
            let _ = write!(self.messages, "\r\x1b[K");
        }
    }
}

/// Spaces before a column, and behind it.
const GAP: (u16, u16) = (0, 2);

/// A listing that arrives page by page: aligned columns, or a JSON array with one element a line.
pub(crate) struct Listed<const COLUMNS: usize> {
    heads: [&'static str; COLUMNS],
    /// As a terminal counts. They grow with the pages: a wider value of a later page moves only what follows.
    widths: [u16; COLUMNS],
    is_json: bool,
    is_begun: bool,
}

impl<const COLUMNS: usize> Listed<COLUMNS> {
    pub(crate) fn new(heads: [&'static str; COLUMNS], is_json: bool) -> Self {
        Self { heads, widths: [0; COLUMNS], is_json, is_begun: false }
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
        if items.is_empty() {
            return Ok(());
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if !self.is_begun {
            self.is_begun = true;
            table.add_row(self.heads);
        }
        table.add_rows(items.iter().map(|item| as_row(item).map(|cell| visible(&cell))));
        for (width, here) in self.widths.iter_mut().zip(table.column_max_content_widths()) {
            *width = here.max(*width);
        }
        for (column, width) in table.column_iter_mut().zip(self.widths) {
            let (before, behind) = GAP;
            column.set_padding(GAP);
            let width = Width::Fixed(width.saturating_add(before + behind));
            column.set_constraint(ColumnConstraint::Absolute(width));
        }
        console.print(&(table.trim_fmt() + "\n"))
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
    let moment = dates::utc(moment.seconds());
    format!("{} {:02}:{:02}", moment.date(), moment.hour(), moment.minute())
}

/// `1 session`, `2 sessions`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A value on one line.
pub(crate) fn json(value: &impl Serialize) -> Result<String, CommandError> {
    let text = serde_json::to_string(value).map_err(|error| {
        CommandError::Failed(format!("cannot write the result as JSON: {error}"))
    })?;
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
