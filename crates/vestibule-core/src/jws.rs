//! Signed tokens in JWS compact form (RFC 7515 section 7.1), and nothing else of the standard.
//!
//! The reader accepts exactly the three header members that the writer makes, `alg`, `kid` and `typ`.
//! Everything by which a header can choose its own key or change the meaning of the payload (`jwk`,
//! `jku`, `x5u`, `x5c`, `crit`, `b64`, `zip`, `cty`) is refused by not being on that list. The
//! algorithm is a property of the key; the header only has to agree with it (RFC 8725 section 3.1).

use aws_lc_rs::{
    constant_time, hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, ParsedPublicKey,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The longest token that is looked at, in bytes: what fits into one cookie (RFC 6265 section 6.1).
pub const MAX_TOKEN_BYTES: usize = 4096;

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
    /// HMAC with SHA-256.
    HS256,
}

impl Algorithm {
    /// Its name in a header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
            Self::HS256 => "HS256",
        }
    }
}

impl std::str::FromStr for Algorithm {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        match name {
            "ES256" => Ok(Self::ES256),
            "EdDSA" => Ok(Self::EdDSA),
            "HS256" => Ok(Self::HS256),
            _ => Err(KeyError::UnknownAlgorithm),
        }
    }
}

/// A key that signs and verifies.
pub struct Signer {
    kid: String,
    key: SignerKey,
}

enum SignerKey {
    Ecdsa { pair: Box<EcdsaKeyPair>, verifier: Verifier },
    Ed25519 { pair: Box<Ed25519KeyPair>, verifier: Verifier },
    Hmac { key: Box<hmac::Key> },
}

impl Signer {
    /// Makes a new private key, in PKCS #8 (RFC 5958).
    ///
    /// The bytes come from the cryptographic library's own generator: it is not ours to hand it a
    /// weaker one.
    ///
    /// # Errors
    /// [`KeyError::Refused`] where the library cannot make one, [`KeyError::UnknownAlgorithm`] for
    /// HS256, whose keys are given.
    pub fn generate(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let random = SystemRandom::new();
        let document = match algorithm {
            Algorithm::ES256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
            Algorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(&random),
            Algorithm::HS256 => return Err(KeyError::UnknownAlgorithm),
        };
        document
            .map(|document| Zeroizing::new(document.as_ref().to_vec()))
            .map_err(|_| KeyError::Refused)
    }

