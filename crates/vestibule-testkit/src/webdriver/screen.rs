//! A screen that nobody sees, for a browser that needs one.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    site::{Child, Signal},
    wait,
};

const START_WITHIN: Duration = Duration::from_secs(20);
const END_WITHIN: Duration = Duration::from_secs(5);

/// A running `Xvfb`.
#[derive(Debug)]
pub(super) struct Screen {
    child: Child,
    name: String,
}

impl Screen {
    /// One that is larger than every look. What it says goes to a file in `folder`.
    pub(super) fn start(folder: &Path) -> Self {
        let said = folder.join("display.txt");
        let output = File::create(&said).expect("a file for the output");
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]);
        command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        let child = Child::start(&mut command);
        let number = wait::until(START_WITHIN, || {
            let said = fs::read_to_string(&said).ok()?;
            said.strip_suffix('\n').map(str::to_owned)
        });
        let number = number.expect("Xvfb says which display it is");
        Self { child, name: format!(":{number}") }
    }

    /// Its name, as in `DISPLAY`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Screen {
    /// Asked to end, it takes its files out of the folder for temporary ones.
    fn drop(&mut self) {
        self.child.signal(Signal::TERM);
        wait::until(END_WITHIN, || self.child.has_ended());
    }
}
