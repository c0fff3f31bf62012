//! What the site does, whichever way somebody asks for it.

pub(crate) mod audit;
pub(crate) mod feedback;
pub(crate) mod files;
pub(crate) mod keys;
pub(crate) mod mail;
pub(crate) mod setup;
