//! A notice for the next page, in a cookie that lives for a minute.
//!
//! The cookie names one of the notices below, under a MAC: nobody else can make a page of ours say
//! something, and what it says is never more than our texts hold.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use minijinja::{Value, context};
use vestibule::{Config, Visit, core::secret::MacKey};

use crate::i18n::Language;

/// What the next page may have to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flash {
    Registered,
    /// An account was asked for where its address has to be verified first.
    RegisteredUnverified,
    /// The message that verifies an address was asked for.
    VerifyAgain,
    Verified,
    /// A link for a new password was asked for.
    ResetAsked,
    PasswordReset,
    SetUp,
    SignedOut,
    Saved,
    /// Another address was asked for.
    AddressAsked,
    /// Another address was asked for, and is not any more.
    AddressKept,
    /// The same, by the owner of the present one, which signs everybody out.
    AddressKeptSignedOut,
    PasswordChanged,
    SessionEnded,
    OthersEnded,
    AccountDeleted,
    AccountKept,
    /// An account is back whose address has to be verified first.
    AccountKeptLogIn,
    /// The question whether to keep an account was answered too late.
    RestoreAgain,
    FileKept,
    FileShared,
    /// A file that was offered is in the list now.
    FileAccepted,
    FileUnshared,
    FileDeleted,
    /// All sessions of somebody else's account.
    SessionsEnded,
    FeedbackTaken,
    /// Somebody else was sent a link for a new password.
    ResetStarted,
    MailRetried,
    /// A form came from somebody whose session had ended.
    SignInFirst,
    /// The form of a signed-in person was not taken, because the session had to be renewed first.
    SendAgain,
    /// Somebody comes whose session was ended because there was a copy of it.
    SessionStolen,
    /// A form came that asks for a fresh proof.
    ConfirmFirst,
    /// A file was asked for that does.
    ConfirmForExport,
}

/// In seconds: longer than any redirect takes.
const MAX_AGE: u32 = 60;

impl Flash {
    pub(crate) const ALL: [Self; 33] = [
        Self::Registered,
        Self::RegisteredUnverified,
        Self::VerifyAgain,
        Self::Verified,
        Self::ResetAsked,
        Self::PasswordReset,
        Self::SetUp,
        Self::SignedOut,
        Self::Saved,
        Self::AddressAsked,
        Self::AddressKept,
        Self::AddressKeptSignedOut,
        Self::PasswordChanged,
        Self::SessionEnded,
        Self::OthersEnded,
        Self::AccountDeleted,
        Self::AccountKept,
        Self::AccountKeptLogIn,
        Self::RestoreAgain,
        Self::FileKept,
        Self::FileShared,
        Self::FileAccepted,
        Self::FileUnshared,
        Self::FileDeleted,
        Self::SessionsEnded,
        Self::FeedbackTaken,
        Self::ResetStarted,
        Self::MailRetried,
        Self::SignInFirst,
        Self::SendAgain,
        Self::SessionStolen,
        Self::ConfirmFirst,
        Self::ConfirmForExport,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::RegisteredUnverified => "registered-unverified",
            Self::VerifyAgain => "verify-again",
            Self::Verified => "verified",
            Self::ResetAsked => "reset-asked",
            Self::PasswordReset => "password-reset",
            Self::SetUp => "set-up",
            Self::SignedOut => "signed-out",
            Self::Saved => "saved",
            Self::AddressAsked => "address-asked",
            Self::AddressKept => "address-kept",
            Self::AddressKeptSignedOut => "address-kept-signed-out",
            Self::PasswordChanged => "password-changed",
            Self::SessionEnded => "session-ended",
            Self::OthersEnded => "others-ended",
            Self::AccountDeleted => "account-deleted",
            Self::AccountKept => "account-kept",
            Self::AccountKeptLogIn => "account-kept-log-in",
            Self::RestoreAgain => "restore-again",
            Self::FileKept => "file-kept",
            Self::FileShared => "file-shared",
            Self::FileAccepted => "file-accepted",
            Self::FileUnshared => "file-unshared",
            Self::FileDeleted => "file-deleted",
            Self::SessionsEnded => "sessions-ended",
            Self::FeedbackTaken => "feedback-taken",
            Self::ResetStarted => "reset-started",
            Self::MailRetried => "mail-retried",
            Self::SignInFirst => "sign-in-first",
            Self::SendAgain => "send-again",
            Self::SessionStolen => "session-stolen",
            Self::ConfirmFirst => "confirm-first",
            Self::ConfirmForExport => "confirm-for-export",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::SignInFirst | Self::SendAgain | Self::SessionStolen | Self::RestoreAgain => {
                "warning"
            }
            Self::VerifyAgain
            | Self::ResetAsked
            | Self::AddressAsked
            | Self::ConfirmFirst
            | Self::ConfirmForExport => "info",
            _ => "success",
        }
    }

    /// The kind of notice and its text, for the templates. Of those that name an address or an account, none
    /// tells whether there is one: they are the same for everybody.
    pub(super) fn value(self, language: &Language) -> Value {
        context! { kind => self.kind(), text => language.text(&self.text()) }
    }

    /// The name of its text.
    pub(crate) fn text(self) -> String {
        format!("flash-{}", self.code())
    }

    /// What has to be said of the session that a request came with.
    pub(super) fn about(visit: &Visit) -> Option<Self> {
        visit.came_with_stolen_session().then_some(Self::SessionStolen)
    }

    /// The notice that came with a request.
    pub(super) fn read(headers: &HeaderMap, config: &Config) -> Option<Self> {
        let name = name(config);
        let value = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .find_map(|pair| {
                let (this, value) = pair.trim_start_matches(' ').split_once('=')?;
                (this == name).then_some(value)
            })?;
        let (code, tag) = value.split_once('.')?;
        let flash = Self::ALL.into_iter().find(|flash| flash.code() == code)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        key(config).verifies(code.as_bytes(), &tag).then_some(flash)
    }

    /// The `Set-Cookie` value that brings it to the next page.
    pub(super) fn cookie(self, config: &Config) -> Option<HeaderValue> {
        let code = self.code();
        let tag = URL_SAFE_NO_PAD.encode(key(config).sign(code.as_bytes()));
        set_cookie(config, &format!("{code}.{tag}"), MAX_AGE)
    }

    /// The `Set-Cookie` value after it was shown.
    pub(super) fn cleared(config: &Config) -> Option<HeaderValue> {
        set_cookie(config, "", 0)
    }
}

