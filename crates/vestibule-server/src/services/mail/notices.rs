//! Who is told what, and how often.

use vestibule::{
    Notice,
    core::{
        event::EventName,
        id::{SessionId, UserId},
        name::{EmailAddress, LoginKey},
        one_time::{LinkSecret, OneTime, Purpose},
        session::Session,
        store::{SessionCursor, SessionQuery, StoreResult},
        user::User,
    },
};

use super::{
    composer::{Draft, MailComposer},
    texts::{Kind, Letter},
};
use crate::templates::user_agent::Device;

/// How far back devices are remembered: as long as ended sessions are.
const DEVICES_KNOWN_FOR: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

/// Another address that was asked for, and the secret of its link.
pub(super) struct AskedAddress {
    pub(super) user: User,
    pub(super) email: EmailAddress,
    pub(super) secret: LinkSecret,
}

/// How many sessions are looked at at once.
const PAGE: u32 = 100;

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
            | Notice::KeepAddress(_)
    )
}

impl MailComposer {
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
            Notice::ChangeAddress { user, email, session } => {
                let secret = self.ask_address(user, email, *session).await?;
                let asked = AskedAddress { user: user.clone(), email: email.clone(), secret };
                self.tell_address(&asked).await
            }
            other => match self.compose(other) {
                Some(draft) => self.keep(vec![draft], Vec::new()).await,
                None => Ok(()),
            },
        }
    }

    /// Has another address wait for its link, in place of one that waited before, and tells the address that the
    /// account has, with a link that takes it back. It is the same whether the other one is free or not.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(super) async fn ask_address(
        &self,
        user: &User,
        email: &EmailAddress,
        session: SessionId,
    ) -> StoreResult<LinkSecret> {
        let secret = LinkSecret::draw(&*self.entropy);
        let kept = OneTime::new(&secret, Purpose::ChangeAddress, user.id, email, self.clock.now());
        let kept = OneTime { session: Some(session), ..kept };
        let asked = Kind::AddressAsked;
        // What the other address gets counts for the account; of both, it would get half as many.
        let is_allowed =
            !asked.is_limited(user) || self.may_send_to(asked, &user.email, user.id).await;
        let letter = is_allowed.then(|| asked.to(user.clone()));
        let drafts = letter.and_then(|letter| self.draft(&letter)).into_iter().collect();
        self.keep(drafts, vec![kept]).await?;
        Ok(secret)
    }

    /// Whether not too much was sent for this account, or to this address, already.
    pub(super) async fn admits_address(&self, asked: &AskedAddress) -> bool {
        let (kind, user) = (Kind::ChangeAddress, asked.user.id);
        self.may_send(kind, user).await && self.may_send_to(kind, asked.email.as_str(), user).await
    }

    /// To another address that was asked for goes the link, where it is free, and to one that is taken the word
    /// that it is.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(super) async fn tell_address(&self, asked: &AskedAddress) -> StoreResult<()> {
        let AskedAddress { user, email, secret } = asked;
        let login = LoginKey::from_typed(email.as_str());
        let owner = self.store.credentials(&login).await?.map(|found| found.user);
        let Some(owner) = owner.filter(|owner| owner.id != user.id) else {
            let letter = Kind::ChangeAddress.to(user.clone());
            let to = email.as_str().to_owned();
            return self.write(Letter { to, secret: Some(secret.clone()), ..letter }).await;
        };
        if self.may_send(Kind::AddressTaken, owner.id).await {
            self.write(Kind::AddressTaken.to(owner)).await?;
        }
        Ok(())
    }

    /// A sign-in is worth a word where this kind of device was not seen before, except for the first one.
    async fn is_new_device(&self, user: &User, session: &Session) -> StoreResult<bool> {
        let over_since = self.clock.now() - DEVICES_KNOWN_FOR;
        let mut query = SessionQuery { user: user.id, over_since, behind: None, limit: PAGE };
        let mut is_first = true;
        loop {
            let page = self.store.sessions_of(&query).await?;
            let mut before = page
                .iter()
                .filter(|other| other.id != session.id && other.created_at <= session.created_at)
                .peekable();
            is_first &= before.peek().is_none();
            if before.any(|other| device(other) == device(session)) {
                return Ok(false);
            }
            query.behind = page.last().map(SessionCursor::of);
            if page.len() < PAGE as usize {
                return Ok(!is_first);
            }
        }
    }

    async fn may_send(&self, kind: Kind, user: UserId) -> bool {
        let is_allowed = self.allowance.of_account(user).await;
        if !is_allowed {
            refused(kind, user, "too many mails for one account: this one is not sent");
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
        // The store has done it, and whoever asked sees that.
        Notice::KeepAddress(_) => return None,
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
