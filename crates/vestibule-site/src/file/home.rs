//! Whose the place is where contents lie.
//!
//! A place carries a name, and the store knows it. Without it a store that is new, older or another site's
//! would take every content that lies there for a leftover, and remove it.

use std::{fmt, str::FromStr};

use vestibule_core::{feed::Position, id::InvalidId, time::Timestamp};

use crate::id::PlaceId;

/// What a place says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceNote {
    /// Its name.
    pub id: PlaceId,
    /// How far the history of its store had come when somebody looked last.
    pub position: Option<Position>,
}

/// What the store says of the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownPlace {
    /// Its name.
    pub id: PlaceId,
    /// From when on it is this store's alone. What was written there before and is not known may be what
    /// another one knew, and is not removed.
    pub since: Timestamp,
}

/// What of the blobs that lie in a place the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// There are none.
    Empty,
    /// Some at least.
    Known,
    /// None of them.
    Unknown,
}

/// Whether a store may use a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// It is this store's.
    Yes,
    /// It belongs to nobody yet and becomes this store's: under the name that the store knows already, if it
    /// does, else under a new one.
    BecomesOurs(Option<KnownPlace>),
}

/// Whether a store that knows `known` may use a place that says `noted`. `needs_contents`: the store's
/// catalogue names blobs.
///
/// # Errors
/// [`NotOurs`], which says why not.
pub fn belongs(
    noted: Option<PlaceId>,
    known: Option<KnownPlace>,
    contents: Contents,
    needs_contents: bool,
) -> Result<Belongs, NotOurs> {
    match (noted, known) {
        (Some(noted), Some(known)) if noted == known.id => Ok(Belongs::Yes),
        (Some(_), _) => Err(NotOurs::Other),
        (None, known) => match contents {
            // A site from before places had names, or one that was killed while it gave it.
            Contents::Known => Ok(Belongs::BecomesOurs(known)),
            Contents::Empty if !needs_contents => Ok(Belongs::BecomesOurs(known)),
            Contents::Empty => Err(NotOurs::Missing),
            Contents::Unknown => Err(NotOurs::Unknown),
        },
    }
}

/// A place is not this store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// It has another name than the store knows.
    #[error("the files there belong to another database")]
    Other,
    /// It has no name, and the store knows nothing of what lies there.
    #[error("this database knows none of the files there")]
    Unknown,
    /// The store names contents, and none is there.
    #[error("the files of this database are missing there")]
    Missing,
}

impl fmt::Display for PlaceNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.id)?;
        self.position.map_or(Ok(()), |position| writeln!(f, "{position}"))
    }
}

impl FromStr for PlaceNote {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut lines = text.lines();
        let id = lines.next().unwrap_or_default().trim().parse()?;
        // One that cannot be read says as much as none.
        let position = lines.next().and_then(|line| line.parse().ok());
        Ok(Self { id, position })
    }
}

impl fmt::Display for KnownPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.since.millis())
    }
}

impl FromStr for KnownPlace {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (id, since) = text.split_once(' ').ok_or(InvalidId)?;
        let since = since.parse().map(Timestamp::from_millis).map_err(|_| InvalidId)?;
        Ok(Self { id: id.parse()?, since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_core::{feed::Epoch, id::EpochId};

    const ID: PlaceId = PlaceId::from_bytes([1; 16]);
    const OTHER: PlaceId = PlaceId::from_bytes([2; 16]);
    const KNOWN: KnownPlace = KnownPlace { id: ID, since: Timestamp::from_seconds(7) };
    const ALL: [Contents; 3] = [Contents::Empty, Contents::Known, Contents::Unknown];

    #[test]
    fn a_place_with_a_name_is_that_stores_alone() {
        for contents in ALL {
            for needs in [false, true] {
                let judge = |noted, known| belongs(noted, known, contents, needs);
                assert_eq!(judge(Some(ID), Some(KNOWN)), Ok(Belongs::Yes));
                assert_eq!(judge(Some(OTHER), Some(KNOWN)), Err(NotOurs::Other));
                assert_eq!(judge(Some(OTHER), None), Err(NotOurs::Other), "a new database");
            }
        }
    }

    #[test]
    fn a_place_without_a_name_is_taken_where_it_is_empty_or_known() {
        for known in [None, Some(KNOWN)] {
            let judge = |contents, needs| belongs(None, known, contents, needs);
            let becomes_ours = Ok(Belongs::BecomesOurs(known));
            assert_eq!(judge(Contents::Empty, false), becomes_ours);
            assert_eq!(judge(Contents::Known, true), becomes_ours, "a site of before");
            assert_eq!(judge(Contents::Unknown, false), Err(NotOurs::Unknown));
            assert_eq!(judge(Contents::Unknown, true), Err(NotOurs::Unknown));
            assert_eq!(judge(Contents::Empty, true), Err(NotOurs::Missing), "not mounted");
        }
    }

    #[test]
    fn notes_are_read_as_they_were_written() {
        let epoch = Epoch { id: EpochId::from_bytes([3; 16]), began_at: KNOWN.since };
        for position in [None, Some(Position::start(epoch))] {
            let note = PlaceNote { id: ID, position };
            assert_eq!(note.to_string().parse(), Ok(note));
        }
        assert_eq!(KNOWN.to_string().parse(), Ok(KNOWN));
        assert!("".parse::<PlaceNote>().is_err() && "x".parse::<KnownPlace>().is_err());
        let damaged = format!("{ID}\nnothing of the kind\n");
        assert_eq!(damaged.parse(), Ok(PlaceNote { id: ID, position: None }));
    }
}