    /// Reads a private key in PKCS #8.
    ///
    /// # Errors
    /// [`KeyError::Refused`] where the bytes are not a key of this algorithm.
    pub fn from_pkcs8(algorithm: Algorithm, kid: &str, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let key = match algorithm {
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                    .map_err(|_| KeyError::Refused)?;
                let verifier = Verifier::from_public(algorithm, kid, pair.public_key().as_ref())?;
                SignerKey::Ecdsa { pair: Box::new(pair), verifier }
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Refused)?;
                let verifier = Verifier::from_public(algorithm, kid, pair.public_key().as_ref())?;
                SignerKey::Ed25519 { pair: Box::new(pair), verifier }
            }
            Algorithm::HS256 => return Err(KeyError::UnknownAlgorithm),
        };
        Ok(Self { kid: kid.to_owned(), key })
    }

    /// A symmetric key.
    #[must_use]
    pub fn from_mac_key(kid: &str, key: hmac::Key) -> Self {
        Self { kid: kid.to_owned(), key: SignerKey::Hmac { key: Box::new(key) } }
    }

    /// The key's name in headers.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that this key is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.key {
            SignerKey::Ecdsa { .. } => Algorithm::ES256,
            SignerKey::Ed25519 { .. } => Algorithm::EdDSA,
            SignerKey::Hmac { .. } => Algorithm::HS256,
        }
    }

    /// The public half that verifies what this key signs; for HS256 the same key.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        match &self.key {
            SignerKey::Ecdsa { verifier, .. } | SignerKey::Ed25519 { verifier, .. } => {
                verifier.clone()
            }
            SignerKey::Hmac { key } => {
                Verifier { kid: self.kid.clone(), key: VerifierKey::Hmac(key.clone()) }
            }
        }
    }

    /// Signs `claims` as a token of the kind `typ`.
    ///
    /// HS256 and EdDSA are deterministic: the same claims give the same bytes.
    ///
    /// # Errors
    /// [`KeyError::Refused`] where the claims are no JSON object or the library cannot sign.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        let header = Header {
            alg: self.algorithm().name().into(),
            kid: Some(self.kid.as_str().into()),
            typ: Some(typ.into()),
        };
        let header = serde_json::to_vec(&header).map_err(|_| KeyError::Refused)?;
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError::Refused)?;
        if !is_object(&claims) {
            return Err(KeyError::Refused);
        }
        let mut token = String::with_capacity((header.len() + claims.len()) * 4 / 3 + 96);
        URL_SAFE_NO_PAD.encode_string(header, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature: Vec<u8> = match &self.key {
            SignerKey::Ecdsa { pair, .. } => pair
                .sign(&SystemRandom::new(), token.as_bytes())
                .map_err(|_| KeyError::Refused)?
                .as_ref()
                .to_vec(),
            SignerKey::Ed25519 { pair, .. } => pair.sign(token.as_bytes()).as_ref().to_vec(),
            SignerKey::Hmac { key } => hmac::sign(key, token.as_bytes()).as_ref().to_vec(),
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

/// A key that verifies.
#[derive(Clone)]
pub struct Verifier {
    kid: String,
    key: VerifierKey,
}

#[derive(Clone)]
enum VerifierKey {
    Ecdsa(ParsedPublicKey, Vec<u8>),
    Ed25519(ParsedPublicKey, Vec<u8>),
    Hmac(Box<hmac::Key>),
}

impl Verifier {
    /// Reads a public key: an uncompressed point (SEC 1 section 2.3.3) for ES256, 32 bytes for EdDSA.
    ///
    /// # Errors
    /// [`KeyError::Refused`] where the bytes are not such a key.
    pub fn from_public(algorithm: Algorithm, kid: &str, bytes: &[u8]) -> Result<Self, KeyError> {
        let key = match (algorithm, bytes) {
            // The library reads compressed and hybrid points too, which `jwk` would write wrongly.
            (Algorithm::ES256, [4, ..]) if bytes.len() == 65 => {
                VerifierKey::Ecdsa(parse(&ECDSA_P256_SHA256_FIXED, bytes)?, bytes.to_vec())
            }
            (Algorithm::EdDSA, _) if bytes.len() == 32 => {
                VerifierKey::Ed25519(parse(&ED25519, bytes)?, bytes.to_vec())
            }
            (Algorithm::ES256 | Algorithm::EdDSA, _) => return Err(KeyError::Refused),
            (Algorithm::HS256, _) => return Err(KeyError::UnknownAlgorithm),
        };
        Ok(Self { kid: kid.to_owned(), key })
    }

    /// The key's name in headers.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that this key is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.key {
            VerifierKey::Ecdsa(..) => Algorithm::ES256,
            VerifierKey::Ed25519(..) => Algorithm::EdDSA,
            VerifierKey::Hmac(_) => Algorithm::HS256,
        }
    }

    /// The key as a JSON Web Key (RFC 7517); `None` for a symmetric one, which is nobody's to see.
    #[must_use]
    pub fn jwk(&self) -> Option<Jwk> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (kty, crv, x, y) = match &self.key {
            VerifierKey::Ecdsa(_, point) => {
                let (x, y) = point.get(1..)?.split_at_checked(32)?;
                ("EC", "P-256", encode(x), Some(encode(y)))
            }
            VerifierKey::Ed25519(_, bytes) => ("OKP", "Ed25519", encode(bytes), None),
            VerifierKey::Hmac(_) => return None,
        };
        Some(Jwk { kty, crv, x, y, alg: self.algorithm(), kid: self.kid.clone(), usage: "sig" })
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            VerifierKey::Ecdsa(key, _) | VerifierKey::Ed25519(key, _) => {
                key.verify_sig(message, signature).is_ok()
            }
            VerifierKey::Hmac(key) => {
                let expected = hmac::sign(key, message);
                constant_time::verify_slices_are_equal(expected.as_ref(), signature).is_ok()
            }
        }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

