//! A folder and a bucket, held to one suite.
#![expect(clippy::unwrap_used, reason = "a test that fails says so by its panic")]

mod folder;
mod outage;
mod suite;
