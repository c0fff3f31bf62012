//! Another time for one process.
//!
//! Debian's faketime lies to it about the wall clock, and says the truth about monotonic time, as a machine does
//! whose clock was set. What it says can be changed while the process runs.

use std::{fs, path::PathBuf};

use vestibule_testkit::site::Place;

/// What a process is told.
pub(crate) struct OtherTime {
    said: PathBuf,
}

impl OtherTime {
    /// Tells whatever is started at this place the time, to be changed by [`Self::say`].
    pub(crate) fn at(place: &mut Place) -> Self {
        let said = place.path().join("time");
        fs::write(&said, "+0").unwrap();
        for (name, value) in [
            ("LD_PRELOAD", library().display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", said.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ] {
            place.set(name, &value);
        }
        Self { said }
    }

    /// Tells the process how far off it is.
    pub(crate) fn say(&self, offset: &str) {
        // At once: the process must not read half of it.
        let next = self.said.with_extension("next");
        fs::write(&next, offset).unwrap();
        fs::rename(next, &self.said).unwrap();
    }
}

/// Where Debian puts the library, on any architecture.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().flatten();
    let mut places = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    let found = places.find(|library| library.is_file());
    found.expect("libfaketime is installed: apt-get install faketime")
}
