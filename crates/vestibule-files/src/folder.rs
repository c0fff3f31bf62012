//! A folder for blobs.

use std::{
    fs, io,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use object_store::local::LocalFileSystem;
use vestibule_core::time::Timestamp;
use vestibule_site::file::BlobKey;

use crate::OpenError;

/// Makes the folder where it is not there yet. What is written into it is on the disk, with its name, before
/// anybody is told so.
pub(crate) fn open(folder: &Path) -> Result<LocalFileSystem, OpenError> {
    let refused = |cause: Box<dyn std::error::Error + Send + Sync>| OpenError::Folder {
        path: folder.display().to_string(),
        cause,
    };
    make(folder).map_err(|error| refused(error.into()))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| refused(error.into()))?;
    Ok(store.with_fsync(true))
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A blob is written under its key, `#` and a number, and gets its name when it is whole. Removes the drafts
/// that nobody has touched since `before`.
pub(crate) fn remove_drafts(folder: &Path, before: Timestamp) -> io::Result<u64> {
    let mut removed = 0;
    for group in entries(folder)? {
        if !group.file_type()?.is_dir() {
            continue;
        }
        for draft in entries(&group.path())? {
            let is_draft = draft.file_name().to_str().is_some_and(is_draft);
            if is_draft && is_older(&draft, before)? {
                fs::remove_file(draft.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn is_draft(name: &str) -> bool {
    name.split_once('#').is_some_and(|(key, number)| {
        key.parse::<BlobKey>().is_ok()
            && !number.is_empty()
            && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn is_older(entry: &fs::DirEntry, before: Timestamp) -> io::Result<bool> {
    let touched = match entry.metadata() {
        Ok(metadata) => metadata.modified()?,
        // It has just got its name.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let before = Duration::from_millis(u64::try_from(before.millis()).unwrap_or_default());
    Ok(touched < UNIX_EPOCH + before)
}
