//! Which notice says what. The words stand in `templates/mail/`: the first line of each is
//! the subject, behind `Subject:`, and the rest is the text.
//!
//! No text holds a user name or anything else that somebody typed: whoever gives the address of another
//! person sends them nothing of their own.

use minijinja::context;
use vestibule::{
    Notice, Problem, User,
    core::{time::Timestamp, user::UserStatus},
};

use super::verification;
use crate::pages::{
    Templates,
    dates::{civil, month_name},
};

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    VerifyAddress,
    RegisteredAgain,
    PasswordChanged,
    TheftNoticed,
    Deleted,
}

impl Kind {
    /// What a notice is about, and whose; `None` where there is nothing to say.
    pub(super) fn of(notice: Notice) -> Option<(Self, User)> {
        let (kind, user) = match notice {
            Notice::Registered(user) | Notice::VerifyAddress(user) => (Self::VerifyAddress, user),
            Notice::RegisteredAgain(user) => (Self::RegisteredAgain, user),
            Notice::PasswordChanged(user) => (Self::PasswordChanged, user),
            Notice::TheftNoticed(user) => (Self::TheftNoticed, user),
            Notice::Deleted(user) => (Self::Deleted, user),
            other => {
                tracing::error!(notice = ?other, "there is no mail for this notice");
                return None;
            }
        };
        let is_settled = kind == Self::VerifyAddress && user.email_verified_at.is_some();
        (!is_settled).then_some((kind, user))
    }

    /// Its name in the log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::VerifyAddress => "verify address",
            Self::RegisteredAgain => "registered again",
            Self::PasswordChanged => "password changed",
            Self::TheftNoticed => "theft noticed",
            Self::Deleted => "deleted",
        }
    }

    /// Whether mails of this kind to this user are counted. Those are that anybody can have sent, and all to
    /// an address that nobody has shown to be theirs. What the owner of an account must learn of arrives
    /// whatever came before it: otherwise a thief would only have to use the limit up first.
    pub(super) fn is_limited(self, user: &User) -> bool {
        matches!(self, Self::VerifyAddress | Self::RegisteredAgain)
            || user.email_verified_at.is_none()
    }

    const fn template(self) -> &'static str {
        match self {
            Self::VerifyAddress => "mail/verify.txt",
            Self::RegisteredAgain => "mail/registered_again.txt",
            Self::PasswordChanged => "mail/password_changed.txt",
            Self::TheftNoticed => "mail/theft_noticed.txt",
            Self::Deleted => "mail/deleted.txt",
        }
    }
}

/// What the texts name.
pub(super) struct Facts<'a> {
    pub(super) site_name: &'a str,
    /// The site's origin, without a slash at its end.
    pub(super) public_url: &'a str,
    pub(super) user: &'a User,
    pub(super) now: Timestamp,
    /// The token of the link, where there is one.
    pub(super) token: Option<&'a str>,
}

impl Facts<'_> {
    /// The link that the mail is about.
    pub(super) fn link(&self) -> Option<String> {
        let token = self.token?;
        Some(format!("{}{}?token={token}", self.public_url, verification::PATH))
    }
}

/// Subject and text of a mail.
///
/// # Errors
/// Where its template does not fit what it is given; the log says how.
pub(super) fn write(
    templates: &Templates,
    kind: Kind,
    facts: &Facts<'_>,
) -> Result<(String, String), Problem> {
    let content = context! {
        site_name => facts.site_name,
        public_url => facts.public_url,
        link => facts.link(),
        hours => verification::LIFETIME.as_secs() / 3600,
        when => when(facts.now),
        is_deleted => facts.user.status == UserStatus::Deleted,
    };
    let text = templates.render(kind.template(), content)?;
    let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
    let subject = subject.strip_prefix("Subject:").unwrap_or(subject);
    Ok((subject.trim().to_owned(), body.trim().to_owned()))
}

/// `22 Nov 2026, 14:03 UTC`
fn when(moment: Timestamp) -> String {
    const DAY: i64 = 24 * 3600;
    let (year, month, day) = civil(moment.seconds().div_euclid(DAY));
    let minute = moment.seconds().rem_euclid(DAY) / 60;
    format!("{day} {} {year}, {:02}:{:02} UTC", month_name(month), minute / 60, minute % 60)
}
