//! What a stored hash says, and PHC strings.

use super::scheme::{Argon2Variant, HashScheme};

pub(super) const ARGON2ID: &str = "argon2id";
pub(super) const ARGON2I: &str = "argon2i";
/// Argon2 version 1.3 (RFC 9106 section 3.1), the only one ever used here.
pub(super) const VERSION: u32 = 0x13;

/// What a hash says.
pub(super) struct HashParts {
    pub(super) scheme: HashScheme,
    pub(super) salt: Vec<u8>,
    pub(super) digest: Vec<u8>,
}

/// Reads a PHC string of Argon2.
pub(super) fn argon2(text: &str) -> Option<HashParts> {
    let hash = phc::PasswordHash::new(text).ok()?;
    let variant = match hash.algorithm.as_str() {
        ARGON2ID => Argon2Variant::Id,
        ARGON2I => Argon2Variant::I,
        _ => return None,
    };
    // Parsed by its own strict form: key ids and associated data would change what the digest means.
    let parameters = hash.params.as_str().parse().ok()?;
    if hash.version != Some(VERSION) {
        return None;
    }
    Some(HashParts {
        scheme: HashScheme::Argon2 { variant, parameters },
        salt: hash.salt?.to_vec(),
        digest: hash.hash?.as_bytes().to_vec(),
    })
}
