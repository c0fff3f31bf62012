//! What became of the rows so far.

use std::{collections::BTreeMap, fmt};

use vestibule::core::id::UserId;

use super::{batch::Outcome, rows::Row};
use crate::cli::output::counted;

#[derive(Default)]
pub(super) struct Tally {
    made: usize,
    skipped: usize,
    refused: usize,
    /// How many came with a hash of which other making.
    kinds: BTreeMap<String, usize>,
    super_users: Vec<UserId>,
}

impl Tally {
    pub(super) fn count(&mut self, row: &Row, outcome: &Outcome) {
        match outcome {
            Outcome::Made(made) => {
                self.made += 1;
                if let Some(kind) = &made.foreign_hash {
                    *self.kinds.entry(kind.clone()).or_default() += 1;
                }
                let is_super_user = row.account.as_ref().is_ok_and(|account| account.is_super_user);
                self.super_users.extend(made.id.filter(|_| is_super_user));
            }
            Outcome::There => self.skipped += 1,
            Outcome::Refused(_) => self.refused += 1,
        }
    }

    pub(super) const fn rows(&self) -> usize {
        self.made + self.skipped + self.refused
    }

    pub(super) const fn made(&self) -> usize {
        self.made
    }

    pub(super) const fn refused(&self) -> usize {
        self.refused
    }

    pub(super) fn super_users(&self) -> &[UserId] {
        &self.super_users
    }

    /// Whether nothing was made yet, and something was there: this goes on where another import ended.
    pub(super) const fn begins_behind_others(&self) -> bool {
        self.made == 0 && self.skipped > 0
    }

    pub(super) fn so_far(&self) -> String {
        format!("{} already existed", counted(self.skipped, "account"))
    }

    /// `bcrypt 3, scrypt 12`, if there are any.
    pub(super) fn kinds(&self) -> Option<String> {
        let kinds: Vec<_> =
            self.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        (!kinds.is_empty()).then(|| kinds.join(", "))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts = counted(self.made, "account");
        write!(f, "{accounts}, {} already existed, {} refused", self.skipped, self.refused)
    }
}
