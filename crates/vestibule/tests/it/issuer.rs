//! Tokens made by hand, by somebody who knows a key or by somebody who does not.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use vestibule::{
    SiteSecret,
    core::{ring::KeyState, store::KeyStore as _},
};

use crate::site::{SECRET, Site};

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Header and claims as they are signed.
pub(crate) fn signing_input(header: &str, claims: &str) -> String {
    format!("{}.{}", encode(header), encode(claims))
}

/// A token signed by HMAC with any key.
pub(crate) fn by_mac(key: &[u8], header: &Value, claims: &Value) -> String {
    by_mac_text(key, &header.to_string(), &claims.to_string())
}

pub(crate) fn by_mac_text(key: &[u8], header: &str, claims: &str) -> String {
    let input = signing_input(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    format!("{input}.{}", encode(hmac::sign(&key, input.as_bytes())))
}

/// A P-256 key pair: the site's, or anybody's.
pub(crate) struct Pair(EcdsaKeyPair);

impl Pair {
    /// Somebody's own.
    pub(crate) fn own() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// The site's, in this state, and its name.
    pub(crate) async fn of_site(site: &Site, state: KeyState) -> (Self, String) {
        let (_, keys) = site.store.inner().key_ring().await.unwrap();
        let key = keys.iter().find(|key| key.state == state).unwrap();
        let sealing = SiteSecret::new(SECRET).unwrap().sealing_key();
        let pkcs8 = sealing.open(&key.kid, &key.sealed).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap();
        (Self(pair), key.kid.clone())
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let input = signing_input(header, claims);
        let signature = self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", encode(signature))
    }

    /// The uncompressed point.
    pub(crate) fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }
}
