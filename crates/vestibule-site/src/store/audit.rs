//! The audit trail: what happened, kept for those who run the site.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use vestibule_core::{
    event::{Event, EventName},
    id::{InvalidId, SessionId, UserId},
    store::StoreResult,
    time::Timestamp,
};

/// Keeps what happened. Nothing in it is ever changed, and nothing goes but by age.
#[async_trait]
pub trait AuditTrail: Send + Sync + 'static {
    /// Appends events, all or none, and counts them for their days.
    async fn append_events(&self, events: &[Event]) -> StoreResult<()>;

    /// Events, the latest first: by when they happened, then by when they were written.
    async fn events(&self, query: &EventQuery) -> StoreResult<Vec<KeptEvent>>;

    /// How many there were of each kind on each day of `from..to`, counted in days since the Unix epoch
    /// (UTC), in the order of the days.
    async fn event_counts(&self, from: i64, to: i64) -> StoreResult<Vec<DayCount>>;

    /// How many accounts and open sessions there are.
    async fn figures(&self, now: Timestamp) -> StoreResult<Figures>;

    /// Removes events that happened before `before`, at most `limit`, and the counts of the days that ended
    /// before it; says how many events.
    async fn purge_events(&self, before: Timestamp, limit: u32) -> StoreResult<u64>;
}

/// An event, and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptEvent {
    /// In which order it was written; each one's is higher than the one's before.
    pub sequence: u64,
    /// What happened.
    pub event: Event,
}

impl KeptEvent {
    /// From where a list goes on behind it.
    #[must_use]
    pub const fn cursor(&self) -> EventCursor {
        EventCursor { at: self.event.at, sequence: self.sequence }
    }
}

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only those of this name.
    pub name: Option<EventName>,
    /// Only what this one did.
    pub actor: Option<UserId>,
    /// Only what was done to this one, by whomever.
    pub subject: Option<UserId>,
    /// Only those of this session.
    pub session: Option<SessionId>,
    /// Only those from this address, as written in the events.
    pub address: Option<String>,
    /// Only those at or after this moment.
    pub from: Option<Timestamp>,
    /// Only those before this moment.
    pub to: Option<Timestamp>,
    /// Only those behind this place.
    pub behind: Option<EventCursor>,
    /// At most so many.
    pub limit: u32,
}

/// The place of an event in a list that begins with the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCursor {
    /// When it happened.
    pub at: Timestamp,
    /// In which order it was written.
    pub sequence: u64,
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.millis(), self.sequence)
    }
}

impl FromStr for EventCursor {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (at, sequence) = text.split_once('.').ok_or(InvalidId)?;
        Ok(Self {
            at: Timestamp::from_millis(at.parse().map_err(|_| InvalidId)?),
            sequence: sequence.parse().map_err(|_| InvalidId)?,
        })
    }
}

/// How often something happened on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// The day, counted from 1 January 1970 (UTC).
    pub day: i64,
    /// What happened.
    pub name: EventName,
    /// [`Event::cause`], or nothing.
    pub cause: String,
    /// How often.
    pub count: u64,
}

/// How much there is. Counted up to [`Figures::MOST`]: beyond it the exact number costs more than it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Accounts that are not deleted.
    pub users: u64,
    /// Sessions that have neither ended nor expired.
    pub sessions: u64,
}

impl Figures {
    /// Where counting stops.
    pub const MOST: u32 = 100_000;
}
