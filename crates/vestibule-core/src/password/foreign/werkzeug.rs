//! werkzeug (`werkzeug.security`, what Flask's own documentation uses): `scrypt:N:r:p$salt$hex` and
//! `pbkdf2:function:iterations$salt$hex`. The salt is used as the text that it is.

use super::{encoding::from_hex, fields, number, pbkdf2, scrypt};
use crate::password::{parts::HashParts, scheme::Pbkdf2Function};

pub(super) fn read(method: &str, rest: &str) -> Option<HashParts> {
    let [cost, salt, digest] = fields(rest, '$')?;
    let (salt, digest) = (salt.as_bytes().to_vec(), from_hex(digest)?);
    match method {
        "scrypt" => {
            let [n, r, p] = fields(cost, ':')?;
            scrypt(number(n)?, number(r)?, number(p)?, salt, digest)
        }
        "pbkdf2" => {
            let [function, iterations] = fields(cost, ':')?;
            let function = match function {
                "sha1" => Pbkdf2Function::Sha1,
                "sha256" => Pbkdf2Function::Sha256,
                "sha384" => Pbkdf2Function::Sha384,
                "sha512" => Pbkdf2Function::Sha512,
                _ => return None,
            };
            pbkdf2(function, number(iterations)?, salt, digest)
        }
        _ => None,
    }
}
