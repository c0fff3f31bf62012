//! The first run: a link by which the first super user is made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use vestibule::core::random::{self, Entropy};

/// Where the link leads.
pub(crate) const PATH: &str = "/auth/setup";

/// The token of the link. It lives in memory, is drawn anew on each start without a super user, and is
/// used up by making one.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    Open(String),
    /// Somebody is making the account right now.
    Claimed(String),
}

impl std::fmt::Debug for State {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Closed => "Closed",
            Self::Open(_) => "Open(…)",
            Self::Claimed(_) => "Claimed(…)",
        })
    }
}

impl Setup {
    /// With a link, for a site that has no super user yet.
    pub(crate) fn open(entropy: &dyn Entropy) -> Self {
        let token: [u8; 24] = random::draw(entropy);
        Self { state: Mutex::new(State::Open(URL_SAFE_NO_PAD.encode(token))) }
    }

    /// Without a link, for a site that has a super user.
    pub(crate) fn closed() -> Self {
        Self::default()
    }

    /// Path and query of the link, while there is one.
    pub(crate) fn link(&self) -> Option<String> {
        match &*self.lock() {
            State::Open(token) | State::Claimed(token) => Some(format!("{PATH}?token={token}")),
            State::Closed => None,
        }
    }

    /// Whether this is the link's token. Takes the same time wherever they differ.
    pub(crate) fn accepts(&self, presented: &str) -> bool {
        match &*self.lock() {
            State::Open(token) | State::Claimed(token) => is_same(token, presented),
            State::Closed => false,
        }
    }

    /// Takes the token for making the account; `None` where it is not the token, or somebody else has it
    /// in hand. Dropped without [`Claim::use_up`], the claim puts the token back.
    pub(crate) fn claim(self: &Arc<Self>, presented: &str) -> Option<Claim> {
        let mut state = self.lock();
        match &*state {
            State::Open(token) if is_same(token, presented) => {
                *state = State::Claimed(token.clone());
                Some(Claim { setup: Arc::clone(self) })
            }
            _ => None,
        }
    }

    /// Ends the link, because a super user exists.
    pub(crate) fn close(&self) {
        *self.lock() = State::Closed;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token, in the hand of one request.
#[derive(Debug)]
#[must_use = "a claim that is dropped puts the token back"]
pub(crate) struct Claim {
    setup: Arc<Setup>,
}

impl Claim {
    /// The account was made: the link is over.
    pub(crate) fn use_up(self) {
        self.setup.close();
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut state = self.setup.lock();
        if let State::Claimed(token) = &*state {
            *state = State::Open(token.clone());
        }
    }
}

fn is_same(token: &str, presented: &str) -> bool {
    verify_slices_are_equal(token.as_bytes(), presented.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule::SystemEntropy;

    fn opened() -> (Arc<Setup>, String) {
        let setup = Setup::open(&SystemEntropy);
        let link = setup.link().unwrap();
        let token = link.strip_prefix("/auth/setup?token=").unwrap().to_owned();
        (Arc::new(setup), token)
    }

    #[test]
    fn the_token_works_once() {
        let (setup, token) = opened();
        assert!(setup.accepts(&token) && !setup.accepts("") && !setup.accepts(&token[1..]));
        assert!(setup.claim("x").is_none());

        let claim = setup.claim(&token).unwrap();
        assert!(setup.claim(&token).is_none(), "two requests at once make one super user");
        drop(claim);

        setup.claim(&token).unwrap().use_up();
        assert!(!setup.accepts(&token) && setup.claim(&token).is_none());
        assert_eq!(setup.link(), None);
    }

    #[test]
    fn a_closed_one_takes_nothing_and_no_text_shows_the_token() {
        assert!(!Setup::closed().accepts(""));
        let (setup, token) = opened();
        assert!(!format!("{setup:?}").contains(&token));
        let claim = setup.claim(&token).unwrap();
        setup.close();
        drop(claim);
        assert!(!setup.accepts(&token), "what was closed stays closed");
    }
}
