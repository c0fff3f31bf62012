//! Redis from outside: limits and notifications between nodes, on a real server that is also stopped, killed
//! and started again.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect has failed"
)]

mod limits;
mod logs;
mod notifications;
mod opening;
mod outage;
mod sites;
mod test_app;
