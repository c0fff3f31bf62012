//! What people do, apart from how they ask for it: the API and the pages of a site call the same.

mod account;
mod by_mail;
mod confirm;
mod forms;
mod sessions;
mod sign_in;
mod sign_out;
mod standing;

pub use account::{PasswordChanged, ProfileChange, Registrant};
pub use confirm::Confirmed;
pub use sessions::SessionPage;
pub use sign_in::{Admission, SignInForm, SignedIn};
