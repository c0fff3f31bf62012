//! What became of each row, as a file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::Path,
};

use super::{batch::Outcome, rows::Row};
use crate::{error::CommandError, web::pages::quoted_csv};

/// CSV with a header line. Its owner alone reads it, as far as the system knows owners.
pub(super) struct Report(BufWriter<File>);

impl Report {
    /// Makes the file, in place of one that is there.
    pub(super) fn create(path: &Path, input: &Path) -> Result<Self, CommandError> {
        let place = |path: &Path| fs::canonicalize(path).ok();
        if place(path).is_some_and(|report| Some(report) == place(input)) {
            return Err(CommandError::Usage(
                "the report would overwrite the imported file; choose another name".to_owned(),
            ));
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| {
            CommandError::Failed(format!("cannot write {}: {error}", path.display()))
        })?;
        let mut report = Self(BufWriter::new(file));
        report.0.write_all(b"line,name,outcome,reason\n").map_err(unwritten)?;
        Ok(report)
    }

    pub(super) fn add(&mut self, row: &Row, outcome: &Outcome) -> Result<(), CommandError> {
        let (word, reason) = match outcome {
            Outcome::Made(_) => ("made", ""),
            Outcome::There => ("there", ""),
            Outcome::Refused(reason) => ("refused", reason.as_str()),
        };
        let (name, reason) = (quoted_csv(&row.name), quoted_csv(reason));
        writeln!(self.0, "{},{name},{word},{reason}", row.line).map_err(unwritten)
    }

    /// What was added is in the file, also where the import breaks off.
    pub(super) fn flush(&mut self) -> Result<(), CommandError> {
        self.0.flush().map_err(unwritten)
    }
}

fn unwritten(error: io::Error) -> CommandError {
    CommandError::Failed(format!(
        "cannot write the report: {error}. Import the file again to continue: existing accounts are skipped."
    ))
}
