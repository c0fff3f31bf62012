//! The site's secret, the keys derived from it, and texts that are secrets.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    constant_time, digest, hkdf, hmac,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::{self, Entropy};

mod weakness;

pub use weakness::{Weakness, weakness};

/// What checks are sealed for.
const CHECK: &[u8] = b"vestibule secret check v1";

/// The shortest site secret that is accepted, in bytes.
pub const MIN_SECRET_BYTES: usize = 32;

/// The one secret of a site.
///
/// Everything symmetric comes from it through HKDF-SHA-256 (RFC 5869), one label for each purpose:
/// a key is never used for two things.
///
/// To replace it, a site starts with the new one and the old one as the previous
/// ([`SiteSecret::with_previous`]): what that one sealed and signed is still read, and everything new is under
/// the present one.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SiteSecret {
    present: Vec<u8>,
    previous: Option<Vec<u8>>,
}

impl SiteSecret {
    /// Takes the secret's bytes.
    ///
    /// # Errors
    /// [`WeakSecret`] below [`MIN_SECRET_BYTES`], and for what documentation prints or nobody has filled in.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, WeakSecret> {
        let secret = Self { present: bytes.into(), previous: None };
        let bytes = secret.present.as_slice();
        let is_blank = bytes.iter().all(|byte| *byte == 0);
        let text = std::str::from_utf8(bytes).ok().and_then(weakness);
        match text {
            Some(weakness @ (Weakness::Short(_) | Weakness::WellKnown)) => {
                Err(WeakSecret(weakness))
            }
            _ if bytes.len() < MIN_SECRET_BYTES => Err(WeakSecret(Weakness::Short(bytes.len()))),
            _ if is_blank => Err(WeakSecret(Weakness::WellKnown)),
            // A program under test may well have one that repeats itself.
            Some(Weakness::Repeats) | None => Ok(secret),
        }
    }

    /// The same, which also reads what was sealed and signed under `previous`.
    #[must_use]
    pub fn with_previous(mut self, previous: &Self) -> Self {
        self.previous = Some(previous.present.clone());
        self
    }

    /// The previous secret alone.
    #[must_use]
    pub fn previous(&self) -> Option<Self> {
        let present = self.previous.clone()?;
        Some(Self { present, previous: None })
    }

    /// The MAC key for refresh tokens.
    #[must_use]
    pub fn refresh_key(&self) -> hmac::Key {
        self.own_mac_key(b"vestibule refresh token v1")
    }

    /// The MAC key for CSRF values.
    #[must_use]
    pub fn csrf_key(&self) -> hmac::Key {
        self.own_mac_key(b"vestibule csrf value v1")
    }

    /// The MAC key for what devices show that somebody has signed in with before.
    #[must_use]
    pub fn device_key(&self) -> hmac::Key {
        self.own_mac_key(b"vestibule device v1")
    }

    /// The MAC key for the names of limits that nodes share: where those are kept, nobody reads off who
    /// has failed.
    #[must_use]
    pub fn limit_key(&self) -> hmac::Key {
        self.own_mac_key(b"vestibule shared limit v1")
    }

    /// The key that private signing keys are encrypted under while they lie in the store.
    #[must_use]
    pub fn sealing_key(&self) -> SealingKey {
        self.own_sealing_key(b"vestibule sealed key v1")
    }

    /// A MAC key for a purpose of the application's own, apart from every other label's and from ours.
    #[must_use]
    pub fn mac_key(&self, label: &[u8]) -> MacKey {
        let label = [b"application ", label].concat();
        let previous = self.previous().map(|previous| previous.own_mac_key(&label));
        MacKey { present: self.own_mac_key(&label), previous }
    }

    /// A key that things of the application's own are encrypted under while they lie in a store, apart from
    /// every other label's and from ours.
    #[must_use]
    pub fn sealing_key_of(&self, label: &[u8]) -> SealingKey {
        self.own_sealing_key(&[b"application sealed ", label].concat())
    }

    /// Something that opens under this secret alone ([`SiteSecret::check`]), to be kept in a store.
    ///
    /// # Errors
    /// [`SealError`] where the cipher refuses, which it does not.
    pub fn seal_check(&self, entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        self.own_sealing_key(CHECK).seal("check", b"the secret of this store", entropy)
    }

    /// Whether what [`SiteSecret::seal_check`] made was made under this secret, or under the previous one.
    ///
    /// # Errors
    /// [`SealError`] where it was under neither.
    pub fn check(&self, sealed: &[u8]) -> Result<MadeUnder, SealError> {
        let key = self.own_sealing_key(CHECK);
        if open_with(&key.present, "check", sealed).is_ok() {
            Ok(MadeUnder::Present)
        } else {
            key.open("check", sealed).map(|_| MadeUnder::Previous)
        }
    }

    fn own_sealing_key(&self, label: &[u8]) -> SealingKey {
        let previous = self.previous().map(|previous| previous.derive(label));
        SealingKey { present: self.derive(label), previous }
    }

    pub(crate) fn own_mac_key(&self, label: &[u8]) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.derive(label))
    }

    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, b"vestibule")
            .extract(&self.present)
            .expand(&[label], hkdf::HKDF_SHA256)
            .and_then(|material| material.fill(&mut *key));
        // HKDF-SHA-256 gives up to 8160 bytes; 32 cannot fail. Were it ever to, a digest of the same
        // inputs keeps the key secret and bound to its label.
        if filled.is_err() {
            let mut context = digest::Context::new(&digest::SHA256);
            context.update(&self.present);
            context.update(label);
            key.copy_from_slice(context.finish().as_ref());
        }
        key
    }
}

