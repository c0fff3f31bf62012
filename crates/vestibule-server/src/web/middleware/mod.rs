//! What every request passes, and every answer.

mod access_log;
mod body_idle_timeout;
mod cors;
mod drain;
pub(crate) mod error_layer;
pub(crate) mod frame;
pub(crate) mod headers;
mod host;
