//! Devices that an account has signed in with before.
//!
//! Such a device counts its failures by itself, so that strangers who guess do not lock it out. It shows a
//! token of random bits, followed by a MAC over those bits and the user for each account that it may speak of.
//! The token lets nobody in, names nobody, and says something about an account only to the site.

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    id::{DeviceId, UserId},
    random::Entropy,
    secret::SiteSecret,
};

const PROOF_BYTES: usize = 16;
type Proof = [u8; PROOF_BYTES];

/// Makes and checks what devices show.
pub struct DeviceKey {
    present: hmac::Key,
    /// Where the site's secret was replaced, that of the previous one.
    previous: Option<hmac::Key>,
}

impl DeviceKey {
    /// The key of the site with this secret.
    #[must_use]
    pub fn new(secret: &SiteSecret) -> Self {
        let previous = secret.previous().map(|previous| previous.device_key());
        Self { present: secret.device_key(), previous }
    }

    /// Whether this user has signed in with this device.
    #[must_use]
    pub fn knows(&self, device: &KnownDevice, user: UserId) -> bool {
        let keys = std::iter::once(&self.present).chain(&self.previous);
        let proofs: Vec<_> = keys.map(|key| proof(key, device.id, user)).collect();
        device.proofs.iter().any(|shown| proofs.iter().any(|proof| is_same(shown, proof)))
    }

    /// The device after this user has signed in with it; a new one where there was none. One that is shared by
    /// more than [`KnownDevice::MOST_USERS`] forgets who signed in first.
    #[must_use]
    pub fn introduce(
        &self,
        device: Option<&KnownDevice>,
        user: UserId,
        entropy: &dyn Entropy,
    ) -> KnownDevice {
        let id = device.map_or_else(|| DeviceId::draw(entropy), |device| device.id);
        let proof = proof(&self.present, id, user);
        let others = device.iter().flat_map(|device| &device.proofs);
        let others = others.copied().filter(|shown| !is_same(shown, &proof));
        let proofs = std::iter::once(proof).chain(others).take(KnownDevice::MOST_USERS).collect();
        KnownDevice { id, proofs }
    }
}

fn proof(key: &hmac::Key, device: DeviceId, user: UserId) -> Proof {
    let mut context = hmac::Context::with_key(key);
    context.update(device.as_bytes());
    context.update(&user.0.to_be_bytes());
    let mut proof = [0; PROOF_BYTES];
    for (byte, tag) in proof.iter_mut().zip(context.sign().as_ref()) {
        *byte = *tag;
    }
    proof
}

/// What a device shows. What of it is true, [`DeviceKey::knows`] tells.
#[derive(Clone, PartialEq, Eq)]
pub struct KnownDevice {
    id: DeviceId,
    proofs: Vec<Proof>,
}

impl KnownDevice {
    /// Of how many users a device can show that they signed in with it.
    pub const MOST_USERS: usize = 8;

    /// Reads a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const MOST_BYTES: usize = 16 + KnownDevice::MOST_USERS * PROOF_BYTES;
        let mut bytes = [0; MOST_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (id, proofs) = bytes.get(..length)?.split_first_chunk()?;
        let (proofs, rest) = proofs.as_chunks();
        rest.is_empty().then(|| Self { id: DeviceId::from_bytes(*id), proofs: proofs.to_vec() })
    }

    /// The token.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode([self.id.as_bytes().as_slice(), self.proofs.as_flattened()].concat())
    }

    /// The name of the device, whoever signs in with it.
    #[must_use]
    pub const fn id(&self) -> DeviceId {
        self.id
    }
}

impl std::fmt::Debug for KnownDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KnownDevice(…)")
    }
}

fn is_same(one: &Proof, other: &Proof) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn key(byte: u8) -> DeviceKey {
        DeviceKey::new(&SiteSecret::new([byte; 32]).unwrap())
    }

    #[test]
    fn a_device_is_known_for_the_users_that_signed_in_with_it() {
        let anna = key(1).introduce(None, UserId(1), &Fixed(3));
        assert!(key(1).knows(&anna, UserId(1)) && !key(1).knows(&anna, UserId(2)));
        assert!(!key(2).knows(&anna, UserId(1)), "another site's");
        let both = key(1).introduce(Some(&anna), UserId(2), &Fixed(4));
        assert_eq!(both.id(), anna.id());
        assert!(key(1).knows(&both, UserId(1)) && key(1).knows(&both, UserId(2)));
        let again = key(1).introduce(Some(&both), UserId(1), &Fixed(4));
        assert_eq!(again.proofs.len(), 2);
        let other = KnownDevice { id: DeviceId::from_bytes([9; 16]), ..both };
        assert!(!key(1).knows(&other, UserId(1)), "another device's proofs");
    }

    #[test]
    fn a_device_knows_eight_users_and_forgets_the_first() {
        let mut device = None;
        for user in 1..=9 {
            device = Some(key(1).introduce(device.as_ref(), UserId(user), &Fixed(3)));
        }
        let device = KnownDevice::parse(&device.unwrap().encode()).unwrap();
        let known: Vec<_> = (1..=9).filter(|user| key(1).knows(&device, UserId(*user))).collect();
        assert_eq!(known, [2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn what_is_no_token_is_none() {
        let good = key(1).introduce(None, UserId(1), &Fixed(3));
        assert_eq!(KnownDevice::parse(&good.encode()), Some(good.clone()));
        let bare = DeviceId::from_bytes([3; 16]).to_string();
        assert!(!key(1).knows(&KnownDevice::parse(&bare).unwrap(), UserId(1)));
        for bad in ["", "x", &good.encode()[1..], &format!("{}A", good.encode()), &"A".repeat(4096)]
        {
            assert_eq!(KnownDevice::parse(bad), None, "{bad}");
        }
        assert_eq!(format!("{good:?}"), "KnownDevice(…)");
    }

    #[test]
    fn a_device_is_known_after_the_secret_was_replaced() {
        let old = SiteSecret::new([7; 32]).unwrap();
        let new = SiteSecret::new([8; 32]).unwrap();
        let device = DeviceKey::new(&old).introduce(None, UserId(1), &Fixed(1));
        let both = DeviceKey::new(&new.clone().with_previous(&old));
        assert!(both.knows(&device, UserId(1)) && !both.knows(&device, UserId(2)));
        assert!(!DeviceKey::new(&new).knows(&device, UserId(1)));
        let again = both.introduce(Some(&device), UserId(1), &Fixed(1));
        assert!(DeviceKey::new(&new).knows(&again, UserId(1)));
    }
}
