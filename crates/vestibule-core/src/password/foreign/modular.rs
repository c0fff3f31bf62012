//! What begins with `$`: bcrypt of any system, and passlib's forms.

use super::{
    encoding::{from_ab64, from_base64, from_bcrypt64},
    fields, number, pbkdf2, scrypt,
};
use crate::password::{
    parts::HashParts, scheme::BcryptInput, scheme::HashScheme, scheme::Pbkdf2Function,
};

const SALT_SIGNS: usize = 22;
const DIGEST_SIGNS: usize = 31;

/// `text` without its first `$`.
pub(super) fn read(text: &str) -> Option<HashParts> {
    let (word, rest) = text.split_once('$')?;
    match word {
        "2a" | "2b" | "2y" => bcrypt(text, BcryptInput::Password),
        "bcrypt-sha256" => bcrypt_sha256(rest),
        "pbkdf2" => of_pbkdf2(Pbkdf2Function::Sha1, rest),
        "pbkdf2-sha256" => of_pbkdf2(Pbkdf2Function::Sha256, rest),
        "pbkdf2-sha512" => of_pbkdf2(Pbkdf2Function::Sha512, rest),
        "scrypt" => of_scrypt(rest),
        _ => None,
    }
}

/// `2b$12$` and 22 signs of salt and 31 of digest. The letter says who repaired which mistake in which
/// implementation; what `2a`, `2b` and `2y` compute for passwords of text is the same. (`2x` is the mistake.)
pub(super) fn bcrypt(text: &str, prepared: BcryptInput) -> Option<HashParts> {
    let [ident, cost, signs] = fields(text, '$')?;
    if !matches!(ident, "2a" | "2b" | "2y") || cost.len() != 2 {
        return None;
    }
    let (salt, digest) = signs.split_at_checked(SALT_SIGNS)?;
    // Two digits, so that a zero may stand in front.
    bcrypt_of(number(cost.strip_prefix('0').unwrap_or(cost))?, prepared, salt, digest)
}

/// Version 2: `v=2,t=2b,r=12$salt$digest`. Version 1: `2b,12$salt$digest`.
fn bcrypt_sha256(rest: &str) -> Option<HashParts> {
    let [cost, salt, digest] = fields(rest, '$')?;
    let is_ident = |ident| matches!(ident, "2a" | "2b");
    if let Some(cost) = cost.strip_prefix("v=2,t=") {
        let [ident, cost] = fields(cost, ',')?;
        let cost = number(cost.strip_prefix("r=")?)?;
        return is_ident(ident)
            .then(|| bcrypt_of(cost, BcryptInput::HmacSha256Base64, salt, digest))?;
    }
    let [ident, cost] = fields(cost, ',')?;
    is_ident(ident).then(|| bcrypt_of(number(cost)?, BcryptInput::Sha256Base64, salt, digest))?
}

fn bcrypt_of(cost: u32, prepared: BcryptInput, salt: &str, digest: &str) -> Option<HashParts> {
    let fits = (4..=31).contains(&cost) && salt.len() == SALT_SIGNS && digest.len() == DIGEST_SIGNS;
    let (salt, digest) = (from_bcrypt64(salt)?, from_bcrypt64(digest)?);
    fits.then_some(HashParts { scheme: HashScheme::Bcrypt { cost, prepared }, salt, digest })
}

/// `rounds$salt$digest`.
fn of_pbkdf2(function: Pbkdf2Function, rest: &str) -> Option<HashParts> {
    let [iterations, salt, digest] = fields(rest, '$')?;
    pbkdf2(function, number(iterations)?, from_ab64(salt)?, from_ab64(digest)?)
}

/// `ln=16,r=8,p=1$salt$digest`.
fn of_scrypt(rest: &str) -> Option<HashParts> {
    let [cost, salt, digest] = fields(rest, '$')?;
    let [log_n, r, p] = fields(cost, ',')?;
    let of = |field: &str, name| number(field.strip_prefix(name)?);
    let n = 1_u32.checked_shl(of(log_n, "ln=")?)?;
    scrypt(n, of(r, "r=")?, of(p, "p=")?, from_base64(salt)?, from_base64(digest)?)
}
