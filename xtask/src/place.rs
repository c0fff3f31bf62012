//! Where things are: the repository, the built programs, cargo.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// The cargo that started us, so that every step uses the same toolchain.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A program that `cargo build --release` has left.
///
/// It is looked for next to our own profile's folder rather than under `target/`: that stays right where
/// `CARGO_TARGET_DIR` or `build.target` moves the folder.
///
/// # Errors
///
/// [`Failure::Missing`] when it is not there.
pub(crate) fn release_program(name: &str) -> Result<PathBuf, Failure> {
    let own = env::current_exe().map_err(|source| {
        Failure::Missing(format!("the folder of built programs cannot be found: {source}"))
    })?;
    let program = own
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("target"))
        .join("release")
        .join(format!("{name}{}", env::consts::EXE_SUFFIX));
    if program.is_file() {
        Ok(program)
    } else {
        Err(Failure::Missing(format!(
            "the build left no `{}`: is there still a binary of the name `{name}` in the workspace?",
            program.display()
        )))
    }
}
