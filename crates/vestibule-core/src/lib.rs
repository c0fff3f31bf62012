//! The rules of Vestibule: everything that has to be decided, and nothing that has to be waited for.
//!
//! This crate knows no I/O, no async runtime, no web framework, and owns neither a clock nor a random
//! generator: both are arguments ([`time::Clock`], [`random::Entropy`]). What a store has to do is
//! written down in [`store`]; whoever keeps rows somewhere implements that.
//!
//! # The life of a session
//!
//! 1. Somebody proves who they are. [`session::SignIn::begin`] makes a [`session::Session`] of
//!    generation 1, and [`token::TokenIssuer`] its two tokens: a short-lived access token that anybody
//!    with the public key can verify, and a refresh token that only this site can.
//! 2. Requests carry the access token. It is verified without I/O, and held against
//!    [`revocation::Revocations`], which is how an ended session is refused at once.
//! 3. When it has expired, the refresh token is presented. [`renewal::decide`] says what that buys: the
//!    next generation, the same one again for a racer or after a lost answer, or the end of the session
//!    for two parties who both hold its tokens.
//! 4. Somebody signs out, or an administrator, a changed password or a theft ends it. An ended session
//!    stays ended.
//!
//! # What this crate does not do
//!
//! It protects against tokens that are stolen and replayed, forged, mixed up or kept beyond their time.
//! It does not protect a device that somebody else controls: whoever can read a browser's cookies as
//! they change can act as that browser until the session is ended.

pub mod csrf;
pub mod deletion;
pub mod device;
pub mod error;
pub mod event;
pub mod fault;
pub mod feed;
pub mod freshness;
pub mod id;
pub mod jws;
pub mod limit;
pub mod locale;
pub mod memory;
pub mod name;
pub mod network;
pub mod one_time;
pub mod password;
pub mod random;
pub mod redirect;
pub mod renewal;
pub mod revocation;
pub mod ring;
pub mod secret;
pub mod session;
pub mod store;
pub mod time;
pub mod token;
pub mod user;
