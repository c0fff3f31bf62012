//! What each kind of mail says, in the language that its reader has set, or else the site's. The templates stand in `templates/mail/`, as plain text and as HTML: the first
//! line of the text is the subject, behind `Subject:`, and the rest is the text.
//!
//! No text holds a user name or anything else that somebody typed: whoever gives the address of another
//! person sends them nothing of their own.

use minijinja::{Value, context};
use vestibule::{
    Problem, User,
    core::{
        deletion::GRACE,
        one_time::{LinkSecret, Purpose},
        session::Session,
        time::Timestamp,
        user::UserStatus,
    },
};

use super::feedback;
use crate::{
    i18n::Language,
    templates::{Templates, user_agent},
};

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    VerifyAddress,
    RegisteredAgain,
    ChangeAddress,
    AddressAsked,
    AddressTaken,
    AddressChanged,
    PasswordForgotten,
    ResetStarted,
    PasswordChanged,
    NewDevice,
    TheftNoticed,
    Deleted,
    Restored,
}

/// A mail that is to be written.
pub(super) struct Letter {
    pub(super) kind: Kind,
    /// Whose account it is about.
    pub(super) user: User,
    /// The address that it goes to.
    pub(super) to: String,
    /// The session that it is about.
    pub(super) session: Option<Session>,
    /// The secret of its link, where the store knows that already; otherwise one is drawn.
    pub(super) secret: Option<LinkSecret>,
}

impl Kind {
    pub(super) const ALL: [Self; 13] = [
        Self::VerifyAddress,
        Self::RegisteredAgain,
        Self::ChangeAddress,
        Self::AddressAsked,
        Self::AddressTaken,
        Self::AddressChanged,
        Self::PasswordForgotten,
        Self::ResetStarted,
        Self::PasswordChanged,
        Self::NewDevice,
        Self::TheftNoticed,
        Self::Deleted,
        Self::Restored,
    ];

    /// A mail of this kind to the address of an account.
    pub(super) fn to(self, user: User) -> Letter {
        Letter { kind: self, to: user.email.clone(), user, session: None, secret: None }
    }

    /// Its name in the log and in listings.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::VerifyAddress => "verify address",
            Self::RegisteredAgain => "registered again",
            Self::ChangeAddress => "change address",
            Self::AddressAsked => "address asked",
            Self::AddressTaken => "address taken",
            Self::AddressChanged => "address changed",
            Self::PasswordForgotten => "password forgotten",
            Self::ResetStarted => "reset started",
            Self::PasswordChanged => "password changed",
            Self::NewDevice => "new device",
            Self::TheftNoticed => "theft noticed",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }

    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The text that says what it is about.
    const fn text(self) -> &'static str {
        match self {
            Self::VerifyAddress => "mail-kind-verify-address",
            Self::RegisteredAgain => "mail-kind-registered-again",
            Self::ChangeAddress => "mail-kind-change-address",
            Self::AddressAsked => "mail-kind-address-asked",
            Self::AddressTaken => "mail-kind-address-taken",
            Self::AddressChanged => "mail-kind-address-changed",
            Self::PasswordForgotten => "mail-kind-password-forgotten",
            Self::ResetStarted => "mail-kind-reset-started",
            Self::PasswordChanged => "mail-kind-password-changed",
            Self::NewDevice => "mail-kind-new-device",
            Self::TheftNoticed => "mail-kind-theft-noticed",
            Self::Deleted => "mail-kind-deleted",
            Self::Restored => "mail-kind-restored",
        }
    }

    /// What its link is for, if it has one.
    pub(super) const fn purpose(self) -> Option<Purpose> {
        match self {
            Self::VerifyAddress => Some(Purpose::VerifyAddress),
            Self::ChangeAddress => Some(Purpose::ChangeAddress),
            Self::AddressAsked => Some(Purpose::KeepAddress),
            Self::PasswordForgotten | Self::ResetStarted => Some(Purpose::ResetPassword),
            _ => None,
        }
    }

    /// Whether mails of this kind to this user are counted. Those are that anybody can have sent, and all to
    /// an address that nobody has shown to be theirs. What the owner of an account must learn of arrives
    /// whatever came before it: otherwise a thief would only have to use the limit up first.
    pub(super) fn is_limited(self, user: &User) -> bool {
        match self {
            Self::VerifyAddress
            | Self::RegisteredAgain
            | Self::ChangeAddress
            | Self::AddressTaken
            | Self::PasswordForgotten => true,
            // Most sign-ins come from a known device, and no mail.
            Self::NewDevice => false,
            _ => user.email_verified_at.is_none(),
        }
    }

    /// The name of its templates, without the end.
    const fn template(self) -> &'static str {
        match self {
            Self::VerifyAddress => "verify",
            Self::RegisteredAgain => "registered_again",
            Self::ChangeAddress => "change_address",
            Self::AddressAsked => "address_asked",
            Self::AddressTaken => "address_taken",
            Self::AddressChanged => "address_changed",
            Self::PasswordForgotten => "password_forgotten",
            Self::ResetStarted => "reset_started",
            Self::PasswordChanged => "password_changed",
            Self::NewDevice => "new_device",
            Self::TheftNoticed => "theft_noticed",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }
}

