//! What people have to be told outside of the request that caused it.

use async_trait::async_trait;
use vestibule_core::{name::EmailAddress, session::Session, user::User};

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
    /// [`Visit::verify_email`](crate::Visit::verify_email) once the address is shown to be theirs, and
    /// until then nothing has changed. Whether the address is another account's is not looked at here, so that
    /// no answer tells: who brings this notice has to, and writes to that address something else then.
    ChangeAddress {
        /// Whose account, as it is.
        user: User,
        /// The address that it is to have.
        email: EmailAddress,
    },
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
/// whoever asked whether there is an account: with what anybody can ask for (registered, registered again,
/// verify address, password forgotten, change of address) return at once.
#[async_trait]
pub trait Messenger: Send + Sync + 'static {
    /// Takes a notice. What goes wrong is for the messenger to log: the request goes on.
    async fn tell(&self, notice: Notice);
}

/// Tells nobody.
pub(crate) struct Silent;

#[async_trait]
impl Messenger for Silent {
    async fn tell(&self, _: Notice) {}
}
