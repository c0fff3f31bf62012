//! Files that a setting names are read again when they change, and when SIGHUP says so.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::stop::Hangups;

/// How often files are looked at. A certificate is renewed weeks before the old one expires.
const LOOKS: Duration = Duration::from_secs(10);
/// Files of a folder that are looked at, at most.
const FILES: usize = 10_000;
/// Folders within folders that are looked into, at most.
const DEPTH: usize = 8;

/// Something that was read from files.
pub(super) struct Reloadable {
    /// What it is, for the log.
    pub(super) what: &'static str,
    /// The files, and folders of files, that it was read from.
    pub(super) paths: Vec<PathBuf>,
    /// How they looked before they were read: what changed since is read again at the first look.
    pub(super) seen: FileStates,
    /// Reads it again; what was in use stays where that fails.
    pub(super) reload: Box<dyn Fn() -> Result<(), String> + Send>,
}

/// Reads each again when its files have changed or a hangup comes, until `stop`.
pub(super) async fn follow(
    mut all: Vec<Reloadable>,
    mut hangups: Hangups,
    stop: CancellationToken,
) {
    let mut tick = interval(LOOKS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_asked = tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => false,
            () = hangups.next() => true,
        };
        if is_asked {
            tracing::info!(
                "SIGHUP: reloading certificate, templates and texts; settings are read on start only"
            );
        }
        let looking = tokio::task::spawn_blocking(move || {
            all.iter_mut().for_each(|one| look(one, is_asked));
            all
        });
        match looking.await {
            Ok(looked) => all = looked,
            Err(error) => {
                tracing::error!(%error, "no longer watching files for changes");
                return;
            }
        }
    }
}

fn look(one: &mut Reloadable, is_asked: bool) {
    // Before it is read: what changes meanwhile is noticed the next time.
    let now = FileStates::of(&one.paths);
    if one.seen == now && !is_asked {
        return;
    }
    one.seen = now;
    match (one.reload)() {
        Ok(()) => tracing::info!("{}: reloaded", one.what),
        Err(error) => {
            tracing::error!(error, "{}: cannot use the new version; keeping the old one", one.what);
        }
    }
}

/// How files looked: which there are, when each was written, and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileStates(Vec<(PathBuf, Option<SystemTime>, u64)>);

impl FileStates {
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let mut seen = Vec::new();
        paths.iter().for_each(|path| add(path, DEPTH, &mut seen));
        seen.sort();
        Self(seen)
    }
}

fn add(path: &Path, depth: usize, seen: &mut Vec<(PathBuf, Option<SystemTime>, u64)>) {
    if seen.len() >= FILES {
        return;
    }
    // Through links: certificates are often replaced by turning one.
    match fs::metadata(path) {
        Ok(found) if found.is_dir() && depth > 0 => {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                add(&entry.path(), depth - 1, seen);
            }
        }
        Ok(found) => seen.push((path.to_owned(), found.modified().ok(), found.len())),
        Err(_) => seen.push((path.to_owned(), None, 0)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[test]
    fn what_changes_between_reading_and_the_first_look_is_read_again_once() {
        let folder = tempfile::tempdir().unwrap();
        let paths = vec![folder.path().join("cert.pem")];
        let seen = FileStates::of(&paths);
        fs::write(&paths[0], "renewed while the site starts").unwrap();
        let reloads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reloads);
        let reload = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let mut one = Reloadable { what: "a file", paths, seen, reload: Box::new(reload) };
        look(&mut one, false);
        look(&mut one, false);
        assert_eq!(reloads.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn files_that_change_come_or_go_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, inside) = (folder.path().join("cert.pem"), folder.path().join("de/pages.ftl"));
        let paths = [file.clone(), folder.path().to_owned()];
        let before = FileStates::of(&paths);
        assert_eq!(before, FileStates::of(&paths));
        fs::write(&file, "one").unwrap();
        let written = FileStates::of(&paths);
        assert_ne!(before, written);
        fs::create_dir(folder.path().join("de")).unwrap();
        fs::write(&inside, "text = a").unwrap();
        let more = FileStates::of(&paths);
        assert_ne!(written, more);
        let written_at = fs::metadata(&inside).unwrap().modified().unwrap();
        let later = written_at + Duration::from_secs(3600);
        fs::File::options().write(true).open(&inside).unwrap().set_modified(later).unwrap();
        assert_ne!(more, FileStates::of(&paths));
        fs::remove_file(&inside).unwrap();
        assert_eq!(written, FileStates::of(&paths));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_is_turned_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("old"), "a certificate").unwrap();
        fs::write(path("new"), "another certificate").unwrap();
        std::os::unix::fs::symlink(path("old"), path("cert.pem")).unwrap();
        let paths = [path("cert.pem")];
        let before = FileStates::of(&paths);
        fs::remove_file(path("cert.pem")).unwrap();
        std::os::unix::fs::symlink(path("new"), path("cert.pem")).unwrap();
        assert_ne!(before, FileStates::of(&paths));
    }
}
