//! `vestibule user import`: accounts of another system.
//!
//! A row that cannot be taken is refused by itself and said with its line; the others go on. Rows are taken by
//! the hundred, each batch in one transaction. A second run skips what is there already, so after mending the
//! file, or where an import was broken off, the whole of it is imported again.

mod batch;
mod interruption;
mod moment;
mod planned;
mod progress;
mod report;
mod rows;
mod tally;

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{BufRead, BufReader},
};

use vestibule::core::event::EventName;

use self::{
    batch::{Batch, Outcome},
    interruption::Interruption,
    planned::Planned,
    progress::Progress,
    report::Report,
    rows::{Row, Rows},
    tally::Tally,
};
use crate::{
    cli::{
        arguments::UserImport,
        context::CommandContext,
        output::{Console, counted, visible},
    },
    error::CommandError,
};

/// So many rows share a transaction.
const BATCH: usize = 500;
/// Where there is a report, so many refused rows are said beside it.
const SAID_BESIDE_REPORT: usize = 20;

/// Reads the file and imports it.
pub(super) async fn import(
    what: &UserImport,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let file = File::open(&what.file).map_err(|error| {
        CommandError::Failed(format!("cannot read {}: {error}", what.file.display()))
    })?;
    let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
    let report = what.report.as_deref().map(|path| Report::create(path, &what.file)).transpose()?;
    let manner = Manner {
        dry_run: what.dry_run,
        size,
        report,
        interruption: Interruption::by_signal()
            .map_err(|error| CommandError::Failed(format!("cannot listen for signals: {error}")))?,
    };
    import_from(BufReader::new(file), manner, context, console).await
}

/// How an import goes about it.
struct Manner {
    dry_run: bool,
    /// Of the file, in bytes.
    size: Option<u64>,
    report: Option<Report>,
    interruption: Interruption,
}

async fn import_from(
    input: impl BufRead,
    mut manner: Manner,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let mut tally = Tally::default();
    let imported = import_rows(input, &mut manner, &mut tally, context, console).await;
    // However it ended: what was made until then is there.
    if !manner.dry_run {
        record(&tally, context).await;
    }
    conclude(&tally, &manner, imported?, console)
}

/// Imports row by row; the line to go on at where it was asked to end.
async fn import_rows(
    input: impl BufRead,
    manner: &mut Manner,
    tally: &mut Tally,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<Option<u64>, CommandError> {
    let mut planned = manner.dry_run.then(Planned::default);
    let mut rows = Rows::begin(input)?;
    let mut progress = Progress::begin(manner.size, context.clock.monotonic());
    loop {
        let batch: Vec<Row> = rows.by_ref().take(BATCH).collect();
        let Some(first) = batch.first() else {
            return Ok(None);
        };
        if manner.interruption.has_come() {
            return Ok(Some(first.line));
        }
        let line = first.line;
        let taken = Batch::of(batch, context).take(&mut planned, context).await;
        let outcomes = taken.map_err(|error| stopped(&error, line, tally))?;
        let mut unwritten = None;
        for (row, outcome) in outcomes {
            if let Outcome::Made(_) = outcome
                && tally.begins_behind_others()
            {
                console.note(format_args!("{}; continuing at line {}.", tally.so_far(), row.line));
            }
            if let Some(report) = manner.report.as_mut().filter(|_| unwritten.is_none()) {
                // The accounts of this batch are there already, and count.
                unwritten = report.add(&row, &outcome).err();
            }
            if let Outcome::Refused(reason) = &outcome
                && (manner.report.is_none() || tally.refused() < SAID_BESIDE_REPORT)
            {
                console.note(format_args!("line {}: {}", row.line, visible(reason)));
            }
            tally.count(&row, &outcome);
            if !console.is_live() && progress.is_due_after(tally.rows()) {
                console.note(format_args!("{} rows so far: {tally}", tally.rows()));
            }
        }
        if let Some(error) = unwritten {
            return Err(error);
        }
        if let Some(report) = &mut manner.report {
            report.flush()?;
        }
        if let Some(bar) = progress.bar(tally.rows(), rows.bytes_read(), context.clock.monotonic())
        {
            console.status(bar);
        }
    }
}

/// Says what came of it.
fn conclude(
    tally: &Tally,
    manner: &Manner,
    next_line: Option<u64>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let mode =
        if manner.dry_run { "Nothing was changed. This import would create" } else { "Created" };
    console.say(format_args!("{mode} {tally}."))?;
    if let Some(kinds) = tally.kinds() {
        console.note(format_args!("Password hashes to be replaced at the next sign-in: {kinds}."));
    }
    if let Some(line) = next_line {
        return Err(CommandError::Failed(format!(
            "the import was interrupted before line {line}; import the file again to continue: existing \
             accounts are skipped"
        )));
    }
    if tally.refused() > 0 {
        let place = if manner.report.is_some() { "in the report" } else { "above" };
        return Err(CommandError::Failed(format!(
            "{} refused; fix the lines listed {place} and import the file again: existing accounts are \
             skipped",
            counted(tally.refused(), "row")
        )));
    }
    Ok(())
}

/// Puts the import into the audit trail, and each super user that it made.
async fn record(tally: &Tally, context: &CommandContext<'_>) {
    if tally.made() == 0 {
        return;
    }
    let mut events = vec![context.event(EventName::UserCreated).with("imported", tally.made())];
    for id in tally.super_users() {
        events.push(context.event(EventName::UserCreated).about(*id).with("super_user", true));
    }
    context.record_all(&events, "accounts were imported").await;
}

fn stopped(error: &CommandError, line: u64, tally: &Tally) -> CommandError {
    CommandError::Failed(format!(
        "the import stopped at line {line}: {error}. Until then: {tally}. Import the file again to \
         continue: existing accounts are skipped."
    ))
}
