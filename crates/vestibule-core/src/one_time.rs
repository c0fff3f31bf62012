//! One-time tokens: the secrets in the links of mails, and in a form that follows the right password.
//!
//! A link holds 192 random bits. The store keeps their SHA-256 alone, so that whoever reads the store opens
//! nothing with it; a fast hash is right for a secret that nobody can guess. A token has one purpose and
//! works once. A newer one of the same purpose takes its place, and a change of the password or the address
//! takes all of a user's away.
//!
//! The purpose is a part of the type that reads a token, and of what the store is asked by: what opens one
//! page opens no other, whatever the page forgets to look at.
//!
//! Some work for as long as the session that asked for them: see [`Purpose::is_bound`].

use std::{fmt, marker::PhantomData, str::FromStr, time::Duration};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    id::{SessionId, UserId},
    name::EmailAddress,
    random::{self, Entropy},
    session::{Session, UnknownName},
    time::Timestamp,
};

/// How long a token is remembered after it was used or has expired: its link then still says what it was.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// What a token lets somebody do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Show that the address of their account is theirs.
    VerifyAddress,
    /// Choose a new password.
    ResetPassword,
    /// Give their account another address, which is theirs too.
    ChangeAddress,
    /// Take back that they deleted their account, after the right password.
    RestoreAccount,
    /// Have their account keep the address that it has, and be signed out everywhere.
    KeepAddress,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::VerifyAddress,
        Self::ResetPassword,
        Self::ChangeAddress,
        Self::RestoreAccount,
        Self::KeepAddress,
    ];

    /// Its name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyAddress => "verify_address",
            Self::ResetPassword => "reset_password",
            Self::ChangeAddress => "change_address",
            Self::RestoreAccount => "restore_account",
            Self::KeepAddress => "keep_address",
        }
    }

    /// Whether a token for it works only while the session that asked for it goes on. What was asked for by
    /// whoever stole a session must not outlive it.
    #[must_use]
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::ChangeAddress)
    }

    /// How long a token for it works.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyAddress | Self::ChangeAddress => Duration::from_secs(24 * 3600),
            Self::ResetPassword => Duration::from_secs(30 * 60),
            Self::RestoreAccount => Duration::from_secs(15 * 60),
            // People who are away for some days still have it.
            Self::KeepAddress => Duration::from_secs(7 * 24 * 3600),
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name).ok_or(UnknownName)
    }
}

/// A purpose as a type, for what reads tokens.
pub trait ReadFor {
    /// The purpose.
    const PURPOSE: Purpose;
}

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {}

        impl ReadFor for $name {
            const PURPOSE: Purpose = Purpose::$name;
        }
    )* };
}

purposes! {
    /// [`Purpose::VerifyAddress`]
    VerifyAddress,
    /// [`Purpose::ResetPassword`]
    ResetPassword,
    /// [`Purpose::ChangeAddress`]
    ChangeAddress,
    /// [`Purpose::RestoreAccount`]
    RestoreAccount,
    /// [`Purpose::KeepAddress`]
    KeepAddress,
}

/// The secret of a link, on its way out: 32 characters of base64url.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LinkSecret([u8; 24]);

impl LinkSecret {
    /// Draws a new one.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(random::draw(entropy))
    }

    /// As it stands in a link.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    fn hash(&self) -> TokenHash {
        let digest = digest::digest(&digest::SHA256, &self.0);
        let mut hash = [0; 32];
        // A SHA-256 has as many bytes.
        for (byte, digested) in hash.iter_mut().zip(digest.as_ref()) {
            *byte = *digested;
        }
        TokenHash(hash)
    }
}

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret(…)")
    }
}

/// A token that somebody presents for the purpose `P`.
#[derive(Clone)]
pub struct OneTimeToken<P>(LinkSecret, PhantomData<P>);

