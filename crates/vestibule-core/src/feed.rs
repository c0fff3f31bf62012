//! How a node notices that the store's past is not the one that it has read.
//!
//! The numbers of the feed only ever grow, so a node that reads on from its last one misses nothing. That is
//! true of one history. A store that was put back from a backup, or whose lagging replica was promoted, goes
//! on from an earlier number: it gives numbers out a second time, and a node that reads on from its last one
//! would never hear of them. So a node reads the last entry that it knows once more, together with those
//! behind it, and compares: by a [`Mark`] of what the entry says, and by the [`Epoch`] that whoever puts a
//! store back begins.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    id::{EpochId, SessionId, UserId},
    time::Timestamp,
};

/// One entry of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place: each change's is one higher than the one's before.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What changed.
    pub what: Changed,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Changed {
    /// A session was ended.
    SessionEnded(SessionId),
    /// What tokens say of a user is no longer true below this version.
    User {
        /// Who.
        id: UserId,
        /// The version that is true now.
        version: u64,
    },
    /// The key ring was changed.
    Keys,
}

/// A stretch of a store's history within which the feed has no breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Its name.
    pub id: EpochId,
    /// When it began: tokens from before are renewed before they count. 0 for a store's first epoch.
    pub began_at: Timestamp,
}

/// What one entry of the feed says, in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark([u8; 8]);

impl Mark {
    /// That of this entry.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&change.sequence.to_be_bytes());
        context.update(&change.at.millis().to_be_bytes());
        match change.what {
            Changed::SessionEnded(id) => {
                context.update(b"session");
                context.update(id.as_bytes());
            }
            Changed::User { id, version } => {
                context.update(b"user");
                context.update(&id.0.to_be_bytes());
                context.update(&version.to_be_bytes());
            }
            Changed::Keys => context.update(b"keys"),
        }
        let mut mark = [0; 8];
        for (byte, of_digest) in mark.iter_mut().zip(context.finish().as_ref()) {
            *byte = *of_digest;
        }
        Self(mark)
    }
}

/// Up to where somebody has read the feed. As text it can be kept for the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// In which epoch.
    pub epoch: Epoch,
    /// The number of the last entry; 0 where there was none.
    pub sequence: u64,
    /// What that entry says.
    pub mark: Mark,
}

impl Position {
    /// The beginning of an epoch's feed.
    #[must_use]
    pub fn start(epoch: Epoch) -> Self {
        Self { epoch, sequence: 0, mark: Mark::default() }
    }

    /// The number to read behind, so that the last known entry is read once more.
    #[must_use]
    pub const fn read_behind(&self) -> u64 {
        self.sequence.saturating_sub(1)
    }

    /// Takes in what was read behind [`Position::read_behind`], and gives what of it is new.
    ///
    /// # Errors
    /// [`Break`] where it does not continue what was read before.
    pub fn advance<'c>(&mut self, read: &'c [Change]) -> Result<&'c [Change], Break> {
        let new = match (self.sequence, read.split_first()) {
            (0, None) => return Ok(&[]),
            (0, Some((first, _))) if first.sequence == 1 => read,
            (known, None) => return Err(Break::Behind { known }),
            (known, Some((first, _))) if first.sequence != known => {
                return Err(Break::Gap { known });
            }
            (known, Some((first, _))) if Mark::of(first) != self.mark => {
                return Err(Break::Other { known });
            }
            (_, Some((_, new))) => new,
        };
        if let Some(last) = new.last() {
            self.sequence = last.sequence;
            self.mark = Mark::of(last);
        }
        Ok(new)
    }

    /// Whether the store is still in the same epoch.
    ///
    /// # Errors
    /// [`Break::Epoch`] where it is not.
    pub fn check_epoch(&self, epoch: Epoch) -> Result<(), Break> {
        if epoch.id == self.epoch.id { Ok(()) } else { Err(Break::Epoch) }
    }
}

/// Whether a store goes on from where it was when somebody noted `seen`: it is in `epoch` now, has come to `last`,
/// and says `entry` under the number of the note, if it still has it.
///
/// A store that has begun another epoch since was put back, and somebody has seen to that.
///
/// # Errors
/// [`Break`]
pub fn check_history(
    seen: &Position,
    epoch: Epoch,
    last: u64,
    entry: Option<&Change>,
) -> Result<(), Break> {
    let known = seen.sequence;
    if epoch.id != seen.epoch.id {
        let is_later = epoch.began_at > seen.epoch.began_at;
        return if is_later { Ok(()) } else { Err(Break::Other { known }) };
    }
    if last < known {
        return Err(Break::Behind { known });
    }
    match entry {
        Some(entry) if entry.sequence == known && Mark::of(entry) != seen.mark => {
            Err(Break::Other { known })
        }
        _ => Ok(()),
    }
}

