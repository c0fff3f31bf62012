//! Names of files.

use std::fmt;

/// The name of a file, as typed.
///
/// 1 to [`FileName::MAX_BYTES`] bytes of UTF-8 with something to see in it. It is no path, so that no program
/// that saves it under its name leaves its folder; it holds no control characters, so that it is one line in
/// headers and logs; and nothing turns the direction of writing around in it, so that `gpj.exe` never looks
/// like `exe.jpg`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// The most bytes of a name: as many as the usual file systems take.
    pub const MAX_BYTES: usize = 255;

    /// Reads a name as typed.
    ///
    /// # Errors
    /// A [`FileNameError`] that says what to change.
    pub fn parse(typed: &str) -> Result<Self, FileNameError> {
        if typed.trim().is_empty() {
            return Err(FileNameError::Empty);
        }
        if typed.len() > Self::MAX_BYTES {
            return Err(FileNameError::TooLong);
        }
        if typed.contains(['/', '\\']) || matches!(typed, "." | "..") {
            return Err(FileNameError::Path);
        }
        if typed.chars().any(breaks_line) {
            return Err(FileNameError::Control);
        }
        if typed.chars().any(turns_writing) {
            return Err(FileNameError::Direction);
        }
        Ok(Self(typed.to_owned()))
    }

    /// As typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot, in lower case; empty where nothing does.
    #[must_use]
    pub fn extension(&self) -> String {
        match self.0.rsplit_once('.') {
            Some((stem, end)) if !stem.is_empty() => end.to_ascii_lowercase(),
            Some(_) | None => String::new(),
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Controls, and what separates lines and paragraphs.
fn breaks_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides and isolates (UAX 9 section 2). The marks of section 2.6, which some names in Arabic
/// or Hebrew need, are not among them.
fn turns_writing(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text cannot be the name of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// Nothing to see.
    #[error("the name is missing")]
    Empty,
    /// Beyond [`FileName::MAX_BYTES`].
    #[error("the name is longer than {} bytes; shorten it", FileName::MAX_BYTES)]
    TooLong,
    /// A path.
    #[error("the name contains a `/` or a `\\`; leave out the folders")]
    Path,
    /// A control character.
    #[error("the name contains a control character or a line break; leave it out")]
    Control,
    /// A character that turns the direction of writing around.
    #[error("the name contains a character that changes the text direction; leave it out")]
    Direction,
}
