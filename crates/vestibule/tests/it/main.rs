//! The library from outside: a small application on a store in memory, visited by nobody, browsers and
//! apps. Time stands still unless a test moves it, and randomness is the same in every run.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect has failed"
)]

mod answers;
mod audit;
mod cookies;
mod csrf;
mod customs;
mod detour;
mod ending;
mod enumeration;
mod extractors;
mod forge;
mod freshness;
mod going_back;
mod hanging_up;
mod history;
mod input;
mod keys;
mod language;
mod limits;
mod logs;
mod nodes;
mod outage;
mod owners;
mod places;
mod races;
mod redirects;
mod renewal;
mod restoring;
mod roles;
mod secret;
mod single;
mod site;
mod tokens;
mod wire;
