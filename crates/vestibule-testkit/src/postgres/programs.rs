//! PostgreSQL's programs, and the user that runs them.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where Debian's packages put each version's programs.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The user of Debian's package. The server refuses to run as root, so it runs as this one.
const UNPRIVILEGED: &str = "postgres";

/// The programs of the newest version on this machine.
#[derive(Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    is_root: bool,
}

impl Programs {
    pub(super) fn find() -> Self {
        let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
        let newest = versions
            .map(|entry| entry.path())
            .filter(|version| version.join("bin/postgres").is_file())
            .max_by_key(|version| number(version));
        let Some(newest) = newest else {
            panic!(
                "there is no PostgreSQL below {VERSIONS}; install it: apt-get install postgresql"
            );
        };
        let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
        Self { folder: newest.join("bin"), is_root }
    }

    /// A program that talks to a server; anybody may run it.
    pub(super) fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.env_clear().stdin(Stdio::null());
        command
    }

    /// The words that run a program as somebody whom the server accepts.
    pub(super) fn unprivileged(&self, name: &str) -> Vec<PathBuf> {
        let mut words: Vec<PathBuf> = Vec::new();
        if self.is_root {
            let user = ["--reuid", "--regid"].map(|which| format!("{which}={UNPRIVILEGED}"));
            words.push("setpriv".into());
            words.extend(user.map(PathBuf::from));
            words.push("--clear-groups".into());
        }
        words.push(self.folder.join(name));
        words
    }

    /// Runs a program as that somebody, to its end.
    pub(super) fn run_unprivileged<A: AsRef<OsStr>>(&self, name: &str, arguments: &[A]) {
        let words = self.unprivileged(name);
        let (program, before) = words.split_first().expect("the program itself is there");
        let mut command = Command::new(program);
        // Not in this process's folder, which the other user may be unable to enter.
        command.args(before).args(arguments).current_dir("/").stdin(Stdio::null());
        let done = command.output().unwrap_or_else(|error| panic!("{name} cannot run: {error}"));
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{name} ended with {}: {said}", done.status);
    }

    /// Gives the folder to that somebody.
    pub(super) fn hand_over(&self, folder: &Path) {
        if self.is_root {
            let ids = ["-u", "-g"].map(id);
            chown(folder, Some(ids[0]), Some(ids[1])).expect("root may give a folder away");
        }
    }
}

fn number(version: &Path) -> u32 {
    let name = version.file_name().and_then(OsStr::to_str);
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}

fn id(which: &str) -> u32 {
    let done = Command::new("id").args([which, UNPRIVILEGED]).output().expect("`id` runs");
    let said = String::from_utf8_lossy(&done.stdout);
    said.trim().parse().expect("Debian's package has made its user")
}
