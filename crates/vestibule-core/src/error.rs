//! The error vocabulary of the API.

use std::fmt;

/// Why a request was refused, as its answer says in `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request cannot be read.
    MalformedRequest,
    /// Nobody said who is calling.
    TokenMissing,
    /// The token is not valid here, in whichever way.
    TokenInvalid,
    /// The token was good, and its time is over: renew it.
    TokenExpired,
    /// The token's session was ended.
    TokenRevoked,
    /// The session is over for good: sign in again.
    SessionEnded,
    /// The login or the password is not right.
    InvalidCredentials,
    /// The person has to prove themselves again first (RFC 9470).
    FreshTokenRequired,
    /// The request does not come from one of our own pages.
    CsrfFailed,
    /// The caller may not do this.
    Forbidden,
    /// The e-mail address has to be verified first.
    EmailUnverified,
    /// There is no such thing.
    NotFound,
    /// The thing is there, the method is not.
    MethodNotAllowed,
    /// It is taken, or has changed meanwhile.
    Conflict,
    /// It has changed since it was read.
    PreconditionFailed,
    /// It is larger than is accepted.
    TooLarge,
    /// The body is of a type that is not accepted.
    UnsupportedMediaType,
    /// Some field is not as it has to be.
    InvalidInput,
    /// Too many tries.
    RateLimited,
    /// The server has failed.
    Internal,
    /// The service cannot do this right now.
    Unavailable,
}

impl ErrorCode {
    /// The word in `code`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed_request",
            Self::TokenMissing => "token_missing",
            Self::TokenInvalid => "token_invalid",
            Self::TokenExpired => "token_expired",
            Self::TokenRevoked => "token_revoked",
            Self::SessionEnded => "session_ended",
            Self::InvalidCredentials => "invalid_credentials",
            Self::FreshTokenRequired => "fresh_token_required",
            Self::CsrfFailed => "csrf_failed",
            Self::Forbidden => "forbidden",
            Self::EmailUnverified => "email_unverified",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "precondition_failed",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::InvalidInput => "invalid_input",
            Self::RateLimited => "rate_limited",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    /// The HTTP status (RFC 9110 section 15).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::MalformedRequest => 400,
            Self::TokenMissing
            | Self::TokenInvalid
            | Self::TokenExpired
            | Self::TokenRevoked
            | Self::SessionEnded
            | Self::InvalidCredentials
            | Self::FreshTokenRequired => 401,
            Self::CsrfFailed | Self::Forbidden | Self::EmailUnverified => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::InvalidInput => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// One line for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MalformedRequest => "The request is malformed",
            Self::TokenMissing => "Sign-in required",
            Self::TokenInvalid => "The token is invalid",
            Self::TokenExpired => "The token has expired",
            Self::TokenRevoked | Self::SessionEnded => "The session has ended",
            Self::InvalidCredentials => "Wrong name or password",
            Self::FreshTokenRequired => "Please confirm your password",
            Self::CsrfFailed => "The request does not come from a page of this site",
            Self::Forbidden => "Not allowed",
            Self::EmailUnverified => "The e-mail address is not verified",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "The method is not allowed here",
            Self::Conflict => "Conflict with the current state",
            Self::PreconditionFailed => "It has changed since it was read",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "The content type is not supported",
            Self::InvalidInput => "Some fields are invalid",
            Self::RateLimited => "Too many attempts",
            Self::Internal => "Internal error",
            Self::Unavailable => "Temporarily unavailable",
        }
    }

    /// What mends it.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::MalformedRequest => {
                "Compare the request with the API description at /openapi.json."
            }
            Self::TokenMissing => {
                "Send an access token as `Authorization: Bearer …`, or sign in with cookies."
            }
            Self::TokenInvalid => {
                "Renew it with the refresh token; if that is refused as well, sign in again."
            }
            Self::TokenExpired => "Renew it with the refresh token at /api/auth/refresh.",
            Self::TokenRevoked => {
                "The session of this token has ended. Renew the token to find out whether to sign in again."
            }
            Self::SessionEnded => "Drop its tokens and sign in again.",
            Self::InvalidCredentials => "Check both and try again.",
            Self::FreshTokenRequired => {
                "Send the password to /api/auth/confirm, then repeat the request with the new token."
            }
            Self::CsrfFailed => {
                "Send the value of the CSRF cookie in `X-CSRF-TOKEN`, from a page of this site. Reloading \
                 the page usually fixes this."
            }
            Self::Forbidden => "Ask an administrator of this site for the required role.",
            Self::EmailUnverified => "Follow the link in the mail that was sent to the address.",
            Self::NotFound => "Check the address.",
            Self::MethodNotAllowed => "The `Allow` header lists the allowed methods.",
            Self::Conflict => "Choose another name, or read it again and retry.",
            Self::PreconditionFailed => {
                "Read it again, merge, and send the new `ETag` in `If-Match`."
            }
            Self::TooLarge => "Send less data.",
            Self::UnsupportedMediaType => "Send `Content-Type: application/json`.",
            Self::InvalidInput => "`errors` lists the fields and how to fix them.",
            Self::RateLimited => "Try again after the seconds in `Retry-After`.",
            Self::Internal => "It was logged under the request id. Try again later.",
            Self::Unavailable => "Nothing was lost. Try again after the seconds in `Retry-After`.",
        }
    }

    /// Whether a client may forget its tokens on this answer. No other answer allows it.
    #[must_use]
    pub const fn ends_session(self) -> bool {
        matches!(self, Self::SessionEnded | Self::InvalidCredentials)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Makes `Debug` of errors say what their `Display` says, and the causes that it leaves out: it is what a program
/// prints whose `main` returns one.
#[doc(hidden)]
#[macro_export]
macro_rules! readable_debug {
    ($($error:ty),+ $(,)?) => {
        $(
            impl ::std::fmt::Debug for $error {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    $crate::error::write_with_causes(self, f)
                }
            }
        )+
    };
}

/// Writes an error and each of its causes that the text before does not hold already.
#[doc(hidden)]
pub fn write_with_causes(error: &dyn std::error::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let more = deeper.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = deeper.source();
    }
    f.write_str(&text)
}
