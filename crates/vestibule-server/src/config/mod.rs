//! Configuration: defaults, then the profile, `vestibule.toml`, `.env` and the environment, flags.
//!
//! [`load`] reads them all, or says everything that is wrong at once. What it hands out has been
//! checked: a value of the wrong kind, an unknown key, a weak secret or settings that contradict each
//! other never reach the site.
//!
//! | module | holds |
//! |---|---|
//! | `keys` | every key there is |
//! | `sources`, `file`, `flags`, `dotenv`, `service_links` | what was given, and where |
//! | `values`, `addresses`, `mail_server`, `secret`, `texts`, `cookie_names` | how one value is read and shown |
//! | `reader`, `build`, `settings` | from texts to [`Settings`] |
//! | `check`, `warnings` | what must hold between them, and what only deserves a word |
//! | `show` | the listing |

mod addresses;
mod build;
mod check;
mod cookie_names;
mod dotenv;
mod file;
mod flags;
mod keys;
mod mail_server;
mod problem;
mod reader;
mod secret;
mod service_links;
mod settings;
mod show;
mod sources;
mod texts;
mod values;
mod warnings;

#[cfg(test)]
mod tests;

use std::path::Path;

use self::{reader::Reader, show::Entry};

#[cfg(test)]
pub(crate) use self::flags::KeyValue;
pub(crate) use self::{
    addresses::{DatabaseUrl, FilesUrl, Origin, ServiceUrl},
    flags::ConfigFlags,
    mail_server::{MailServer, MailTls},
    problem::ConfigProblems,
    settings::{
        Algorithm, Files, Pages, Profile, Registration, SameSite, Settings, Tls, VerifiedEmail,
    },
    texts::address_of,
};

/// Paths below these are asked by programs, and answered in JSON.
pub(crate) const API_PREFIXES: [&str; 6] =
    ["/api", "/file", "/.well-known", "/openapi.json", "/healthz", "/readyz"];

/// Settings that passed every check, and where each came from.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) settings: Settings,
    /// What start-up should say: nothing of it is wrong, all of it is easily overlooked.
    pub(crate) warnings: Vec<String>,
    entries: Vec<Entry>,
}

impl Configuration {
    /// The listing for people: key, value, source. Secrets are masked.
    pub(crate) fn listing(&self) -> String {
        show::text(&self.entries)
    }

    /// The listing for programs. Secrets are masked.
    pub(crate) fn listing_json(&self) -> serde_json::Value {
        show::json(&self.entries)
    }
}

/// Reads the configuration from all its sources.
///
/// `environment` is the process's (see [`environment`]), `working_dir` the folder of `vestibule.toml`
/// and `.env` and the one to which paths are relative.
///
/// # Errors
///
/// Everything that is wrong, for status 2.
pub(crate) fn load(
    flags: &ConfigFlags,
    environment: impl IntoIterator<Item = (String, String)>,
    working_dir: &Path,
) -> Result<Configuration, ConfigProblems> {
    let mut reader = Reader::new(sources::gather(flags, environment, working_dir));
    let settings = build::build(&mut reader);
    if let Some(settings) = &settings {
        check::check(settings, &mut reader, working_dir);
    }
    let order = |name: &str| keys::KEYS.iter().position(|key| key.name == name);
    reader.problems.sort_by_key(|problem| order(&problem.key));
    reader.entries.sort_by_key(|entry| order(entry.key));
    match settings {
        Some(settings) if reader.problems.is_empty() => Ok(Configuration {
            warnings: warnings::warnings(&settings, &reader.service_links),
            entries: reader.entries,
            settings,
        }),
        _ => Err(ConfigProblems(reader.problems)),
    }
}

/// The process's environment, for [`load`].
///
/// A value that is not UTF-8 comes with a replacement character in it, which [`load`] refuses in
/// variables of its own; a foreign variable of that kind stops nobody.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        (lossy(name), lossy(value))
    })
}