/// A public key as others read it (RFC 7517, RFC 8037 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    alg: Algorithm,
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
}

/// A token taken apart, its signature not yet looked at.
pub struct Unverified<'t> {
    header: Header<'t>,
    signing_input: &'t str,
    claims: &'t str,
    signature: &'t str,
}

impl std::fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unverified").field("header", &self.header).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'t> {
    #[serde(borrow)]
    alg: std::borrow::Cow<'t, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    kid: Option<std::borrow::Cow<'t, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    typ: Option<std::borrow::Cow<'t, str>>,
}

/// Splits a token and reads its header with `scratch` as the memory for it.
///
/// # Errors
/// [`InvalidToken`] for anything but three parts, the first of them the base64url of a JSON object of
/// `alg`, `kid` and `typ`, each at most once.
pub fn take_apart<'t>(
    token: &'t str,
    scratch: &'t mut Vec<u8>,
) -> Result<Unverified<'t>, InvalidToken> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(InvalidToken);
    }
    let (signing_input, signature) = token.rsplit_once('.').ok_or(InvalidToken)?;
    let (header, claims) = signing_input.split_once('.').ok_or(InvalidToken)?;
    if claims.contains('.') {
        return Err(InvalidToken);
    }
    scratch.clear();
    URL_SAFE_NO_PAD.decode_vec(header, scratch).map_err(|_| InvalidToken)?;
    if !is_object(scratch) {
        return Err(InvalidToken);
    }
    let header = serde_json::from_slice(scratch).map_err(|_| InvalidToken)?;
    Ok(Unverified { header, signing_input, claims, signature })
}

impl Unverified<'_> {
    /// The key that the token says it was signed with: a name to look up, never a place to fetch.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Checks kind, algorithm and signature, and gives the payload's bytes, which begin a JSON object.
    ///
    /// # Errors
    /// [`InvalidToken`] where any of them is not exactly right.
    pub fn verify(&self, typ: &str, verifier: &Verifier) -> Result<Vec<u8>, InvalidToken> {
        if self.header.typ.as_deref() != Some(typ) || self.kid() != Some(verifier.kid()) {
            return Err(InvalidToken);
        }
        self.verify_signature(verifier)
            .and_then(|payload| if is_object(&payload) { Ok(payload) } else { Err(InvalidToken) })
    }

    /// Checks the algorithm and the signature alone.
    ///
    /// # Errors
    /// [`InvalidToken`] where the header names another algorithm than the key's, or the signature is
    /// not the key's.
    pub fn verify_signature(&self, verifier: &Verifier) -> Result<Vec<u8>, InvalidToken> {
        if self.header.alg != verifier.algorithm().name() {
            return Err(InvalidToken);
        }
        let mut signature = [0; 64];
        let length = URL_SAFE_NO_PAD
            .decode_slice(self.signature, &mut signature)
            .map_err(|_| InvalidToken)?;
        let signature = signature.get(..length).ok_or(InvalidToken)?;
        if !verifier.verifies(self.signing_input.as_bytes(), signature) {
            return Err(InvalidToken);
        }
        URL_SAFE_NO_PAD.decode(self.claims).map_err(|_| InvalidToken)
    }
}

/// Whether a JSON text is an object. A parser that fills a struct would take an array for one, its items
/// for the members in their order.
fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

fn parse(
    algorithm: &'static dyn aws_lc_rs::signature::VerificationAlgorithm,
    bytes: &[u8],
) -> Result<ParsedPublicKey, KeyError> {
    ParsedPublicKey::new(algorithm, bytes).map_err(|_| KeyError::Refused)
}

/// The token is not one of ours, in whichever way: the ways are not told apart for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is invalid")]
pub struct InvalidToken;

/// A key could not be made, read or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name or the use of an algorithm is none of this crate's.
    #[error("the signature algorithm is not ES256 or EdDSA, nor an enabled HS256")]
    UnknownAlgorithm,
    /// The cryptographic library refused.
    #[error("the cryptographic library refused the key or the message")]
    Refused,
}

#[cfg(test)]
mod tests;
