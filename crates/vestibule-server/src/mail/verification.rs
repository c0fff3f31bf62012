//! The link that shows an e-mail address to be somebody's own.
//!
//! No table keeps it: the token is two numbers under a MAC, and the address goes into the MAC as well. So
//! the token of an address that was changed since is void, and nobody who sees the link reads an address
//! in it. It may be used again, to no effect: what it shows is true or not, and stays so for its life.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use vestibule::{
    SiteSecret,
    core::{id::UserId, name::EmailAddress, time::Timestamp},
};

/// Where the link leads.
pub(crate) const PATH: &str = "/auth/verify";

/// How long the link works.
pub(crate) const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// Makes and checks tokens.
pub(crate) struct VerificationKey(hmac::Key);

/// A token as it came in: what it says is believed only after [`VerificationKey::check`].
pub(crate) struct Presented {
    payload: Payload,
    tag: Vec<u8>,
}

/// What a token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It was made for this address and still works.
    Good,
    /// It was made for this address, too long ago.
    Expired,
    /// It was made for another address, or by somebody else.
    Void,
}

impl VerificationKey {
    /// The key of the site with this secret.
    pub(crate) fn new(secret: &SiteSecret) -> Self {
        Self(secret.mac_key(b"verify address v1"))
    }

    /// A token for the address that this user has now.
    pub(crate) fn token(&self, user: UserId, email: &EmailAddress, now: Timestamp) -> String {
        let payload = Payload::new(user, now + LIFETIME);
        let tag = hmac::sign(&self.0, &payload.authenticated(email));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(payload.0), URL_SAFE_NO_PAD.encode(tag))
    }

    /// What a token is worth for the address that its user has now. Takes the same time wherever the tags
    /// differ.
    pub(crate) fn check(
        &self,
        token: &Presented,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Standing {
        let authenticated = token.payload.authenticated(email);
        match hmac::verify(&self.0, &authenticated, &token.tag) {
            Err(_) => Standing::Void,
            Ok(()) if now >= token.payload.expires_at() => Standing::Expired,
            Ok(()) => Standing::Good,
        }
    }
}

impl Presented {
    /// Reads a token; `None` for what none of ours looks like.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (payload, tag) = text.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let payload = Payload(payload.try_into().ok()?);
        Some(Self { payload, tag: URL_SAFE_NO_PAD.decode(tag).ok()? })
    }

    /// Whose address it says to be about.
    pub(crate) fn user(&self) -> UserId {
        UserId(self.payload.number(0))
    }
}

/// The user's number and the second at which the token ends, eight bytes each: of one length, so that the
/// address behind them under the MAC begins at one place only.
struct Payload([u8; 16]);

impl Payload {
    fn new(user: UserId, expires_at: Timestamp) -> Self {
        let mut bytes = [0; 16];
        let (left, right) = bytes.split_at_mut(8);
        left.copy_from_slice(&user.0.to_be_bytes());
        right.copy_from_slice(&expires_at.seconds().to_be_bytes());
        Self(bytes)
    }

    fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.number(8))
    }

    fn number(&self, at: usize) -> i64 {
        let bytes = self.0.iter().skip(at).take(8);
        bytes.fold(0, |number, byte| number << 8 | i64::from(*byte))
    }

    fn authenticated(&self, email: &EmailAddress) -> Vec<u8> {
        [&self.0, email.key().as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_356_239);
    const ANNA: UserId = UserId(0x0102_0304_0506_0708);

    fn email(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn key(secret: u8) -> VerificationKey {
        VerificationKey::new(&SiteSecret::new([secret; 32]).unwrap())
    }

    fn standing(token: &str, address: &str, now: Timestamp) -> Standing {
        let Some(token) = Presented::parse(token) else {
            return Standing::Void;
        };
        key(7).check(&token, &email(address), now)
    }

    #[test]
    fn it_works_for_its_address_and_time() {
        let token = key(7).token(ANNA, &email("Anna@example.org"), NOW);
        assert_eq!(Presented::parse(&token).unwrap().user(), ANNA);
        let last = NOW + LIFETIME - Duration::from_secs(1);
        for (address, now, expected) in [
            ("Anna@example.org", NOW, Standing::Good),
            ("anna@EXAMPLE.org", last, Standing::Good),
            ("anna@example.org", NOW + LIFETIME, Standing::Expired),
            ("hanna@example.org", NOW, Standing::Void),
            ("hanna@example.org", NOW + LIFETIME, Standing::Void),
        ] {
            assert_eq!(standing(&token, address, now), expected, "{address} {now}");
        }
        assert!(!token.contains("nna"), "the link does not show the address");
    }

    #[test]
    fn whatever_is_changed_in_it_voids_it() {
        let token = key(7).token(ANNA, &email("anna@example.org"), NOW);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(standing(&changed, "anna@example.org", NOW), Standing::Void, "{changed}");
        }
        let (payload, tag) = token.split_once('.').unwrap();
        for bad in ["", ".", payload, &format!("{payload}."), &format!(".{tag}"), &token[1..]] {
            assert_eq!(standing(bad, "anna@example.org", NOW), Standing::Void, "{bad}");
        }
    }

    #[test]
    fn no_other_secret_and_no_other_purpose_makes_one() {
        let foreign = key(8).token(ANNA, &email("anna@example.org"), NOW);
        assert_eq!(standing(&foreign, "anna@example.org", NOW), Standing::Void);
        let secret = SiteSecret::new([7; 32]).unwrap();
        let other = VerificationKey(secret.mac_key(b"reset password v1"));
        let other = other.token(ANNA, &email("anna@example.org"), NOW);
        assert_eq!(standing(&other, "anna@example.org", NOW), Standing::Void);
    }
}
