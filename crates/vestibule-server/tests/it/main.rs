//! The finished program from outside: started as its users start it, on real TCP and a real store,
//! visited by nobody, apps, and a real browser.
//!
//! Every test has a site of its own. When the site ends, its log must hold no panic and none of the
//! secrets that were used ([`vestibule_testkit::site`]).
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect has failed"
)]

mod api;
mod browser;
mod cluster;
mod command_line;
mod faults;
mod first_run;
mod mail;
mod other_time;
mod serving;
mod test_app;