impl std::fmt::Debug for SiteSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SiteSecret(…)")
    }
}

/// A site secret that others can guess.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret {0}; make one with `openssl rand -base64 48`")]
pub struct WeakSecret(pub Weakness);

crate::readable_debug!(WeakSecret);

/// A text that opens something to whoever has it: a token, a CSRF value, what was typed as a password.
///
/// `Debug` prints nothing of it and there is no `Display`, so that no log line holds it by accident. It is wiped
/// from memory when dropped. A comparison takes the same time wherever two texts of one length differ.
#[derive(Clone, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// The text itself, for the one place that it is meant for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl Eq for SecretText {}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Under which secret something was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeUnder {
    /// The present one.
    Present,
    /// The previous one.
    Previous,
}

/// Makes MACs under the present secret, and knows those that were made under the previous one.
pub struct MacKey {
    present: hmac::Key,
    previous: Option<hmac::Key>,
}

impl MacKey {
    /// The MAC of a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.present, message)
    }

    /// Whether this is the MAC of the message. The comparison takes the same time wherever they differ.
    #[must_use]
    pub fn verifies(&self, message: &[u8], tag: &[u8]) -> bool {
        let verifies = |key: &hmac::Key| hmac::verify(key, message, tag).is_ok();
        verifies(&self.present) || self.previous.as_ref().is_some_and(verifies)
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(…)")
    }
}

/// Encrypts what lies in the store (AES-256-GCM, NIST SP 800-38D, random 96-bit nonce in front).
///
/// What was encrypted under the previous secret opens as well; everything new is under the present one.
pub struct SealingKey {
    present: Zeroizing<[u8; 32]>,
    previous: Option<Zeroizing<[u8; 32]>>,
}

