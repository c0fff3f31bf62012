//! Opening the file.

use std::{
    fs, io,
    num::NonZero,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{
    SqliteStore, Threads,
    reader::Readers,
    schema::{self, SchemaState},
    writer::Writer,
};

/// How long SQLite waits for another process's transaction.
const BUSY: Duration = Duration::from_millis(5000);

/// More statements than there are, so that each is prepared once for each connection.
const STATEMENTS: usize = 128;

/// What [`SqliteStore::open`] may do to the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Make the file where there is none, readable by its owner only (mode 0600).
    pub create: bool,
    /// Bring an older schema up to date.
    pub migrate: bool,
}

impl SqliteStore {
    /// Opens the database at `path`. Blocks for as long as the disk takes.
    ///
    /// The operations of the store need a tokio runtime with its timer.
    ///
    /// # Errors
    /// [`OpenError`] where there is no such file and none may be made, where it is not a database of ours,
    /// or where its schema is not the present one.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Self, OpenError> {
        let (connection, _) = prepare(path, options)?;
        let file = canonical(path)?;
        let readers: Result<Vec<_>, OpenError> =
            (0..reader_count()).map(|_| open_reader(&file)).collect();
        let writer = Writer::start(connection).map_err(OpenError::Threads)?;
        let readers = Readers::start(readers?).map_err(OpenError::Threads)?;
        Ok(Self { threads: Arc::new(Threads { readers, writer }) })
    }

    /// Makes the file at `path` where there is none, and brings its schema up to date. Gives the state
    /// that was found.
    ///
    /// # Errors
    /// [`OpenError`] where the file cannot be made or changed, or its schema is a newer one.
    pub fn migrate(path: &Path) -> Result<SchemaState, OpenError> {
        let (_, found) = prepare(path, OpenOptions { create: true, migrate: true })?;
        Ok(found)
    }

    /// How the schema of the file at `path` stands to the one that this version knows. Changes nothing.
    ///
    /// # Errors
    /// [`OpenError`] where there is no such file, or it is not a database of ours.
    pub fn schema_state(path: &Path) -> Result<SchemaState, OpenError> {
        let connection = open_writer(path, false)?;
        known(path, schema::state(&connection))
    }
}

/// The database cannot be opened.
#[derive(thiserror::Error)]
pub enum OpenError {
    /// There is no such file, and none may be made.
    #[error(
        "there is no database at {}; run `vestibule migrate` to create it, or correct `database_url`",
        path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file cannot be made or found.
    #[error(
        "cannot create or open the database at {} ({cause}); check that its directory exists and belongs \
         to the user that runs this",
        path.display()
    )]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// SQLite cannot work with the file.
    #[error("cannot open the database at {}: {cause}", path.display())]
    Sqlite {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: rusqlite::Error,
    },
    /// The file is another program's.
    #[error(
        "the file {} is a database of another program; name another file in `database_url`",
        path.display()
    )]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// The schema is older, and may not be changed.
    #[error(
        "the database at {} has schema version {from}, but this version needs {to}; run `vestibule migrate`",
        path.display()
    )]
    Behind {
        /// Which.
        path: PathBuf,
        /// The file's schema version.
        from: u32,
        /// The one that is needed.
        to: u32,
    },
    /// The schema is newer.
    #[error(
        "the database at {} has schema version {found}, but this version knows only {known}; use the \
         newer `vestibule` that migrated it",
        path.display()
    )]
    Ahead {
        /// Which.
        path: PathBuf,
        /// The file's schema version.
        found: u32,
        /// The newest one that is known.
        known: u32,
    },
    /// The file system cannot share the index of a write-ahead log.
    #[error(
        "the database at {} cannot use a write-ahead log there; move it to a local disk, network file \
         systems do not work",
        path.display()
    )]
    NoWriteAheadLog {
        /// Which.
        path: PathBuf,
    },
    /// A thread could not be started.
    #[error("cannot start a thread for the database: {0}")]
    Threads(#[source] io::Error),
}

vestibule_core::readable_debug!(OpenError);

/// Opens the file for writing, up to date, and gives the state that was found. Nothing of the file is
/// changed before it is known to be one that this version may change.
fn prepare(path: &Path, options: OpenOptions) -> Result<(Connection, SchemaState), OpenError> {
    let mut connection = open_writer(path, options.create)?;
    let found = known(path, schema::state(&connection))?;
    usable(path, found, options.migrate)?;
    use_wal(path, &connection)?;
    if options.migrate {
        // Asked again inside its transaction: another process may have been at it meanwhile.
        let migrated = known(path, schema::migrate(&mut connection))?;
        usable(path, migrated, true)?;
    }
    Ok((connection, found))
}

fn usable(path: &Path, found: SchemaState, migrate: bool) -> Result<(), OpenError> {
    let path = path.to_owned();
    match found {
        SchemaState::Ahead { found, known } => Err(OpenError::Ahead { path, found, known }),
        SchemaState::Behind { from, to } if !migrate => Err(OpenError::Behind { path, from, to }),
        SchemaState::Behind { .. } | SchemaState::UpToDate => Ok(()),
    }
}

fn open_writer(path: &Path, create: bool) -> Result<Connection, OpenError> {
    if create {
        make_private(path)?;
    }
    let file = canonical(path)?;
    open_connection(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|cause| failed(path, cause))
}

fn open_reader(file: &Path) -> Result<Connection, OpenError> {
    open_connection(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|cause| failed(file, cause))
}

/// Makes the file before SQLite does, because the log and its index get the mode of the file.
fn make_private(path: &Path) -> Result<(), OpenError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(cause) => Err(OpenError::File { path: path.to_owned(), cause }),
    }
}

/// The absolute path, which SQLite cannot take for one of its special names such as `:memory:`.
fn canonical(path: &Path) -> Result<PathBuf, OpenError> {
    fs::canonicalize(path).map_err(|cause| {
        let path = path.to_owned();
        match cause.kind() {
            io::ErrorKind::NotFound => OpenError::Missing { path },
            _ => OpenError::File { path, cause },
        }
    })
}

fn open_connection(file: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection stays with one thread, so that it needs no lock of its own.
    let connection = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    // In KiB, by the sign: small enough for a site that idles in a few MiB.
    connection.pragma_update(None, "cache_size", -2048)?;
    Ok(connection)
}

fn use_wal(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    match patiently(|| {
        connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))
    }) {
        Ok(mode) if mode == "wal" => Ok(()),
        Ok(_) => Err(OpenError::NoWriteAheadLog { path: path.to_owned() }),
        Err(cause) => Err(failed(path, cause)),
    }
}

/// Tries again while another process holds the file. Changing the kind of journal is the one thing for which
/// SQLite does not wait by itself.
fn patiently<T>(attempt: impl Fn() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match attempt() {
            Err(cause)
                if waited < BUSY && cause.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            outcome => return outcome,
        }
    }
}

fn known(
    path: &Path,
    found: rusqlite::Result<Option<SchemaState>>,
) -> Result<SchemaState, OpenError> {
    let found = found.map_err(|cause| failed(path, cause))?;
    found.ok_or_else(|| OpenError::Foreign { path: path.to_owned() })
}

fn failed(path: &Path, cause: rusqlite::Error) -> OpenError {
    OpenError::Sqlite { path: path.to_owned(), cause }
}

/// Reads are short: more threads than these would only hold more pages in memory.
fn reader_count() -> usize {
    thread::available_parallelism().map_or(2, NonZero::get).clamp(2, 4)
}