impl<P: ReadFor> OneTimeToken<P> {
    /// Reads one; `None` for what none of ours looks like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 24];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(24) => Some(Self(LinkSecret(bytes), PhantomData)),
            Ok(_) | Err(_) => None,
        }
    }

    /// What a store is asked by.
    #[must_use]
    pub fn key(&self) -> TokenKey {
        TokenKey { hash: self.0.hash(), purpose: P::PURPOSE }
    }
}

impl<P> fmt::Debug for OneTimeToken<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeToken(…)")
    }
}

/// What a store finds a token by. There is none without a purpose: a token for another one is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenKey {
    hash: TokenHash,
    purpose: Purpose,
}

impl TokenKey {
    /// The token's hash.
    #[must_use]
    pub const fn hash(&self) -> &TokenHash {
        &self.hash
    }

    /// What it is read for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }
}

/// The SHA-256 of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The one with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What a token was made for, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTime {
    /// The token's hash.
    pub hash: TokenHash,
    /// What it lets somebody do.
    pub purpose: Purpose,
    /// With which account.
    pub user: UserId,
    /// The address that the link went to, or that the account had.
    pub email: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does not work any more.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// The session that asked for it, where its purpose is bound to one.
    pub session: Option<SessionId>,
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It works.
    Open,
    /// It has been used.
    Used,
    /// It was not used in time.
    Expired,
    /// The session that asked for it is over, or not known.
    Void,
}

