//! What people have to be told outside of the request that caused it.

use std::fmt;

use async_trait::async_trait;
use vestibule_core::{
    id::SessionId, name::EmailAddress, one_time::OneTime, session::Session, store::Extension,
    user::User,
};

/// Something that a person has to be told at the address of their account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The account was made.
    Registered(User),
    /// Somebody tried to make an account with an address that has one. The answer of that request says
    /// nothing of it; this is how the owner of the address learns.
    RegisteredAgain(User),
    /// The address has still to be shown to be theirs, and somebody asked for the message once more. Anybody
    /// can ask: keep to a limit for each account.
    VerifyAddress(User),
    /// The owner of an account wants it to have another address. It gets it by
    /// [`Visit::change_email`](crate::Visit::change_email) once the address is shown to be theirs, and
    /// until then nothing has changed. This takes the place of another address that waits, which must not count
    /// from now on, and is itself void where the password is changed or `session` ends.
    ///
    /// Tell the address that the account has as well, before the request is answered, with a link for
    /// [`Visit::keep_email`](crate::Visit::keep_email): its owner may not be who asks.
    ///
    /// Whether the address is another account's is not looked at here, so that
    /// no answer tells: who brings this notice has to, and writes to that address something else then.
    ChangeAddress {
        /// Whose account, as it is.
        user: User,
        /// The address that it is to have.
        email: EmailAddress,
        /// The session that asks.
        session: SessionId,
    },
    /// The owner of an account wants it to have the address that it has: no other one must count any more that
    /// was asked for before. A store that keeps one-time tokens has removed those already.
    KeepAddress(User),
    /// An account has another address now. Tell the one that it had: its owner may not be who changed it.
    AddressChanged {
        /// Whose account, as it is now.
        user: User,
        /// The address before.
        before: String,
    },
    /// Somebody wants a new password for this account, since they do not know the old one. Anybody can ask:
    /// keep to a limit for each account.
    PasswordForgotten(User),
    /// The password was changed.
    PasswordChanged(User),
    /// Somebody signed in. Worth a word where it was from a device that was not seen before.
    SignedIn {
        /// Whose account.
        user: User,
        /// The session that has begun.
        session: Box<Session>,
    },
    /// A refresh token was used twice: the session was ended, since one of the two was a thief.
    TheftNoticed(User),
    /// The account was deleted by its owner, who may take that back for a while
    /// ([`vestibule_core::deletion`]).
    Deleted(User),
    /// The account was deleted, and has come back.
    Restored(User),
}

/// Brings notices to people.
///
/// Must not wait for a mail server: put the notice where it is not lost and return. How long it takes may tell
/// whoever asked whether there is an account: with what anybody can ask for (registered again, verify address,
/// password forgotten, change of address) return at once.
///
/// A messenger whose mails are rows of the same store writes them together with what they are about: see
/// [`Notifier::compose`].
#[async_trait]
pub trait Notifier: Send + Sync + 'static {
    /// Takes a notice. What goes wrong is for the messenger to log: the request goes on.
    async fn notify(&self, notice: Notice);

    /// What a notice becomes in the store: rows that are written in the transaction of the change that it is
    /// about, so that neither is there without the other. With `None` the messenger is told once the change is
    /// made.
    ///
    /// It is asked inside of that transaction, and again where that is carried out again: be quick, and leave
    /// nothing behind but what is given back.
    fn compose(&self, notice: &Notice) -> Option<Composed> {
        let _ = notice;
        None
    }

    /// Whether a notice that [`Notifier::compose`] would write is wanted: a limit for each account may be
    /// used up, or a device be known already. It is asked ahead of the change, with the rows as they are then.
    async fn admits(&self, notice: &Notice) -> bool {
        let _ = notice;
        true
    }
}

/// A notice as rows of the store.
#[derive(Default)]
pub struct Composed {
    /// The one-time tokens of its links.
    pub tokens: Vec<OneTime>,
    /// Its mails, as rows of a type that the store knows.
    pub rows: Vec<Extension>,
    /// What is done once they are kept, as waking whoever sends them. Must return at once.
    pub when_kept: Option<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composed").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Tells nobody.
pub(crate) struct Silent;

#[async_trait]
impl Notifier for Silent {
    async fn notify(&self, _: Notice) {}
}
