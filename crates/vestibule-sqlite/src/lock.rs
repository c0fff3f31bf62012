//! One server for one file.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Held for as long as a server works on a database. The operating system takes it back when the process
/// ends, however it ends.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct ServerLock {
    _file: File,
}

/// Takes the lock of the database at `path`, which is a file `<path>.lock` beside it.
///
/// Commands open the database without it.
///
/// # Errors
/// [`LockError`] where another server holds it, or the file cannot be made.
pub fn lock_for_serving(path: &Path) -> Result<ServerLock, LockError> {
    // Two names of one file are one database.
    let mut name: OsString = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into();
    name.push(".lock");
    let name = PathBuf::from(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file =
        options.open(&name).map_err(|cause| LockError::File { path: name.clone(), cause })?;
    match file.try_lock() {
        Ok(()) => Ok(ServerLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(LockError::Taken { path: path.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(LockError::File { path: name, cause }),
    }
}

/// The lock of a database cannot be had.
#[derive(thiserror::Error)]
pub enum LockError {
    /// Another server works on this database.
    #[error(
        "another server is using the database at {}; stop it first, or give this server its own database",
        path.display()
    )]
    Taken {
        /// Which database.
        path: PathBuf,
    },
    /// The file of the lock cannot be made or locked.
    #[error("cannot use the lock file {} ({cause}); check the permissions of its directory", path.display())]
    File {
        /// Which lock file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

vestibule_core::readable_debug!(LockError);
