//! One-time tokens: the secrets in the links of mails, and in a form that follows the right password.
//!
//! A link holds 192 random bits. The store keeps their SHA-256 alone, so that whoever reads the store opens
//! nothing with it; a fast hash is right for a secret that nobody can guess. A token has one purpose and
//! works once. A newer one of the same purpose takes its place, and a change of the password or the address
//! takes all of a user's away.

use std::{fmt, str::FromStr, time::Duration};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    id::UserId,
    name::EmailAddress,
    random::{self, Entropy},
    session::UnknownName,
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
}

impl Purpose {
    /// Its name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyAddress => "verify_address",
            Self::ResetPassword => "reset_password",
            Self::ChangeAddress => "change_address",
            Self::RestoreAccount => "restore_account",
        }
    }

    /// How long a token for it works.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyAddress | Self::ChangeAddress => Duration::from_secs(24 * 3600),
            Self::ResetPassword => Duration::from_secs(30 * 60),
            Self::RestoreAccount => Duration::from_secs(15 * 60),
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        [Self::VerifyAddress, Self::ResetPassword, Self::ChangeAddress, Self::RestoreAccount]
            .into_iter()
            .find(|purpose| purpose.name() == name)
            .ok_or(UnknownName)
    }
}

/// The secret of a link: 32 characters of base64url.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct OneTimeToken([u8; 24]);

impl OneTimeToken {
    /// Draws a new one.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(random::draw(entropy))
    }

    /// Reads one; `None` for what none of ours looks like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 24];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(24) => Some(Self(bytes)),
            Ok(_) | Err(_) => None,
        }
    }

    /// As it stands in a link.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the store knows it by.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        let digest = digest::digest(&digest::SHA256, &self.0);
        let mut hash = [0; 32];
        // A SHA-256 has as many bytes.
        for (byte, digested) in hash.iter_mut().zip(digest.as_ref()) {
            *byte = *digested;
        }
        TokenHash(hash)
    }
}

impl fmt::Debug for OneTimeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeToken(…)")
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
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Open,
    /// It has been used.
    Used,
    /// It was not used in time.
    Expired,
}

impl OneTime {
    /// What is kept of a `token` that is made now, for a link that goes to `email`.
    #[must_use]
    pub fn new(
        token: &OneTimeToken,
        purpose: Purpose,
        user: UserId,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Self {
        Self {
            hash: token.hash(),
            purpose,
            user,
            email: email.as_str().to_owned(),
            created_at: now,
            expires_at: now + purpose.lifetime(),
            used_at: None,
        }
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.used_at.is_some() {
            Standing::Used
        } else if now >= self.expires_at {
            Standing::Expired
        } else {
            Standing::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    fn token(first: u8) -> OneTimeToken {
        OneTimeToken::draw(&Counting(first.into()))
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is_one() {
        let text = token(7).encode();
        assert_eq!(text.len(), 32);
        assert_eq!(OneTimeToken::parse(&text), Some(token(7)));
        let long = format!("{text}A");
        for bad in ["", "A", &text[1..], &long, &text.replace('B', "+"), &format!("{text}=")] {
            assert_eq!(OneTimeToken::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_store_knows_only_the_hash() {
        assert_ne!(token(1).hash(), token(2).hash());
        // SHA-256 of 24 zero bytes.
        let zero = token(0).hash();
        assert_eq!(zero.as_bytes()[..4], [0x9d, 0x90, 0x8e, 0xcf]);
        let email = EmailAddress::parse("anna@example.org").unwrap();
        let kept = OneTime::new(
            &token(1),
            Purpose::ResetPassword,
            UserId(1),
            &email,
            Timestamp::default(),
        );
        assert!(!format!("{kept:?} {:?}", token(1)).contains(&token(1).encode()));
    }

    #[test]
    fn it_works_until_it_is_used_or_its_time_is_over() {
        let now = Timestamp::from_seconds(1_000_000);
        let email = EmailAddress::parse("anna@example.org").unwrap();
        for (purpose, minutes) in [
            (Purpose::VerifyAddress, 24 * 60),
            (Purpose::ChangeAddress, 24 * 60),
            (Purpose::ResetPassword, 30),
            (Purpose::RestoreAccount, 15),
        ] {
            let mut kept = OneTime::new(&token(1), purpose, UserId(1), &email, now);
            let end = now + Duration::from_secs(minutes * 60);
            assert_eq!(kept.standing(end - Duration::from_millis(1)), Standing::Open);
            assert_eq!(kept.standing(end), Standing::Expired);
            kept.used_at = Some(now);
            assert_eq!(kept.standing(now), Standing::Used);
            assert_eq!(kept.standing(end), Standing::Used);
            assert_eq!(purpose.name().parse::<Purpose>(), Ok(purpose));
        }
    }
}