/// A break between what was read and what the store says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// The store has not come to the last known entry yet: it went back.
    #[error(
        "the database went back in time: entry {known} of its feed was read before and no longer exists"
    )]
    Behind {
        /// The last entry that was read.
        known: u64,
    },
    /// The last known entry says something else: the store went back, and has caught up since.
    #[error(
        "the database went back in time: entry {known} of its feed is not the one that was read before"
    )]
    Other {
        /// The last entry that was read.
        known: u64,
    },
    /// The last known entry was removed since, and nobody can say what came behind it.
    #[error("the entries of the database's feed after entry {known} no longer exist")]
    Gap {
        /// The last entry that was read.
        known: u64,
    },
    /// Somebody has put the store back and said so.
    #[error("the database began a new epoch: it was restored from a backup")]
    Epoch,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, sequence, mark } = self;
        let mark = URL_SAFE_NO_PAD.encode(mark.0);
        write!(f, "{} {} {sequence} {mark}", epoch.id, epoch.began_at.millis())
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let mut words = text.split_ascii_whitespace();
        let mut word = || words.next().ok_or(InvalidPosition);
        let id = word()?.parse().map_err(|_| InvalidPosition)?;
        let began_at = word()?.parse().map(Timestamp::from_millis).map_err(|_| InvalidPosition)?;
        let sequence = word()?.parse().map_err(|_| InvalidPosition)?;
        let mut mark = [0; 8];
        match URL_SAFE_NO_PAD.decode_slice(word()?, &mut mark) {
            Ok(8) => Ok(Self { epoch: Epoch { id, began_at }, sequence, mark: Mark(mark) }),
            Ok(_) | Err(_) => Err(InvalidPosition),
        }
    }
}

/// The text is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a position in the feed; remove it, and it is written again")]
pub struct InvalidPosition;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    const EPOCH: Epoch =
        Epoch { id: EpochId::from_bytes([1; 16]), began_at: Timestamp::from_seconds(5) };

    fn entry(sequence: u64, session: u8) -> Change {
        let what = Changed::SessionEnded(SessionId::from_bytes([session; 16]));
        Change { sequence, at: Timestamp::from_seconds(100), what }
    }

    fn after(entries: &[Change]) -> Position {
        let mut position = Position::start(EPOCH);
        position.advance(entries).unwrap();
        position
    }

    #[test]
    fn reading_on_gives_what_is_new() {
        let mut position = Position::start(EPOCH);
        assert_eq!(position.advance(&[]), Ok(&[][..]));
        let first = [entry(1, 1), entry(2, 2)];
        assert_eq!(position.advance(&first), Ok(&first[..]));
        assert_eq!(position.read_behind(), 1);
        let more = [entry(2, 2), entry(3, 3)];
        assert_eq!(position.advance(&more), Ok(&more[1..]));
        assert_eq!(position.advance(&more[1..]), Ok(&[][..]));
        assert_eq!(position.sequence, 3);
    }

    #[test]
    fn a_store_that_went_back_is_noticed_before_it_caught_up_and_after() {
        let mut position = after(&[entry(1, 1), entry(2, 2)]);
        assert_eq!(position.advance(&[]), Err(Break::Behind { known: 2 }));
        let caught_up = [entry(2, 7), entry(3, 8)];
        assert_eq!(position.advance(&caught_up), Err(Break::Other { known: 2 }));
        assert_eq!(position.sequence, 2, "nothing of it was taken in");
    }

    #[test]
    fn entries_that_were_removed_unread_are_noticed() {
        let mut position = after(&[entry(1, 1), entry(2, 2)]);
        assert_eq!(position.advance(&[entry(9, 9)]), Err(Break::Gap { known: 2 }));
        let mut unread = Position::start(EPOCH);
        assert_eq!(unread.advance(&[entry(4, 4)]), Err(Break::Gap { known: 0 }));
    }

    #[test]
    fn another_epoch_is_a_break() {
        let position = after(&[entry(1, 1)]);
        let other = Epoch { id: EpochId::from_bytes([2; 16]), ..EPOCH };
        assert_eq!(position.check_epoch(EPOCH), Ok(()));
        assert_eq!(position.check_epoch(other), Err(Break::Epoch));
    }

    #[test]
    fn a_note_tells_later_whether_the_store_went_back() {
        let seen = after(&[entry(1, 1), entry(2, 2)]);
        let check = |epoch, last, entry: Option<&Change>| check_history(&seen, epoch, last, entry);
        assert_eq!(check(EPOCH, 2, Some(&entry(2, 2))), Ok(()));
        assert_eq!(check(EPOCH, 9, Some(&entry(2, 2))), Ok(()));
        assert_eq!(check(EPOCH, 9, Some(&entry(5, 5))), Ok(()), "it was purged");
        assert_eq!(check(EPOCH, 1, Some(&entry(1, 1))), Err(Break::Behind { known: 2 }));
        assert_eq!(check(EPOCH, 9, Some(&entry(2, 7))), Err(Break::Other { known: 2 }));
        let id = EpochId::from_bytes([2; 16]);
        let later = Epoch { id, began_at: Timestamp::from_seconds(6) };
        assert_eq!(check(later, 1, None), Ok(()), "`vestibule restored` was run");
        let earlier = Epoch { id, began_at: Timestamp::from_seconds(4) };
        assert_eq!(check(earlier, 9, None), Err(Break::Other { known: 2 }));
    }

    #[test]
    fn every_part_of_an_entry_is_in_its_mark() {
        let at = Timestamp::from_seconds(1);
        let id = UserId(7);
        let entries = [
            entry(1, 1),
            entry(2, 1),
            entry(1, 2),
            Change { at, ..entry(1, 1) },
            Change { sequence: 1, at, what: Changed::Keys },
            Change { sequence: 1, at, what: Changed::User { id, version: 1 } },
            Change { sequence: 1, at, what: Changed::User { id, version: 2 } },
        ];
        for (place, one) in entries.iter().enumerate() {
            for other in &entries[place + 1..] {
                assert_ne!(Mark::of(one), Mark::of(other), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_position_is_read_as_it_was_written() {
        for position in [Position::start(EPOCH), after(&[entry(1, 1)])] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for text in ["", "x", "AQEBAQEBAQEBAQEBAQEBAQ 5000 1", "AQ 5000 1 AAAAAAAAAAA"] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text}");
        }
    }
}