impl OneTime {
    /// What is kept of a token with this `secret` that is made now, for a link that goes to `email`. One whose
    /// purpose is bound works once [`OneTime::session`] is set.
    #[must_use]
    pub fn new(
        secret: &LinkSecret,
        purpose: Purpose,
        user: UserId,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Self {
        Self {
            hash: secret.hash(),
            purpose,
            user,
            email: email.as_str().to_owned(),
            created_at: now,
            expires_at: now + purpose.lifetime(),
            used_at: None,
            session: None,
        }
    }

    /// What a store finds it by.
    #[must_use]
    pub const fn key(&self) -> TokenKey {
        TokenKey { hash: self.hash, purpose: self.purpose }
    }

    /// How it stands at `now`, where `session` is the row of [`OneTime::session`].
    #[must_use]
    pub fn standing(&self, session: Option<&Session>, now: Timestamp) -> TokenState {
        if self.used_at.is_some() {
            TokenState::Used
        } else if now >= self.expires_at {
            TokenState::Expired
        } else if self.purpose.is_bound() && !self.is_held_by(session, now) {
            TokenState::Void
        } else {
            TokenState::Open
        }
    }

    fn is_held_by(&self, session: Option<&Session>, now: Timestamp) -> bool {
        session.is_some_and(|session| {
            Some(session.id) == self.session
                && session.user_id == self.user
                && session.over(now).is_none()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Carrier, End, EndReason, Lifetimes, SignIn};

    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    fn secret(first: u8) -> LinkSecret {
        LinkSecret::draw(&Counting(first.into()))
    }

    fn email() -> EmailAddress {
        EmailAddress::parse("anna@example.org").unwrap()
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is_one() {
        let text = secret(7).encode();
        assert_eq!(text.len(), 32);
        let read = OneTimeToken::<ResetPassword>::parse(&text).unwrap();
        assert_eq!(read.key().hash(), &secret(7).hash());
        let long = format!("{text}A");
        for bad in ["", "A", &text[1..], &long, &text.replace('B', "+"), &format!("{text}=")] {
            assert!(OneTimeToken::<ResetPassword>::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_read_for_one_purpose() {
        let text = secret(7).encode();
        fn key<P: ReadFor>(text: &str) -> TokenKey {
            OneTimeToken::<P>::parse(text).unwrap().key()
        }
        let keys = [
            key::<VerifyAddress>(&text),
            key::<ResetPassword>(&text),
            key::<ChangeAddress>(&text),
            key::<RestoreAccount>(&text),
            key::<KeepAddress>(&text),
        ];
        assert_eq!(keys.map(|key| key.purpose()), Purpose::ALL);
        for (key, purpose) in keys.into_iter().zip(Purpose::ALL) {
            let kept = OneTime::new(&secret(7), purpose, UserId(1), &email(), Timestamp::default());
            assert_eq!(keys.iter().filter(|other| **other == kept.key()).count(), 1);
            assert_eq!(key, kept.key());
        }
    }

    #[test]
    fn the_store_knows_only_the_hash() {
        assert_ne!(secret(1).hash(), secret(2).hash());
        // SHA-256 of 24 zero bytes.
        assert_eq!(secret(0).hash().as_bytes()[..4], [0x9d, 0x90, 0x8e, 0xcf]);
        let now = Timestamp::default();
        let kept = OneTime::new(&secret(1), Purpose::ResetPassword, UserId(1), &email(), now);
        let read = OneTimeToken::<ResetPassword>::parse(&secret(1).encode()).unwrap();
        let shown = format!("{kept:?} {:?} {read:?} {:?}", secret(1), read.key());
        assert!(!shown.contains(&secret(1).encode()) && !shown.contains("[1, 1"), "{shown}");
    }

    #[test]
    fn it_works_until_it_is_used_or_its_time_is_over() {
        let now = Timestamp::from_seconds(1_000_000);
        for (purpose, minutes) in [
            (Purpose::VerifyAddress, 24 * 60),
            (Purpose::ResetPassword, 30),
            (Purpose::RestoreAccount, 15),
            (Purpose::KeepAddress, 7 * 24 * 60),
        ] {
            let mut kept = OneTime::new(&secret(1), purpose, UserId(1), &email(), now);
            let end = now + Duration::from_secs(minutes * 60);
            let standing = |kept: &OneTime, now| kept.standing(None, now);
            assert_eq!(standing(&kept, end - Duration::from_millis(1)), TokenState::Open);
            assert_eq!(standing(&kept, end), TokenState::Expired);
            kept.used_at = Some(now);
            assert_eq!(standing(&kept, now), TokenState::Used);
            assert_eq!(standing(&kept, end), TokenState::Used);
        }
        for purpose in Purpose::ALL {
            assert_eq!(purpose.name().parse::<Purpose>(), Ok(purpose));
        }
    }

    #[test]
    fn another_address_is_asked_for_by_a_session_that_goes_on() {
        let now = Timestamp::from_seconds(1_000_000);
        let sign_in = |user| SignIn {
            user_id: UserId(user),
            carrier: Carrier::Cookie,
            remembered: false,
            methods: Vec::new(),
            address: String::new(),
            agent: String::new(),
            device: None,
        };
        let begin = |user, number| {
            sign_in(user).begin(SessionId::from_bytes([number; 16]), &Lifetimes::default(), now)
        };
        let asked = begin(1, 1);
        let unbound = OneTime::new(&secret(1), Purpose::ChangeAddress, UserId(1), &email(), now);
        let kept = OneTime { session: Some(asked.id), ..unbound.clone() };
        assert_eq!(kept.standing(Some(&asked), now), TokenState::Open);
        let renewed = Session { generation: 9, ..asked.clone() };
        assert_eq!(kept.standing(Some(&renewed), now), TokenState::Open, "renewal ends nothing");
        assert_eq!(kept.standing(None, now), TokenState::Void);
        assert_eq!(kept.standing(Some(&begin(1, 2)), now), TokenState::Void, "another session");
        assert_eq!(kept.standing(Some(&begin(2, 1)), now), TokenState::Void, "another account's");
        assert_eq!(unbound.standing(Some(&asked), now), TokenState::Void, "nobody asked");
        for reason in EndReason::ALL {
            let ended = Session { end: Some(End { at: now, reason }), ..asked.clone() };
            assert_eq!(kept.standing(Some(&ended), now), TokenState::Void, "{reason}");
        }
        let idle = Session { expires_at: now, ..asked.clone() };
        assert_eq!(kept.standing(Some(&idle), now), TokenState::Void);
        assert_eq!(kept.standing(Some(&asked), kept.expires_at), TokenState::Expired);
    }
}
