//! The PostgreSQL store from outside, on a real server.
#![expect(clippy::unwrap_used, reason = "a test that fails says so by its panic")]

mod contract;
mod encryption;
mod files;
mod notifying;
mod opening;
mod outages;
mod pooled;
mod processes;
mod races;
mod target;
