//! Reading the hashes of other systems: what they wrote, and nothing looser.
//!
//! A file for each family. Each form is read strictly: whatever a system would not have written itself is no
//! hash of it. Costs are only read here, and bounded by [`HashScheme::check`](super::HashScheme).

mod django;
mod encoding;
mod modular;
mod werkzeug;

#[cfg(test)]
mod tests;

pub(super) use encoding::to_bcrypt64;

use super::{
    parts::HashParts,
    scheme::{HashScheme, Pbkdf2Function},
};

/// No system salts with more.
const MAX_SALT_BYTES: usize = 128;
/// What scrypt may have been asked for, in bytes. The systems ask for 32 or 64.
const SCRYPT_DIGEST_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Reads a hash, if it is of one of the known systems.
pub(super) fn read(text: &str) -> Option<HashParts> {
    if let Some(text) = text.strip_prefix('$') {
        return modular::read(text);
    }
    let word = text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').next()?;
    match text.get(word.len()..)?.split_at_checked(1)? {
        (":", rest) => werkzeug::read(word, rest),
        ("$", rest) => django::read(word, rest),
        _ => None,
    }
}

/// PBKDF2, whose digest every system makes as long as the hash function's.
fn pbkdf2(
    function: Pbkdf2Function,
    iterations: u32,
    salt: Vec<u8>,
    digest: Vec<u8>,
) -> Option<HashParts> {
    let fits = iterations > 0 && is_salt(&salt) && digest.len() == function.digest_bytes();
    let scheme = HashScheme::Pbkdf2 { function, iterations };
    fits.then_some(HashParts { scheme, salt, digest })
}

fn scrypt(n: u32, r: u32, p: u32, salt: Vec<u8>, digest: Vec<u8>) -> Option<HashParts> {
    // Beyond these, RFC 7914 section 2 has no meaning for them, or a product of ours no room.
    let is_cost = n > 1 && n.is_power_of_two() && (1..=1 << 16).contains(&r);
    let fits = is_cost
        && (1..=1 << 16).contains(&p)
        && is_salt(&salt)
        && SCRYPT_DIGEST_BYTES.contains(&digest.len());
    fits.then_some(HashParts { scheme: HashScheme::Scrypt { n, r, p }, salt, digest })
}

fn is_salt(salt: &[u8]) -> bool {
    (1..=MAX_SALT_BYTES).contains(&salt.len())
}

/// Decimal digits and nothing else: no sign, no space, no zero in front.
fn number(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let is_short = digits == "0" || !digits.starts_with('0');
    if is_plain && is_short { digits.parse().ok() } else { None }
}

/// The parts between the separators, if there are exactly so many.
fn fields<const COUNT: usize>(text: &str, separator: char) -> Option<[&str; COUNT]> {
    text.split(separator).collect::<Vec<_>>().try_into().ok()
}