/// What a mail is about, for people. A kind that is none of ours is its own word.
pub(crate) fn kind_in_words(name: &str, language: &Language) -> String {
    match Kind::named(name) {
        Some(kind) => language.text(kind.text()),
        None if name == feedback::KIND => language.text("mail-kind-feedback"),
        None => name.to_owned(),
    }
}

/// Where the link of a mail leads.
pub(super) const fn path(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::VerifyAddress | Purpose::ChangeAddress => "/auth/verify",
        Purpose::ResetPassword => "/auth/reset",
        Purpose::KeepAddress => KEEP_ADDRESS,
        // No mail has one: it stands in a form.
        Purpose::RestoreAccount => "/auth/login",
    }
}

/// Where the owner of an address keeps it.
const KEEP_ADDRESS: &str = "/auth/keep-address";

/// What the texts name.
pub(super) struct Params<'a> {
    pub(super) site_name: &'a str,
    /// The site's origin, without a slash at its end.
    pub(super) public_url: &'a str,
    pub(super) letter: &'a Letter,
    pub(super) now: Timestamp,
    /// The link that the mail is about, where there is one.
    pub(super) link: Option<&'a str>,
}

/// A mail in words.
pub(super) struct Written {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// Subject, text and HTML of a mail.
///
/// # Errors
/// Where its templates do not fit what they are given; the log says how.
pub(super) fn write(templates: &Templates, facts: &Params<'_>) -> Result<Written, Problem> {
    let Letter { kind, user, session, .. } = facts.letter;
    let language = templates.language(user.locale.as_ref());
    let until = user.deletion.map_or(facts.now + GRACE, |deletion| deletion.is_final_at());
    let lifetime = kind.purpose().map(|purpose| purpose.lifetime().as_secs());
    let content = context! {
        site_name => facts.site_name,
        public_url => facts.public_url,
        link => facts.link,
        minutes => lifetime.map(|seconds| seconds / 60),
        hours => lifetime.map(|seconds| seconds / 3600),
        when => language.moment(facts.now.seconds()),
        until => language.day(until.seconds().div_euclid(DAY)),
        is_deleted => user.status == UserStatus::Deleted,
        device => session
            .as_ref()
            // Only words of ours: a mail holds nothing that somebody typed.
            .map(|session| user_agent::in_words(&session.agent, session.carrier, language)),
        address => session.as_ref().map(|session| session.address.as_str()),
    };
    // Of a URL of ours no sign has a meaning in HTML, and some programs look for links in what is not decoded.
    let plain = |url: &str| Value::from_safe_string(url.to_owned());
    let in_html = context! {
        public_url => plain(facts.public_url),
        link => facts.link.map(plain),
        ..content.clone()
    };
    render(templates, language, kind.template(), &content, &in_html)
}

/// The mail that the templates of this name make, of what the text and what the HTML are given.
///
/// # Errors
/// Where they do not fit what they are given; the log says how.
pub(super) fn render(
    templates: &Templates,
    language: &Language,
    name: &str,
    in_text: &Value,
    in_html: &Value,
) -> Result<Written, Problem> {
    let text = templates.render(language, &format!("mail/{name}.txt"), in_text.clone())?;
    let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
    let subject = subject.strip_prefix("Subject:").unwrap_or(subject).trim().to_owned();
    let in_html = context! { subject => subject.as_str(), ..in_html.clone() };
    let html = templates.render(language, &format!("mail/{name}.html"), in_html)?;
    Ok(Written { subject, text: text.trim().to_owned(), html: html.trim().to_owned() })
}

/// In seconds.
const DAY: i64 = 24 * 3600;
