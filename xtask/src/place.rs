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

/// Where `cargo build --release` leaves a program, whether it has run yet or not.
///
/// That is looked for next to our own profile's folder rather than under `target/`: it stays right where
/// `CARGO_TARGET_DIR` or `build.target` moves the folder.
///
/// # Errors
///
/// [`Failure::Missing`] when we cannot tell where we are ourselves.
pub(crate) fn release_path(name: &str) -> Result<PathBuf, Failure> {
    let own = env::current_exe().map_err(|source| {
        Failure::Missing(format!("the folder of built programs cannot be found: {source}"))
    })?;
    let target = own.ancestors().nth(2).unwrap_or(Path::new("target"));
    Ok(target.join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// A program that `cargo build --release` has left.
///
/// # Errors
///
/// [`Failure::Missing`] when it is not there.
pub(crate) fn release_program(name: &str) -> Result<PathBuf, Failure> {
    let program = release_path(name)?;
    if program.is_file() {
        Ok(program)
    } else {
        Err(Failure::Missing(format!(
            "the build left no `{}`: is there still a binary of the name `{name}` in the workspace?",
            program.display()
        )))
    }
}
