//! How the systems write bytes.

use base64::{
    Engine as _,
    alphabet::{Alphabet, BCRYPT, STANDARD},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Hexadecimal digits, lower case as Python writes them.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |sign: u8| match sign {
        b'0'..=b'9' => Some(sign - b'0'),
        b'a'..=b'f' => Some(sign - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

/// Base64 (RFC 4648 section 4), with or without its padding.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    decode(&STANDARD, STRICT, text)
}

/// passlib's: the same without padding, and with `.` for `+`.
pub(super) fn from_ab64(text: &str) -> Option<Vec<u8>> {
    if text.contains(['+', '=']) {
        return None;
    }
    decode(&STANDARD, STRICT, &text.replace('.', "+"))
}

/// bcrypt's alphabet. The bits that the last sign has too many count for nothing, and some systems left
/// chance ones there.
pub(super) fn from_bcrypt64(text: &str) -> Option<Vec<u8>> {
    decode(&BCRYPT, STRICT.with_decode_allow_trailing_bits(true), text)
}

/// The signs of a salt of bcrypt.
pub(in crate::password) fn to_bcrypt64(bytes: &[u8]) -> String {
    GeneralPurpose::new(&BCRYPT, STRICT).encode(bytes)
}

const STRICT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

fn decode(alphabet: &Alphabet, config: GeneralPurposeConfig, text: &str) -> Option<Vec<u8>> {
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}
