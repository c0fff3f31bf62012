//! Computing the digest of a password by any scheme.

use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    Argon2Variant, BcryptInput, HashError, HashScheme, PasswordParameters, Pbkdf2Function,
    foreign::to_bcrypt64,
};

/// What bcrypt takes of its input.
const BCRYPT_BYTES: usize = 72;

/// The digest of `password` of `length` bytes. `blocks` has at least the memory that the scheme fills of its hasher's.
pub(super) fn digest(
    scheme: HashScheme,
    password: &[u8],
    salt: &[u8],
    length: usize,
    blocks: &mut [Block],
) -> Result<Zeroizing<Vec<u8>>, HashError> {
    let mut digest = Zeroizing::new(vec![0; length]);
    match scheme {
        HashScheme::Argon2 { variant, parameters } => {
            argon2(variant, parameters, length)?
                .hash_password_into_with_memory(password, salt, &mut digest, blocks)
                .map_err(computation)?;
        }
        HashScheme::Scrypt { n, r, p } => {
            try_memory(scheme.memory_kib())?;
            let log_n = u8::try_from(n.ilog2()).map_err(computation)?;
            let params = scrypt::Params::new(log_n, r, p).map_err(computation)?;
            scrypt::scrypt(password, salt, &params, &mut digest).map_err(computation)?;
        }
        HashScheme::Pbkdf2 { function, iterations } => {
            let iterations = NonZeroU32::new(iterations).ok_or_else(|| computation("no round"))?;
            derive(function, iterations, password, salt, &mut digest);
        }
        HashScheme::Bcrypt { cost, prepared } => {
            let mut input = bcrypt_input(prepared, password, salt);
            // The end of the text counts as well, as far as it is among what is taken.
            input.push(0);
            input.truncate(BCRYPT_BYTES);
            let salt = salt.try_into().map_err(computation)?;
            let whole = Zeroizing::new(bcrypt::bcrypt(cost, salt, &input));
            digest.iter_mut().zip(whole.iter()).for_each(|(byte, whole)| *byte = *whole);
        }
    }
    Ok(digest)
}

fn argon2(
    variant: Argon2Variant,
    parameters: PasswordParameters,
    length: usize,
) -> Result<Argon2<'static>, HashError> {
    let algorithm = match variant {
        Argon2Variant::Id => Algorithm::Argon2id,
        Argon2Variant::I => Algorithm::Argon2i,
    };
    let (memory, passes) = (parameters.memory_kib(), parameters.iterations());
    let params = Params::new(memory, passes, parameters.lanes(), Some(length));
    Ok(Argon2::new(algorithm, Version::V0x13, params.map_err(computation)?))
}

/// Whether so much memory can be had. scrypt's crate takes it by itself, and ends the program where there is none.
fn try_memory(memory_kib: u64) -> Result<(), HashError> {
    let bytes = usize::try_from(memory_kib * 1024).map_err(computation)?;
    let tried = Vec::<u8>::new().try_reserve_exact(bytes);
    tried.map_err(|_| HashError::OutOfMemory { memory_kib })
}

fn derive(
    function: Pbkdf2Function,
    iterations: NonZeroU32,
    password: &[u8],
    salt: &[u8],
    derived: &mut [u8],
) {
    let function = match function {
        Pbkdf2Function::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Pbkdf2Function::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Pbkdf2Function::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Pbkdf2Function::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    pbkdf2::derive(function, iterations, salt, password, derived);
}

fn bcrypt_input(prepared: BcryptInput, password: &[u8], salt: &[u8]) -> Zeroizing<Vec<u8>> {
    // Room for the end that is added, so that nothing is moved and left behind.
    let mut input = Zeroizing::new(Vec::with_capacity(password.len().max(BCRYPT_BYTES) + 1));
    match prepared {
        BcryptInput::Password => input.extend_from_slice(password),
        BcryptInput::Sha256Hex => {
            for byte in digest::digest(&digest::SHA256, password).as_ref() {
                input.extend_from_slice(format!("{byte:02x}").as_bytes());
            }
        }
        BcryptInput::Sha256Base64 => {
            let digest = digest::digest(&digest::SHA256, password);
            input.extend_from_slice(STANDARD.encode(digest).as_bytes());
        }
        BcryptInput::HmacSha256Base64 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, to_bcrypt64(salt).as_bytes());
            input.extend_from_slice(STANDARD.encode(hmac::sign(&key, password)).as_bytes());
        }
    }
    input
}

pub(super) fn computation(error: impl std::fmt::Display) -> HashError {
    HashError::Computation { reason: error.to_string() }
}
