//! Who is told what, and how often.

use vestibule::{
    Notice,
    core::{
        event::EventName,
        id::UserId,
        one_time::{OneTime, OneTimeToken, Purpose},
        session::Session,
        store::StoreResult,
        user::User,
    },
};

use super::{
    desk::{Desk, Draft},
    texts::{Kind, Letter},
};
use crate::pages::agent::Device;

/// How far back devices are remembered: as long as ended sessions are.
const DEVICES_KNOWN_FOR: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

/// Whether a notice is written together with what it is about, in one transaction: all that are about a change.
///
/// The others answer what anybody can ask for, and are put into the store a moment later: how long that takes
/// must not tell whether there is an account.
pub(super) const fn is_about_a_change(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::Registered(_)
            | Notice::SignedIn { .. }
            | Notice::PasswordChanged(_)
            | Notice::AddressChanged { .. }
            | Notice::TheftNoticed(_)
            | Notice::Deleted(_)
            | Notice::Restored(_)
    )
}

impl Desk {
    /// Whether there is something to say, and not too much was said to this account, or to this address,
    /// already.
    pub(super) async fn admits(&self, notice: &Notice) -> bool {
        let Some((kind, user)) = subject(notice) else { return false };
        if let Notice::SignedIn { user, session } = notice {
            // A sign-in that cannot be compared with those before is none to be silent about.
            return self.is_new_device(user, session).await.unwrap_or(true);
        }
        let recipient = match notice {
            Notice::ChangeAddress { email, .. } => email.as_str(),
            _ => &user.email,
        };
        !kind.is_limited(user)
            || self.may_send(kind, user.id).await
                && self.may_send_to(kind, recipient, user.id).await
    }

    /// The mail for a notice about a change, and nothing where there is nothing to say.
    pub(super) fn compose(&self, notice: &Notice) -> Option<Draft> {
        let letter = match notice {
            Notice::SignedIn { user, session } => {
                let session = Some(Session::clone(session));
                Letter { session, ..Kind::NewDevice.to(user.clone()) }
            }
            Notice::AddressChanged { user, before } => {
                let letter = Kind::AddressChanged.to(user.clone());
                Letter { to: before.clone(), ..letter }
            }
            other => subject(other).map(|(kind, user)| kind.to(user.clone()))?,
        };
        self.draft(&letter)
    }

    /// Writes the mail for a notice.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(super) async fn take(&self, notice: &Notice) -> StoreResult<()> {
        match notice {
            Notice::ChangeAddress { user, email } => self.change_of_address(user, email).await,
            other => match self.compose(other) {
                Some(draft) => self.keep(vec![draft], Vec::new()).await,
                None => Ok(()),
            },
        }
    }

    /// To an address that is free goes a link, and to one that is taken the word that it is. Both leave the
    /// same behind for the account that asked.
    async fn change_of_address(
        &self,
        user: &User,
        email: &vestibule::core::name::EmailAddress,
    ) -> StoreResult<()> {
        let login = vestibule::core::name::LoginKey::from_typed(email.as_str());
        let owner = self.store.credentials(&login).await?.map(|found| found.user);
        let to = email.as_str().to_owned();
        let Some(owner) = owner.filter(|owner| owner.id != user.id) else {
            return self.write(Letter { to, ..Kind::ChangeAddress.to(user.clone()) }).await;
        };
        // A token that nobody gets.
        let token = OneTimeToken::draw(&*self.entropy);
        let kept = OneTime::new(&token, Purpose::ChangeAddress, user.id, email, self.clock.now());
        let is_allowed = self.may_send(Kind::AddressTaken, owner.id).await;
        let letter = is_allowed.then(|| Kind::AddressTaken.to(owner));
        let drafts = letter.and_then(|letter| self.draft(&letter)).into_iter().collect();
        self.keep(drafts, vec![kept]).await
    }

    /// A sign-in is worth a word where this kind of device was not seen before, except for the first one.
    async fn is_new_device(&self, user: &User, session: &Session) -> StoreResult<bool> {
        let since = self.clock.now() - DEVICES_KNOWN_FOR;
        let sessions = self.store.sessions_of(user.id, since).await?;
        let mut before = sessions
            .iter()
            .filter(|other| other.id != session.id && other.created_at <= session.created_at)
            .peekable();
        let is_first = before.peek().is_none();
        Ok(!is_first && !before.any(|other| device(other) == device(session)))
    }

    async fn may_send(&self, kind: Kind, user: UserId) -> bool {
        let is_allowed = self.allowance.of_account(user).await;
        if !is_allowed {
            refused(kind, user, "too many mails of one account: this one is not sent");
        }
        is_allowed
    }

    async fn may_send_to(&self, kind: Kind, recipient: &str, user: UserId) -> bool {
        let is_allowed = self.allowance.to_recipient(recipient).await;
        if !is_allowed {
            refused(kind, user, "too many mails to one address: this one is not sent");
        }
        is_allowed
    }
}

fn refused(kind: Kind, user: UserId, in_words: &str) {
    let event = EventName::ExcessRateLimitExceeded.name();
    tracing::warn!(event, of = "mail", mail = kind.name(), %user, "{in_words}");
}

/// What a notice is about, and whose; `None` where there is nothing to say.
fn subject(notice: &Notice) -> Option<(Kind, &User)> {
    Some(match notice {
        Notice::Registered(user) | Notice::VerifyAddress(user) => {
            return user.email_verified_at.is_none().then_some((Kind::VerifyAddress, user));
        }
        Notice::RegisteredAgain(user) => (Kind::RegisteredAgain, user),
        Notice::ChangeAddress { user, .. } => (Kind::ChangeAddress, user),
        Notice::AddressChanged { user, .. } => (Kind::AddressChanged, user),
        Notice::PasswordForgotten(user) => (Kind::PasswordForgotten, user),
        Notice::PasswordChanged(user) => (Kind::PasswordChanged, user),
        Notice::SignedIn { user, .. } => (Kind::NewDevice, user),
        Notice::TheftNoticed(user) => (Kind::TheftNoticed, user),
        Notice::Deleted(user) => (Kind::Deleted, user),
        Notice::Restored(user) => (Kind::Restored, user),
        other => {
            tracing::error!(notice = ?other, "there is no mail for this notice");
            return None;
        }
    })
}

/// What kind of device a session is on.
fn device(session: &Session) -> Device {
    Device::of(&session.agent, session.carrier)
}
