//! Lists of sessions, and how many of them a user may have.

use std::{fmt, str::FromStr};

use crate::{
    id::{InvalidId, SessionId, UserId},
    session::Session,
    time::Timestamp,
};

/// Which of a user's sessions to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionQuery {
    /// Whose.
    pub user: UserId,
    /// Of those that have ended or expired, only those that did at or after this moment.
    pub over_since: Timestamp,
    /// Only those behind this place.
    pub behind: Option<SessionCursor>,
    /// At most so many.
    pub limit: u32,
}

/// The place of a session in a list of one user's: those that have not ended come first, and of either kind the
/// last used. A greater place comes earlier.
///
/// A session that is used while a list is read page by page moves to its front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionCursor {
    /// Whether it has not ended.
    pub is_open: bool,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// Its name.
    pub id: SessionId,
}

impl SessionCursor {
    /// The place of this session.
    #[must_use]
    pub const fn of(session: &Session) -> Self {
        Self {
            is_open: session.end.is_none(),
            last_seen_at: session.last_seen_at,
            created_at: session.created_at,
            id: session.id,
        }
    }
}

impl fmt::Display for SessionCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_open, last_seen_at, created_at, id } = self;
        let (seen, created) = (last_seen_at.millis(), created_at.millis());
        write!(f, "{}.{seen}.{created}.{id}", u8::from(*is_open))
    }
}

impl FromStr for SessionCursor {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut parts = text.splitn(4, '.');
        let mut next = || parts.next().ok_or(InvalidId);
        let is_open = match next()? {
            "0" => false,
            "1" => true,
            _ => return Err(InvalidId),
        };
        let moment = |text: &str| text.parse().map(Timestamp::from_millis).map_err(|_| InvalidId);
        let (last_seen_at, created_at) = (moment(next()?)?, moment(next()?)?);
        Ok(Self { is_open, last_seen_at, created_at, id: next()?.parse()? })
    }
}

/// How many sessions of a user are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionBound {
    /// Of those that have neither ended nor expired.
    pub open: u32,
    /// Of the others.
    pub over: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = SessionCursor {
            is_open: true,
            last_seen_at: Timestamp::from_millis(12),
            created_at: Timestamp::from_millis(-3),
            id: SessionId::from_bytes([9; 16]),
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for bad in ["", "1", "2.1.1.x", "1.1.1", "1.1.1.x", "1.x.1.CQkJCQkJCQkJCQkJCQkJCQ"] {
            assert_eq!(bad.parse::<SessionCursor>(), Err(InvalidId), "{bad}");
        }
    }
}
