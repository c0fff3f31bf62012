//! What the tests of Vestibule share. Nothing of it is shipped.
//!
//! - [`store_suite!`] runs the whole store contract against one store, one named test per sentence.
//! - `site_store_suite!` (with the feature `site`) does the same for what only the ready-made site keeps.
//! - [`FakeClock`] and [`SeededEntropy`] are the two arguments that make every expiry exact and every
//!   run the same.
//! - [`visitors`] come to an application as nobody, as a browser or as an app; one test body serves both
//!   carriers ([`both_carriers!`]).
//! - [`faults`] takes a store away and gives it back; a [`cable`] does so to a program that runs.
//! - [`proxy`] loses, doubles and reorders requests and answers on their way to a site; [`wire`] is the HTTP
//!   for that.
//! - [`site`] starts a finished program and looks through its log when it ends; [`webdriver`] brings
//!   real browsers to it, and [`chromium`] the one that most tests of pages use.
//! - [`postgres`] starts a real PostgreSQL, with a database for each test, and takes it away like a crash or a
//!   black hole does, and [`pgbouncer`] stands in front of one; [`redis`] starts a real Redis, and does the same to it.
//! - `bucket` (a feature) serves a bucket of an S3 store.
//! - [`mail_server`] starts a real mail server, and takes it away.
//! - [`samples`] makes users, sessions and keys of which a test sets only what it is about.

#[cfg(feature = "bucket")]
pub mod bucket;
pub mod cable;
pub mod chromium;
pub mod clock;
pub mod entropy;
pub mod faults;
pub mod mail_server;
pub mod pgbouncer;
pub mod postgres;
pub mod proxy;
pub mod redis;
pub mod samples;
pub mod site;
#[cfg(feature = "site")]
pub mod site_store_suite;
pub mod store_suite;
pub mod visitors;
pub mod wait;
pub mod webdriver;
pub mod wire;

pub use clock::FakeClock;
pub use entropy::SeededEntropy;
