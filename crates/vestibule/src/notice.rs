//! What people have to be told outside of the request that caused it.

use async_trait::async_trait;
use vestibule_core::user::User;

/// Something that a person has to be told at the address of their account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The account was made.
    Registered(User),
    /// Somebody tried to make an account with an address that has one. The answer of that request says
    /// nothing of it; this is how the owner of the address learns.
    RegisteredAgain(User),
    /// The address has still to be shown to be theirs: it is a new one of an account that is there already,
    /// or somebody asked for the message once more. Anybody can ask: keep to a limit for each account.
    VerifyAddress(User),
    /// The password was changed.
    PasswordChanged(User),
    /// A refresh token was used twice: the session was ended, since one of the two was a thief.
    TheftNoticed(User),
    /// The account was deleted.
    Deleted(User),
}

/// Brings notices to people.
///
/// Must not wait for a mail server: put the notice where it is not lost and return.
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
