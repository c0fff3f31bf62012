//! What the API takes and gives.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vestibule_core::{
    password::TypedPassword,
    secret::SecretText,
    session::{Carrier, Over, Session},
    store::RenewalNote,
    time::Timestamp,
    user::User,
};

/// `POST /api/auth/register`
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RegisterBody {
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
    #[schema(value_type = Option<String>)]
    pub(crate) password: Option<TypedPassword>,
}

/// The answer to a registration, the same whether the address had an account or not.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisteredBody {
    pub(crate) username: String,
    pub(crate) email: String,
}

/// `POST /api/auth/login`
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct LoginBody {
    /// The user name or the e-mail address.
    pub(crate) login: Option<String>,
    #[schema(value_type = Option<String>)]
    pub(crate) password: Option<TypedPassword>,
    /// What the app calls the device it runs on.
    pub(crate) device: Option<String>,
    /// What an app got with its last sign-in: with it, failures of others do not keep the app out.
    #[schema(value_type = Option<String>)]
    pub(crate) device_token: Option<SecretText>,
    /// True by default for header sign-ins, false for cookies.
    pub(crate) remember: Option<bool>,
    #[serde(default)]
    pub(crate) transport: Transport,
}

/// By which carrier tokens are to travel.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    #[default]
    Header,
    Cookie,
}

impl From<Transport> for Carrier {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Header => Self::Header,
            Transport::Cookie => Self::Cookie,
        }
    }
}

/// Tokens for the `Authorization` header.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeaderTokens {
    #[schema(value_type = String)]
    pub(crate) access_token: SecretText,
    #[schema(value_type = String)]
    pub(crate) refresh_token: SecretText,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
    /// Seconds until the access token expires.
    pub(crate) expires_in: u64,
    /// Seconds until the refresh token expires.
    pub(crate) refresh_expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserBody>,
    /// With a sign-in: to keep, also when signed out, and to send with the next one. It lets nobody in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) device_token: Option<SecretText>,
}

/// The answer where the tokens went as cookies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CookieTokens {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserBody>,
    /// For `X-CSRF-TOKEN`; the same as in the readable cookie.
    #[schema(value_type = String)]
    pub(crate) csrf_token: SecretText,
    /// Seconds until the access token expires.
    pub(crate) expires_in: u64,
}

/// A fresh access token for the `Authorization` header.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FreshToken {
    #[schema(value_type = String)]
    pub(crate) access_token: SecretText,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
    /// Seconds until it expires.
    pub(crate) expires_in: u64,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserBody {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    /// `active`, `suspended` or `deleted`.
    pub(crate) status: &'static str,
    pub(crate) roles: Vec<String>,
    pub(crate) is_super_user: bool,
    /// The language that they chose (BCP 47); `null` leaves it to each browser.
    pub(crate) locale: Option<String>,
    /// Seconds since the Unix epoch.
    pub(crate) created_at: i64,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.0,
            username: user.username.clone(),
            email: user.email.clone(),
            email_verified: user.email_verified_at.is_some(),
            status: user.status.name(),
            roles: user.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            is_super_user: user.is_super_user,
            locale: user.locale.as_ref().map(ToString::to_string),
            created_at: user.created_at.seconds(),
        }
    }
}

/// A user on their own.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserEnvelope {
    pub(crate) user: UserBody,
}

/// `GET /api/auth/me`
#[derive(Serialize, ToSchema)]
pub(crate) struct MeBody {
    pub(crate) user: UserBody,
    pub(crate) session: SessionStanding,
}

/// The session of the caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionStanding {
    pub(crate) id: String,
    /// Whether the token is proof of a recent authentication.
    pub(crate) fresh: bool,
    /// Until when, in seconds since the Unix epoch.
    pub(crate) fresh_until: Option<i64>,
    /// When they last proved themselves, in seconds since the Unix epoch.
    pub(crate) auth_time: i64,
    /// `cookie` or `header`.
    pub(crate) carrier: &'static str,
}

/// `POST /api/auth/confirm`
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ConfirmBody {
    #[schema(value_type = Option<String>)]
    pub(crate) password: Option<TypedPassword>,
}

/// `PUT /api/auth/password`
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasswordBody {
    #[schema(value_type = Option<String>)]
    pub(crate) current: Option<TypedPassword>,
    #[schema(value_type = Option<String>)]
    pub(crate) new: Option<TypedPassword>,
}

/// `PATCH /api/user`
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ProfileBody {
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
    /// One of the site's languages; `null` leaves it to each browser.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub(crate) locale: Option<Option<String>>,
}

/// What is there and `null` is something else than what is not there.
fn said<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `GET /api/auth/sessions`
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsBody {
    pub(crate) sessions: Vec<SessionBody>,
    /// `cursor` of the next page, where there is one.
    pub(crate) next_cursor: Option<String>,
}

/// A session as its owner sees it. Times are seconds since the Unix epoch.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionBody {
    pub(crate) id: String,
    /// Whether it is the one that asks.
    pub(crate) current: bool,
    /// `cookie` or `header`.
    pub(crate) carrier: &'static str,
    pub(crate) device: Option<String>,
    pub(crate) user_agent: String,
    pub(crate) address: String,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) auth_time: i64,
    pub(crate) expires_at: i64,
    pub(crate) ended_at: Option<i64>,
    /// Why it ended.
    pub(crate) end_reason: Option<&'static str>,
}

impl SessionBody {
    pub(crate) fn of(session: &Session, current: bool, now: Timestamp) -> Self {
        let over = session.over(now);
        Self {
            id: session.id.to_string(),
            current,
            carrier: session.carrier.name(),
            device: session.device.clone(),
            user_agent: session.agent.clone(),
            address: session.address.clone(),
            created_at: session.created_at.seconds(),
            last_seen_at: session.last_seen_at.seconds(),
            auth_time: session.auth_time.seconds(),
            expires_at: session.expires_at.seconds(),
            ended_at: over.map(|over| over.since.seconds()),
            end_reason: over.map(Over::name),
        }
    }
}

/// `GET /api/auth/sessions/{id}`
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionDetailBody {
    pub(crate) session: SessionBody,
    /// What became of its refresh tokens, the latest first.
    pub(crate) renewals: Vec<RenewalBody>,
}

/// What became of the refresh token of one generation. Times are seconds since the Unix epoch.
#[derive(Serialize, ToSchema)]
pub(crate) struct RenewalBody {
    /// The generation that was presented.
    pub(crate) generation: u64,
    /// `advanced`, `repeated_concurrent`, `repeated_lost_answer`, `theft`, `ended`, `idle`, `past_end`,
    /// `not_issued` or `superseded`.
    pub(crate) outcome: &'static str,
    /// How often.
    pub(crate) count: u64,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    /// From which address, the last time.
    pub(crate) address: String,
    pub(crate) user_agent: String,
}

impl From<RenewalNote> for RenewalBody {
    fn from(note: RenewalNote) -> Self {
        Self {
            generation: note.presented,
            outcome: note.outcome.name(),
            count: note.count,
            first_at: note.first_at.seconds(),
            last_at: note.last_at.seconds(),
            address: note.address,
            user_agent: note.agent,
        }
    }
}
