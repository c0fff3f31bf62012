//! The names of what is logged, after the OWASP logging vocabulary.

/// Something worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the vocabulary's own and say it")]
pub enum EventName {
    AuthnLoginSuccess,
    AuthnLoginFail,
    AuthnLoginLock,
    AuthnPasswordChange,
    AuthnTokenCreated,
    AuthnTokenRevoked,
    AuthnTokenReuse,
    AuthzFail,
    AuthzAdmin,
    MaliciousCsrf,
    ExcessRateLimitExceeded,
    SessionCreated,
    SessionRenewed,
    SessionExpired,
    SessionLogout,
    UserCreated,
    UserUpdated,
    UserDeleted,
    SysStartup,
    SysShutdown,
}

impl EventName {
    /// The name as logged.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthnLoginSuccess => "authn_login_success",
            Self::AuthnLoginFail => "authn_login_fail",
            Self::AuthnLoginLock => "authn_login_lock",
            Self::AuthnPasswordChange => "authn_password_change",
            Self::AuthnTokenCreated => "authn_token_created",
            Self::AuthnTokenRevoked => "authn_token_revoked",
            Self::AuthnTokenReuse => "authn_token_reuse",
            Self::AuthzFail => "authz_fail",
            Self::AuthzAdmin => "authz_admin",
            Self::MaliciousCsrf => "malicious_csrf",
            Self::ExcessRateLimitExceeded => "excess_rate_limit_exceeded",
            Self::SessionCreated => "session_created",
            Self::SessionRenewed => "session_renewed",
            Self::SessionExpired => "session_expired",
            Self::SessionLogout => "session_logout",
            Self::UserCreated => "user_created",
            Self::UserUpdated => "user_updated",
            Self::UserDeleted => "user_deleted",
            Self::SysStartup => "sys_startup",
            Self::SysShutdown => "sys_shutdown",
        }
    }
}
