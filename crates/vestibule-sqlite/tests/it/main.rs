//! The SQLite store from outside: the contract, opening, two processes, and a crash.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that fails says so by its panic"
)]

mod beside;
mod contract;
mod crash;
mod opening;
mod processes;
