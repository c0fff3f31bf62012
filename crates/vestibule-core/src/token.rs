//! Access and refresh tokens: what they claim, how they are made and read.
//!
//! The two are kept apart three times over: by `typ` in the header, by `type` in the claims, and by
//! keys that have nothing in common.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::{
    freshness::Freshness,
    id::{SessionId, UserId},
    jws::{self, InvalidToken, KeyError, Signer, Verifier},
    random::{self, Entropy},
    ring::KeyRing,
    secret::{SecretText, SiteSecret},
    session::{Lifetimes, Session},
    time::Timestamp,
    user::User,
};

/// `typ` of an access token (RFC 9068 section 2.1).
pub const ACCESS_TYP: &str = "at+jwt";
/// `typ` of a refresh token.
pub const REFRESH_TYP: &str = "rt+jwt";

/// The claims that the application's own may not shadow.
pub const RESERVED_CLAIMS: [&str; 18] = [
    "iss",
    "aud",
    "sub",
    "iat",
    "nbf",
    "exp",
    "jti",
    "sid",
    "gen",
    "ver",
    "type",
    "fresh",
    "auth_time",
    "amr",
    "roles",
    "is_admin",
    "username",
    "csrf",
];

/// An access token that was just issued, and what it says: nobody has to read it to know.
#[derive(Clone, Debug)]
pub struct IssuedAccess {
    /// The token.
    pub token: SecretText,
    /// Its claims, as [`TokenIssuer::read_access`] reads them.
    pub claims: AccessClaims,
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The site (RFC 7519 section 4.1.1).
    #[serde(rename = "iss")]
    pub issuer: String,
    /// For whom it is meant.
    #[serde(rename = "aud")]
    pub audience: String,
    /// The user, as a string of digits.
    #[serde(rename = "sub", serialize_with = "as_text", deserialize_with = "from_text")]
    pub user_id: UserId,
    /// When it was made, in whole seconds.
    #[serde(rename = "iat", with = "seconds")]
    pub issued_at: Timestamp,
    /// From when it is good.
    #[serde(rename = "nbf", with = "seconds")]
    pub not_before: Timestamp,
    /// Until when.
    #[serde(rename = "exp", with = "seconds")]
    pub expires_at: Timestamp,
    /// Its own name.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// The session that it belongs to.
    #[serde(rename = "sid")]
    pub session_id: SessionId,
    /// The session's generation.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// The version of the user's claims.
    #[serde(rename = "ver")]
    pub version: u64,
    /// Always `access`.
    #[serde(rename = "type")]
    pub kind: AccessKind,
    /// Until when it is proof of a recent authentication.
    pub fresh: Freshness,
    /// When the person last proved themselves.
    #[serde(with = "seconds")]
    pub auth_time: Timestamp,
    /// By which methods (RFC 8176).
    #[serde(rename = "amr")]
    pub methods: Vec<String>,
    /// What they may do.
    pub roles: Vec<String>,
    /// Whether they run the site.
    pub is_admin: bool,
    /// The user name.
    pub username: String,
    /// The session's CSRF value, for readers that compare it themselves; cookie sessions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<SecretText>,
    /// The application's own.
    #[serde(flatten)]
    pub custom: Map<String, Value>,
}

/// What a refresh token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshClaims {
    /// The site.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// The user.
    #[serde(rename = "sub", serialize_with = "as_text", deserialize_with = "from_text")]
    pub user_id: UserId,
    /// When its generation was made.
    #[serde(rename = "iat", with = "seconds")]
    pub issued_at: Timestamp,
    /// When the session ends if nobody renews it. The row decides, this is for the client to see.
    #[serde(rename = "exp", with = "seconds")]
    pub expires_at: Timestamp,
    /// Derived from session and generation.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// The session.
    #[serde(rename = "sid")]
    pub session_id: SessionId,
    /// The generation that it renews.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// Always `refresh`.
    #[serde(rename = "type")]
    pub kind: RefreshKind,
    /// Always `false`.
    pub fresh: Freshness,
}

/// The one value of an access token's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessKind {
    /// `access`
    #[serde(rename = "access")]
    Access,
}

/// The one value of a refresh token's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefreshKind {
    /// `refresh`
    #[serde(rename = "refresh")]
    Refresh,
}

