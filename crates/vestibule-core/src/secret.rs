//! The site's secret and the keys derived from it.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf, hmac,
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::{self, Entropy};

/// The shortest site secret that is accepted, in bytes.
pub const MIN_SECRET_BYTES: usize = 32;

/// The one secret of a site.
///
/// Everything symmetric comes from it through HKDF-SHA-256 (RFC 5869), one label for each purpose:
/// a key is never used for two things.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SiteSecret(Vec<u8>);

impl SiteSecret {
    /// Takes the secret's bytes.
    ///
    /// # Errors
    /// [`ShortSecret`] below [`MIN_SECRET_BYTES`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, ShortSecret> {
        let bytes = Self(bytes.into());
        if bytes.0.len() < MIN_SECRET_BYTES { Err(ShortSecret) } else { Ok(bytes) }
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
        SealingKey(self.derive(b"vestibule sealed key v1"))
    }

    /// A MAC key for a purpose of the application's own, apart from every other label's and from ours.
    #[must_use]
    pub fn mac_key(&self, label: &[u8]) -> hmac::Key {
        self.own_mac_key(&[b"application ", label].concat())
    }

    /// A key that things of the application's own are encrypted under while they lie in a store, apart from
    /// every other label's and from ours.
    #[must_use]
    pub fn sealing_key_of(&self, label: &[u8]) -> SealingKey {
        SealingKey(self.derive(&[b"application sealed ", label].concat()))
    }

    pub(crate) fn own_mac_key(&self, label: &[u8]) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.derive(label))
    }

    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, b"vestibule")
            .extract(&self.0)
            .expand(&[label], hkdf::HKDF_SHA256)
            .and_then(|material| material.fill(&mut *key));
        // HKDF-SHA-256 gives up to 8160 bytes; 32 cannot fail. Were it ever to, a digest of the same
        // inputs keeps the key secret and bound to its label.
        if filled.is_err() {
            let mut context = digest::Context::new(&digest::SHA256);
            context.update(&self.0);
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

/// A site secret under [`MIN_SECRET_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret has fewer than {MIN_SECRET_BYTES} bytes; make one with `openssl rand -base64 48`"
)]
pub struct ShortSecret;

/// Encrypts what lies in the store (AES-256-GCM, NIST SP 800-38D, random 96-bit nonce in front).
pub struct SealingKey(Zeroizing<[u8; 32]>);

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
        self.cipher()?
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
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .cipher()?
            .open_in_place(nonce, Aad::from(name), &mut text)
            .map_err(|_| SealError)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&AES_256_GCM, &*self.0).map(LessSafeKey::new).map_err(|_| SealError)
    }
}

/// Something sealed in the store does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "what is sealed in the store does not open with this secret; start with the `secret_key` that it was made under"
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
    fn short_secrets_are_refused() {
        assert_eq!(SiteSecret::new([7; 31]).err(), Some(ShortSecret));
        assert!(SiteSecret::new([7; 32]).is_ok());
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
}
