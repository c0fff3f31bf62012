//! Django (`django.contrib.auth.hashers`): the hasher's name, `$`, and what that hasher writes. The salt is
//! used as the text that it is.

use super::{encoding::from_base64, fields, modular, number, pbkdf2, scrypt};
use crate::password::{
    parts::{self, HashParts},
    scheme::BcryptInput,
    scheme::Pbkdf2Function,
};

pub(super) fn read(hasher: &str, rest: &str) -> Option<HashParts> {
    match hasher {
        "pbkdf2_sha256" => of_pbkdf2(Pbkdf2Function::Sha256, rest),
        "pbkdf2_sha1" => of_pbkdf2(Pbkdf2Function::Sha1, rest),
        "scrypt" => {
            let [n, salt, r, p, digest] = fields(rest, '$')?;
            let (salt, digest) = (salt.as_bytes().to_vec(), from_base64(digest)?);
            scrypt(number(n)?, number(r)?, number(p)?, salt, digest)
        }
        "bcrypt" => modular::bcrypt(rest.strip_prefix('$')?, BcryptInput::Password),
        "bcrypt_sha256" => modular::bcrypt(rest.strip_prefix('$')?, BcryptInput::Sha256Hex),
        // `argon2$argon2id$…`: without its own name, and with the `$` behind that, it is a PHC string.
        "argon2" => parts::argon2(&format!("${rest}")),
        _ => None,
    }
}

fn of_pbkdf2(function: Pbkdf2Function, rest: &str) -> Option<HashParts> {
    let [iterations, salt, digest] = fields(rest, '$')?;
    pbkdf2(function, number(iterations)?, salt.as_bytes().to_vec(), from_base64(digest)?)
}