/// Makes and reads the tokens of one site.
pub struct TokenIssuer {
    issuer: String,
    audience: String,
    lifetimes: Lifetimes,
    refresh_signer: Signer,
    refresh_verifier: Verifier,
    /// Where the secret was replaced, that of the previous one.
    previous_verifier: Option<Verifier>,
    derivation: hmac::Key,
}

/// What goes into an access token beside its session and user.
#[derive(Clone, Debug, Default)]
pub struct AccessExtras {
    /// Whether the token is proof of a recent authentication.
    pub fresh: Freshness,
    /// The session's CSRF value, for cookie sessions.
    pub csrf: Option<SecretText>,
    /// The application's own claims; reserved names are left out.
    pub custom: Map<String, Value>,
}

impl TokenIssuer {
    /// The forge of the site with this secret, `iss`, `aud` and lifetimes.
    #[must_use]
    pub fn new(secret: &SiteSecret, issuer: &str, audience: &str, lifetimes: &Lifetimes) -> Self {
        let signer = |secret: &SiteSecret| Signer::from_mac_key("refresh", secret.refresh_key());
        let refresh_signer = signer(secret);
        Self {
            previous_verifier: secret.previous().map(|previous| signer(&previous).verifier()),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            lifetimes: *lifetimes,
            refresh_verifier: refresh_signer.verifier(),
            refresh_signer,
            derivation: secret.own_mac_key(b"vestibule token id v1"),
        }
    }

