//! What the ready-made site keeps beside what the library needs: the rules about it, and the traits of a store
//! that keeps it.
//!
//! - [`mod@file`]: files that people keep and share, and what may be done with them
//! - [`outbox`]: mails on their way, and when each is tried
//! - [`share`]: how a bounded number of places is shared
//! - [`store`]: the traits of a store; [`store::SiteStore`] is all of them
//! - [`memory`]: a store in memory
//!
//! Like [`vestibule_core`], it knows no I/O, no async runtime and no web framework, and owns neither a clock nor
//! a random generator. An application with pages of its own needs none of it.
//!
//! # One transaction
//!
//! A change of an account, the mail about it and its event are one [`Commit`](vestibule_core::store::Commit).
//! What this crate adds to one, [`store::SiteChange`] and [`outbox::OutgoingMail`], goes into it as an
//! [`Extension`](vestibule_core::store::Extension), which a [`SiteStore`](store::SiteStore) knows.

pub mod file;
pub mod id;
pub mod memory;
pub mod outbox;
pub mod share;
pub mod store;
