//! Where the contents of files lie: a folder on a disk, or a bucket of a store that speaks S3.
//!
//! A content is cut into blobs ([`vestibule_site::file`]). Each is written whole or not at all, under a key
//! that was drawn for it; nothing is ever written twice under one key. What a content consists of is known to
//! the catalogue alone, so that what lies here without a row there is nobody's.
//!
//! - [`Blobs`] opens the place, reads, removes and lists.
//! - [`Intake`] takes a content in as it arrives, with a bound on its size. At any time it holds one blob of
//!   it in memory.
//!
//! # Why S3's own multipart uploads are not used
//!
//! An upload in parts that breaks off leaves parts behind that no listing of the bucket shows and that cost
//! money until somebody asks for them by another interface. Blobs of four mebibytes are plain objects: each
//! appears at once and whole, and what is left over is found by the same listing as everything else. The same
//! pieces also let an upload go on where it broke off.
//!
//! # What it does not do
//!
//! It compresses and encrypts nothing: that is the disk's or the bucket's to do.

mod blobs;
mod bucket;
mod folder;
mod intake;
mod read;

pub use blobs::{BlobError, Blobs, DEADLINE, Found, OpenError};
pub use intake::{Intake, IntakeError};
