//! What a dry run has already given away.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use vestibule::core::{
    id::UserId,
    name::{EmailAddress, UserName},
    store::Owners,
};

use super::batch::{Made, Outcome, owned};

/// The names of the accounts that would have been made, as digests: a few dozen bytes for each row, however
/// long the names are.
#[derive(Default)]
pub(super) struct Planned {
    usernames: HashMap<[u8; 16], UserId>,
    emails: HashMap<[u8; 16], UserId>,
    count: i64,
}

impl Planned {
    pub(super) fn outcome(&mut self, username: &UserName, email: &EmailAddress) -> Outcome {
        let (username, email) = (short(username.key()), short(email.key()));
        let owners = Owners {
            username: self.usernames.get(&username).copied(),
            email: self.emails.get(&email).copied(),
        };
        owned(owners).unwrap_or_else(|| {
            self.count += 1;
            self.usernames.insert(username, UserId(self.count));
            self.emails.insert(email, UserId(self.count));
            Outcome::Made(Made { id: None, foreign_hash: None })
        })
    }
}

fn short(key: &str) -> [u8; 16] {
    let digest = digest(&SHA256, key.as_bytes());
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}
