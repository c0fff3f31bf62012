//! Identifiers.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::random::{self, Entropy};

/// A user: a positive 64-bit integer that the user table gives out and never reuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for UserId {
    type Err = InvalidId;

    /// Reads the canonical decimal form only, so that one user has one spelling in a token's `sub`.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let number: i64 = text.parse().map_err(|_| InvalidId)?;
        if number > 0 && number.to_string() == text { Ok(Self(number)) } else { Err(InvalidId) }
    }
}

/// Gives names of 128 random bits, written as 22 characters of base64url.
macro_rules! drawn_id {
    ($(#[doc = $about:literal])+ $name:ident) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Draws a new one.
            #[must_use]
            pub fn draw(entropy: &dyn Entropy) -> Self {
                Self(random::draw(entropy))
            }

            /// The one with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let mut bytes = [0; 16];
                match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
                    Ok(16) => Ok(Self(bytes)),
                    Ok(_) | Err(_) => Err(InvalidId),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

drawn_id! {
    /// A session: 128 random bits, written as 22 characters of base64url.
    ///
    /// It names a session in tokens, logs and on the sessions page. It is no secret: knowing it opens
    /// nothing.
    SessionId
}

drawn_id! {
    /// A browser or an app: 128 random bits, written as 22 characters of base64url.
    DeviceId
}

drawn_id! {
    /// A file: 128 random bits, written as 22 characters of base64url.
    ///
    /// It names a file in addresses. It is no secret: whoever knows it sees the file only where they may.
    FileId
}

drawn_id! {
    /// An upload that comes in several requests: 128 random bits, written as 22 characters of base64url.
    UploadId
}

drawn_id! {
    /// A place where contents of files lie: 128 random bits, written as 22 characters of base64url.
    PlaceId
}

drawn_id! {
    /// An epoch of a store's feed: 128 random bits, written as 22 characters of base64url.
    EpochId
}

/// The text is not an identifier of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an identifier; copy it whole from a listing")]
pub struct InvalidId;