    /// Issues the access token of a session's current generation, with what it says.
    ///
    /// # Errors
    /// [`MintError`] where it cannot be signed or would not fit into a cookie.
    #[expect(
        clippy::too_many_arguments,
        reason = "a token joins that many things, and each is of a type of its own"
    )]
    pub fn access(
        &self,
        ring: &KeyRing,
        session: &Session,
        user: &User,
        extras: AccessExtras,
        lifetimes: &Lifetimes,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<IssuedAccess, MintError> {
        let issued_at = Timestamp::from_seconds(now.seconds());
        let mut custom = extras.custom;
        custom.retain(|name, _| !RESERVED_CLAIMS.contains(&name.as_str()));
        let claims = AccessClaims {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            user_id: user.id,
            issued_at,
            not_before: issued_at,
            // The session's end is the token's at the latest.
            expires_at: whole_seconds((issued_at + lifetimes.access).min(session.ends_at)),
            token_id: URL_SAFE_NO_PAD.encode(random::draw::<16>(entropy)),
            session_id: session.id,
            generation: session.generation,
            version: user.version,
            kind: AccessKind::Access,
            fresh: extras.fresh,
            auth_time: whole_seconds(session.auth_time),
            methods: session.methods.clone(),
            roles: user.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            is_admin: user.is_super_user,
            username: user.username.clone(),
            csrf: extras.csrf,
            custom,
        };
        let token = fits(ring.active().sign(ACCESS_TYP, &claims)?)?;
        Ok(IssuedAccess { token, claims })
    }

    /// Derives the refresh token of a session's current generation: the same row gives the same bytes,
    /// whoever asks and however often.
    ///
    /// # Errors
    /// [`MintError`] where it cannot be signed.
    pub fn refresh(&self, session: &Session) -> Result<SecretText, MintError> {
        let claims = RefreshClaims {
            issuer: self.issuer.clone(),
            user_id: session.user_id,
            issued_at: session.renewed_at,
            expires_at: session.expires_at,
            token_id: self.refresh_id(session.id, session.generation),
            session_id: session.id,
            generation: session.generation,
            kind: RefreshKind::Refresh,
            fresh: Freshness::Stale,
        };
        fits(self.refresh_signer.sign(REFRESH_TYP, &claims)?)
    }

    /// Reads an access token, all but its place in time.
    ///
    /// Its claims come as the lifetimes of today have them: a token that was made when they were longer ends,
    /// and stops to be fresh, as if it had been made under these. So nothing lives longer than an ended session
    /// is remembered for ([`Lifetimes::access_memory`]).
    ///
    /// # Errors
    /// [`InvalidToken`] for whatever is not an access token of this site, signed by a key of the ring.
    pub fn read_access(
        &self,
        ring: &KeyRing,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessClaims, InvalidToken> {
        let mut scratch = Vec::new();
        let parts = jws::take_apart(token, &mut scratch)?;
        let verifier = parts.kid().and_then(|kid| ring.verifier(kid, now)).ok_or(InvalidToken)?;
        let payload = parts.verify(ACCESS_TYP, verifier)?;
        let mut claims: AccessClaims =
            serde_json::from_slice(&payload).map_err(|_| InvalidToken)?;
        if claims.issuer != self.issuer || claims.audience != self.audience {
            return Err(InvalidToken);
        }
        claims.expires_at = claims.expires_at.min(claims.issued_at + self.lifetimes.access);
        claims.fresh = claims.fresh.at_most(claims.auth_time, self.lifetimes.fresh);
        Ok(claims)
    }

    /// Whether an access token that was read is good at `now`.
    ///
    /// # Errors
    /// [`Untimely`]: not yet, or no longer.
    pub fn check_time(&self, claims: &AccessClaims, now: Timestamp) -> Result<(), Untimely> {
        let leeway = self.lifetimes.leeway;
        let soon = (now + leeway).seconds();
        if claims.issued_at.seconds() > soon || claims.not_before.seconds() > soon {
            return Err(Untimely::NotYet);
        }
        if (now - leeway).seconds() >= claims.expires_at.seconds() {
            return Err(Untimely::Expired);
        }
        Ok(())
    }

    /// Reads a refresh token. Whether it still buys anything is for [`crate::renewal::decide`] and the
    /// session's row to say, not for its `exp`.
    ///
    /// # Errors
    /// [`InvalidToken`] for whatever is not a refresh token of this site.
    pub fn read_refresh(&self, token: &str) -> Result<RefreshClaims, InvalidToken> {
        let mut scratch = Vec::new();
        let parts = jws::take_apart(token, &mut scratch)?;
        let payload =
            match (parts.verify(REFRESH_TYP, &self.refresh_verifier), &self.previous_verifier) {
                (Err(_), Some(previous)) => parts.verify(REFRESH_TYP, previous)?,
                (payload, _) => payload?,
            };
        let claims: RefreshClaims = serde_json::from_slice(&payload).map_err(|_| InvalidToken)?;
        if claims.issuer != self.issuer || claims.fresh != Freshness::Stale {
            return Err(InvalidToken);
        }
        Ok(claims)
    }

    fn refresh_id(&self, session: SessionId, generation: u64) -> String {
        let mut input = session.as_bytes().to_vec();
        input.extend_from_slice(&generation.to_be_bytes());
        let tag = hmac::sign(&self.derivation, &input);
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
    }
}

/// Whether a text that was refused looks like a token that can be used now: three parts, of which the second
/// names an end that is still to come. Nothing of it is verified.
#[must_use]
pub fn claims_to_be_good(token: &str, now: Timestamp) -> bool {
    #[derive(Deserialize)]
    struct Expiry {
        exp: i64,
    }
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let expiry = serde_json::from_slice::<Expiry>(&payload);
    expiry.is_ok_and(|expiry| expiry.exp > now.seconds())
}

/// The longest token that is made, in bytes: a cookie holds 4096 with its name and attributes (RFC 6265
/// section 6.1).
pub const MAX_MINTED_BYTES: usize = 3800;

/// As tokens carry times (RFC 7519 section 2, rounded down).
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_seconds(time.seconds())
}

fn fits(token: String) -> Result<SecretText, MintError> {
    if token.len() > MAX_MINTED_BYTES {
        Err(MintError::TooLarge { bytes: token.len() })
    } else {
        Ok(token.into())
    }
}

/// A good token at the wrong time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untimely {
    /// It was made in the future.
    NotYet,
    /// It was good once.
    Expired,
}

/// A token cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The claims are too many.
    #[error(
        "the token has {bytes} bytes, but a cookie can hold at most {MAX_MINTED_BYTES}; give the user \
         fewer roles, or add fewer claims"
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
}

mod seconds {
    use super::{Deserialize, Deserializer, Serializer, Timestamp, de};

    pub(super) fn serialize<S: Serializer>(
        time: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.seconds())
    }

    /// Whole seconds between 1970 and 9999: whatever else a number can be is no time of ours.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        match i64::deserialize(deserializer)? {
            seconds @ 0..=253_402_300_799 => Ok(Timestamp::from_seconds(seconds)),
            _ => Err(de::Error::custom("a time outside 1970 to 9999")),
        }
    }
}

fn as_text<S: Serializer>(id: &UserId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserId, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests;
