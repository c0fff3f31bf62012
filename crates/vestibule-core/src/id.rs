//! Identifiers.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

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

/// Makes the type of an identifier: 128 random bits, written as 22 characters of base64url. The crate that calls
/// it needs `serde`.
#[doc(hidden)]
#[macro_export]
macro_rules! drawn_id {
    ($(#[doc = $about:literal])+ $name:ident) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Draws a new one.
            #[must_use]
            pub fn draw(entropy: &dyn $crate::random::Entropy) -> Self {
                Self($crate::random::draw(entropy))
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

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::id::text_of(&self.0))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::write!(f, ::std::concat!(::std::stringify!($name), "({})"), self)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::id::bytes_of(text).map(Self)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(
                    deserializer,
                )?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    };
}

/// How an identifier is written.
#[doc(hidden)]
#[must_use]
pub fn text_of(bytes: &[u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`text_of`] wrote.
#[doc(hidden)]
pub fn bytes_of(text: &str) -> Result<[u8; 16], InvalidId> {
    let mut bytes = [0; 16];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(16) => Ok(bytes),
        Ok(_) | Err(_) => Err(InvalidId),
    }
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
    /// An epoch of a store's feed: 128 random bits, written as 22 characters of base64url.
    EpochId
}

/// The text is not an identifier of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an identifier; copy it in full from a listing")]
pub struct InvalidId;