fn set_cookie(config: &Config, value: &str, max_age: u32) -> Option<HeaderValue> {
    let name = name(config);
    let secure = if config.cookies.secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; SameSite=Lax; Max-Age={max_age}{secure}; HttpOnly");
    HeaderValue::from_str(&text).ok()
}

const fn name(config: &Config) -> &'static str {
    if config.cookies.secure { "__Host-flash" } else { "flash" }
}

fn key(config: &Config) -> MacKey {
    config.secret.mac_key(b"vestibule flash v1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule::SiteSecret;

    fn config(url: &str) -> Config {
        Config::new("Maps", url, SiteSecret::new([7; 32]).unwrap()).unwrap()
    }

    fn read(cookie: &str, config: &Config) -> Option<Flash> {
        let line = HeaderValue::from_str(cookie).unwrap();
        Flash::read(&HeaderMap::from_iter([(header::COOKIE, line)]), config)
    }

    fn sent(flash: Flash, config: &Config) -> String {
        let cookie = flash.cookie(config).unwrap();
        let cookie = cookie.to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn every_notice_arrives_as_it_was_sent() {
        for url in ["https://app.test", "http://app.test"] {
            let config = config(url);
            for flash in Flash::ALL {
                let cookie = sent(flash, &config);
                assert_eq!(read(&format!("a=1; {cookie}; b=2"), &config), Some(flash));
            }
        }
        assert!(sent(Flash::Saved, &config("https://app.test")).starts_with("__Host-flash="));
    }

    #[test]
    fn nobody_else_makes_one() {
        let config = config("https://app.test");
        let good = sent(Flash::Saved, &config);
        assert_eq!(read(&good.replace("saved", "set-up"), &config), None);
        assert_eq!(read(&good.replace("__Host-", ""), &config), None);
        let (start, _) = good.split_once('.').unwrap();
        for bad in [start.to_owned(), format!("{start}."), format!("{start}.AAAA")] {
            assert_eq!(read(&bad, &config), None, "{bad}");
        }
        let other = Config::new("Maps", "https://app.test", SiteSecret::new([8; 32]).unwrap());
        assert_eq!(read(&good, &other.unwrap()), None);
    }

    #[test]
    fn every_attribute_is_stated() {
        let cleared = Flash::cleared(&config("https://app.test")).unwrap();
        assert_eq!(
            cleared.to_str().unwrap(),
            "__Host-flash=; Path=/; SameSite=Lax; Max-Age=0; Secure; HttpOnly"
        );
    }
}
