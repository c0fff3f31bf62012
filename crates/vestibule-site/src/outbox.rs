//! Mails on their way: what is tried when, and when to give up.

use std::{fmt, str::FromStr, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use vestibule_core::{
    id::{InvalidId, UserId},
    random::{self, Entropy},
    session::UnknownName,
    store::Extension,
    time::Timestamp,
};

/// How long sending is tried where the mail does not end earlier by itself.
pub const TRIED_FOR: Duration = Duration::from_secs(3 * 24 * 3600);
/// How long a mail is remembered after it was sent or given up.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// The wait after the first failure.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

/// A mail: 128 random bits, written as 22 characters of base64url. Its `Message-ID` holds the same, however
/// often it is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailId([u8; 16]);

impl MailId {
    /// Draws a new one.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(random::draw(entropy))
    }

    /// The one with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailId({self})")
    }
}

impl FromStr for MailId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(InvalidId),
        }
    }
}

/// A mail that is to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Which.
    pub id: MailId,
    /// What it is about, in a few words for listings.
    pub kind: String,
    /// To whose account it belongs, if to any.
    pub user: Option<UserId>,
    /// Whom it goes to, as an address.
    pub recipient: String,
    /// The whole mail, sealed under the site's secret: a store that is read by a stranger gives no links away.
    pub sealed: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
    /// From when on it is not worth sending any more.
    pub gives_up_at: Timestamp,
}

impl fmt::Debug for OutgoingMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingMail")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl From<OutgoingMail> for Extension {
    fn from(mail: OutgoingMail) -> Self {
        Self::new(mail)
    }
}

/// A mail that this node alone may send until the claim ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedMail {
    /// The mail.
    pub mail: OutgoingMail,
    /// How often it was tried before.
    pub tries: u32,
}

/// What became of a mail, for listings. Never the mail itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Which.
    pub id: MailId,
    /// What it is about.
    pub kind: String,
    /// To whose account it belongs, if to any.
    pub user: Option<UserId>,
    /// Whom it goes to.
    pub recipient: String,
    /// How far it came.
    pub state: MailState,
    /// How often it was tried.
    pub tries: u32,
    /// Why the last try failed, if one did.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is tried next while it waits, and else when it was sent or given up.
    pub at: Timestamp,
}

/// How far a mail came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailState {
    /// It will be tried.
    Waiting,
    /// The mail server has taken it.
    Sent,
    /// It is not tried any more.
    GivenUp,
}

impl MailState {
    /// Its name in answers and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }
}

impl FromStr for MailState {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        [Self::Waiting, Self::Sent, Self::GivenUp]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or(UnknownName)
    }
}

/// Whether a failure may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server was not reached, or said that it cannot right now.
    Passing,
    /// The server has refused this mail for good (RFC 5321 section 4.2.1, a reply of 5yz).
    Lasting,
}

/// What follows a try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another try at this time.
    TryAt(Timestamp),
    /// None.
    GiveUp,
}

/// What follows the try that failed at `now`, after `tries_before` others: the wait doubles from two seconds
/// to an hour. Between half of it and all of it is drawn, so that the mails which one outage has held up do
/// not come back all at once.
#[must_use]
pub fn after_failure(
    failure: Failure,
    tries_before: u32,
    gives_up_at: Timestamp,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Next {
    let doubled = FIRST_WAIT.saturating_mul(1_u32.checked_shl(tries_before).unwrap_or(u32::MAX));
    let half = doubled.min(LONGEST_WAIT) / 2;
    let drawn = half.mul_f64(f64::from(u16::from_be_bytes(random::draw(entropy))) / 65_536.0);
    let at = now + half + drawn;
    if failure == Failure::Lasting || at >= gives_up_at { Next::GiveUp } else { Next::TryAt(at) }
}

/// A reason as it is kept: short, and on one line.
#[must_use]
pub fn reason(error: &str) -> String {
    let plain = error.chars().map(|sign| if sign.is_control() { ' ' } else { sign });
    plain.take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
    const END: Timestamp = Timestamp::from_seconds(2_000_000);

    fn wait(tries: u32, drawn: u8) -> Duration {
        match after_failure(Failure::Passing, tries, END, NOW, &Always(drawn)) {
            Next::TryAt(at) => at.since(NOW),
            Next::GiveUp => panic!("given up after {tries}"),
        }
    }

    #[test]
    fn waits_double_up_to_an_hour_and_are_spread() {
        assert_eq!(wait(0, 0), Duration::from_secs(1));
        assert_eq!(wait(1, 0), Duration::from_secs(2));
        assert_eq!(wait(5, 0), Duration::from_secs(32));
        for tries in [11, 31, 32, 33, u32::MAX] {
            assert_eq!(wait(tries, 0), Duration::from_secs(1800), "{tries}");
        }
        for tries in 0..40 {
            let (least, most) = (wait(tries, 0), wait(tries, 255));
            assert!(most > least * 19 / 10 && most <= least * 2, "{tries}: {least:?} {most:?}");
        }
    }

    #[test]
    fn what_lasts_or_comes_too_late_is_not_tried_again() {
        let next = |failure, end| after_failure(failure, 0, end, NOW, &Always(0));
        let second = Duration::from_secs(1);
        assert_eq!(next(Failure::Lasting, END), Next::GiveUp);
        assert_eq!(next(Failure::Passing, NOW + second), Next::GiveUp);
        let later = NOW + second + Duration::from_millis(1);
        assert_eq!(next(Failure::Passing, later), Next::TryAt(NOW + second));
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(reason("a\r\nb\u{1b}[0m"), "a  b [0m");
        assert_eq!(reason(&"é".repeat(1000)).chars().count(), LONGEST_REASON);
    }

    #[test]
    fn names_and_ids_are_read_as_they_were_written() {
        let id = MailId::draw(&Always(9));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("x".parse::<MailId>().is_err());
        for state in [MailState::Waiting, MailState::Sent, MailState::GivenUp] {
            assert_eq!(state.name().parse(), Ok(state));
        }
    }
}