impl SealingKey {
    /// Encrypts `plain`, bound to `name`: a sealed key put under another name does not open.
    ///
    /// # Errors
    /// [`SealError`] where the cipher refuses, which only a length beyond 64 GiB makes it do.
    pub fn seal(
        &self,
        name: &str,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = random::draw(entropy);
        let mut text = plain.to_vec();
        cipher(&self.present)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name),
                &mut text,
            )
            .map_err(|_| SealError)?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// Decrypts what [`SealingKey::seal`] made under the same name.
    ///
    /// # Errors
    /// [`SealError`] where it was sealed under another secret or name, or was damaged.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open_with(&self.present, name, sealed).or_else(|error| match &self.previous {
            Some(previous) => open_with(previous, name, sealed),
            None => Err(error),
        })
    }

    /// Encrypts anew, under the present secret, what was encrypted under the previous one; `None` where it is
    /// under the present one already.
    ///
    /// # Errors
    /// [`SealError`] where it opens under neither.
    pub fn reseal(
        &self,
        name: &str,
        sealed: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Option<Vec<u8>>, SealError> {
        if open_with(&self.present, name, sealed).is_ok() {
            return Ok(None);
        }
        self.seal(name, &self.open(name, sealed)?, entropy).map(Some)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

fn open_with(key: &[u8; 32], name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
    let mut text = Zeroizing::new(text.to_vec());
    let length =
        cipher(key)?.open_in_place(nonce, Aad::from(name), &mut text).map_err(|_| SealError)?.len();
    text.truncate(length);
    Ok(text)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| SealError)
}

/// Something sealed in the store does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "SECRET_KEY does not match this database. Set it (`secret_key`) to the secret that the database was made \
     with, or set that one as `secret_key_previous` to replace it"
)]
pub struct SealError;

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn secrets_that_others_can_guess_are_refused() {
        assert_eq!(SiteSecret::new([7; 31]).err(), Some(WeakSecret(Weakness::Short(31))));
        assert_eq!(SiteSecret::new([0xff; 31]).err(), Some(WeakSecret(Weakness::Short(31))));
        assert!(SiteSecret::new([7; 32]).is_ok());
        assert!(SiteSecret::new([0xff; 32]).is_ok());
        for known in ["0".repeat(32), "0".repeat(64), "\0".repeat(32), "change-me-".repeat(4)] {
            let refused = SiteSecret::new(known.clone()).err();
            assert_eq!(refused, Some(WeakSecret(Weakness::WellKnown)), "{known}");
        }
        let text = format!("{:?}", WeakSecret(Weakness::Short(3)));
        assert!(text.starts_with("the secret has 3 bytes") && text.contains("openssl"), "{text}");
    }

    #[test]
    fn a_secret_text_is_compared_and_sent_and_never_printed() {
        let text = SecretText::from("open sesame");
        assert_eq!(format!("{text:?} {:#?}", Some(&text)).find("sesame"), None);
        assert_eq!(text, SecretText::from("open sesame".to_owned()));
        assert_ne!(text, SecretText::from("open sesam"));
        assert_ne!(text, SecretText::from("open Sesame"));
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(json, "\"open sesame\"");
        assert_eq!(serde_json::from_str::<SecretText>(&json).unwrap(), text);
    }

    #[test]
    fn sealed_keys_open_under_their_own_name_and_secret_only() {
        let secret = SiteSecret::new([7; 32]).unwrap();
        let sealed = secret.sealing_key().seal("a", b"private", &Fixed(1)).unwrap();
        assert_eq!(&**secret.sealing_key().open("a", &sealed).unwrap(), b"private");
        assert!(secret.sealing_key().open("b", &sealed).is_err());
        assert!(secret.sealing_key_of(b"mails").open("a", &sealed).is_err());
        let other = SiteSecret::new([8; 32]).unwrap();
        assert!(other.sealing_key().open("a", &sealed).is_err());
        let mut damaged = sealed;
        damaged[20] ^= 1;
        assert!(secret.sealing_key().open("a", &damaged).is_err());
        assert!(secret.sealing_key().open("a", b"short").is_err());
    }

    #[test]
    fn every_purpose_has_a_key_of_its_own() {
        let secret = SiteSecret::new([7; 32]).unwrap();
        let tag = |key: &hmac::Key| hmac::sign(key, b"x").as_ref().to_vec();
        let keys =
            [secret.refresh_key(), secret.csrf_key(), secret.limit_key(), secret.device_key()];
        assert_eq!(std::collections::BTreeSet::from(keys.map(|key| tag(&key))).len(), 4);
    }

    #[test]
    fn what_the_previous_secret_made_is_still_read_and_nothing_new_is_made_with_it() {
        let old = SiteSecret::new([7; 32]).unwrap();
        let both = SiteSecret::new([8; 32]).unwrap().with_previous(&old);
        let new = SiteSecret::new([8; 32]).unwrap();

        let sealed = old.sealing_key().seal("a", b"private", &Fixed(1)).unwrap();
        assert_eq!(&**both.sealing_key().open("a", &sealed).unwrap(), b"private");
        assert!(both.sealing_key().open("b", &sealed).is_err());
        let again = both.sealing_key().reseal("a", &sealed, &Fixed(2)).unwrap().unwrap();
        assert_eq!(&**new.sealing_key().open("a", &again).unwrap(), b"private");
        assert!(old.sealing_key().open("a", &again).is_err());
        assert_eq!(both.sealing_key().reseal("a", &again, &Fixed(3)), Ok(None));
        assert_eq!(new.sealing_key().reseal("a", &sealed, &Fixed(3)), Err(SealError));

        let (of_old, of_both) = (old.mac_key(b"x"), both.mac_key(b"x"));
        assert!(of_both.verifies(b"text", of_old.sign(b"text").as_ref()));
        assert!(!of_old.verifies(b"text", of_both.sign(b"text").as_ref()));
        assert!(new.mac_key(b"x").verifies(b"text", of_both.sign(b"text").as_ref()));
        assert!(!of_both.verifies(b"text", old.mac_key(b"y").sign(b"text").as_ref()));
    }

    #[test]
    fn a_check_tells_which_secret_made_it() {
        let old = SiteSecret::new([7; 32]).unwrap();
        let new = SiteSecret::new([8; 32]).unwrap();
        let both = new.clone().with_previous(&old);
        let check = old.seal_check(&Fixed(1)).unwrap();
        assert_eq!(old.check(&check), Ok(MadeUnder::Present));
        assert_eq!(both.check(&check), Ok(MadeUnder::Previous));
        assert_eq!(new.check(&check), Err(SealError));
        let check = both.seal_check(&Fixed(1)).unwrap();
        assert_eq!(new.check(&check), Ok(MadeUnder::Present));
        assert_eq!(new.check(b""), Err(SealError));
    }
}
