//! The library from outside: a small application on a store in memory, visited by nobody, browsers and
//! apps. Time stands still unless a test moves it, and randomness is the same in every run.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect has failed"
)]

mod addresses;
mod answers;
mod audit;
mod cookies;
mod csrf;
mod customs;
mod development;
mod ending;
mod enumeration;
mod extractors;
mod forgetful;
mod freshness;
mod gateways;
mod going_back;
mod groups;
mod hanging_up;
mod history;
mod input;
mod issuer;
mod kept;
mod keys;
mod language;
mod layers;
mod lifetimes;
mod limits;
mod logs;
mod nodes;
mod other_schemes;
mod outage;
mod owners;
mod places;
mod races;
mod redirects;
mod renewal;
mod renewal_redirect;
mod restoring;
mod reverse_proxy;
mod roles;
mod secret;
mod secrets;
mod single;
mod site;
mod sockets;
mod tokens;
mod two_sessions;
mod wire;
