//! Step-up: proving oneself again in the same session.

use vestibule_core::{
    error::ErrorCode,
    event::EventName,
    freshness::Freshness,
    password::TypedPassword,
    renewal::Advance,
    secret::SecretText,
    session::{Carrier, Session},
    user::User,
};

use super::sign_in::BY_PASSWORD;
use crate::{
    extract::Principal, problem::Problem, renew::Renewed, throttle::AccountKey, visit::Visit,
};

/// A proof that succeeded.
#[derive(Clone, Debug)]
pub struct Confirmed {
    pub(crate) access: SecretText,
    pub(crate) session: Session,
}

impl Visit {
    /// Proves by password that the caller is still who they were: the same session, a fresh token. With
    /// cookies the session moves on by one generation and its tokens go with the answer.
    ///
    /// # Errors
    /// `invalid_credentials`, `rate_limited`, `session_ended`, `unavailable`.
    pub async fn confirm(
        &self,
        caller: &Principal,
        password: TypedPassword,
    ) -> Result<Confirmed, Problem> {
        let (visit, caller) = (self.clone(), caller.clone());
        self.auth().uncancelled(async move { visit.confirm_whole(&caller, password).await }).await
    }

    async fn confirm_whole(
        &self,
        caller: &Principal,
        password: TypedPassword,
    ) -> Result<Confirmed, Problem> {
        let user = self.prove(caller, password).await?;
        let auth = self.auth();
        let inner = &auth.0;
        let now = auth.now();
        let methods = [BY_PASSWORD.to_owned()];
        if !inner.store.confirm_session(caller.session_id(), now, &methods).await? {
            return Err(Problem::new(ErrorCode::SessionEnded).carried(caller.carrier()));
        }
        let fresh = Freshness::proven(now, inner.config.lifetimes.fresh);
        let renewed = self.rotate(caller, user, fresh).await?;
        Ok(Confirmed { access: renewed.access.token, session: renewed.session })
    }

    /// Checks the caller's own password. What fails is counted by session: strangers who try to sign in keep
    /// nobody who is signed in from proving who they are.
    pub(crate) async fn prove(
        &self,
        caller: &Principal,
        password: TypedPassword,
    ) -> Result<User, Problem> {
        let inner = &self.auth().0;
        let address = inner
            .throttle
            .address(self.counted_address()?)
            .await
            .map_err(|limited| self.limited(limited, "address"))?;
        let account = AccountKey::Session(caller.session_id());
        let account = inner
            .throttle
            .account(account)
            .await
            .map_err(|limited| self.limited(limited, "account"))?;
        let found = inner.users.credentials_of(caller.user_id()).await?;
        match self.check_password(found, password).await? {
            Some((user, _)) => Ok(user),
            None => {
                address.failed();
                account.failed();
                let event = self.event(EventName::AuthnLoginFail).of(caller.user_id());
                let event = event.in_session(caller.session_id());
                self.record(event, "wrong password in a step-up");
                Err(Problem::new(ErrorCode::InvalidCredentials))
            }
        }
    }

    /// New tokens for the caller's session. With cookies, which travel with every answer, the refresh token is
    /// replaced as well: the session moves on by one generation, and leaves a copy of the one before behind.
    pub(crate) async fn rotate(
        &self,
        caller: &Principal,
        user: User,
        fresh: Freshness,
    ) -> Result<Renewed, Problem> {
        let auth = self.auth();
        let inner = &auth.0;
        let mut session = self.open_session(caller).await?;
        // A caller who holds an older generation may never have got the current one, and so must not pass
        // over it: that one is handed out instead.
        if is_by_cookie(&session, caller) && session.generation == caller.generation() {
            let step = Advance::of(&session, &inner.config.lifetimes, auth.now());
            if inner.store.advance_session(session.id, &step).await? {
                step.apply(&mut session);
            } else {
                // Another request of this browser renewed it a moment ago: its generation will do.
                session = self.open_session(caller).await?;
            }
        }
        self.hand_out(caller, session, user, fresh)
    }

    /// The caller's session, which must not have ended.
    pub(crate) async fn open_session(&self, caller: &Principal) -> Result<Session, Problem> {
        let session = self.auth().0.session(caller.session_id()).await?;
        session
            .filter(|session| session.end.is_none())
            .ok_or_else(|| Problem::new(ErrorCode::SessionEnded).carried(caller.carrier()))
    }

    /// The tokens of a session's current generation, by cookie where the caller came by one.
    pub(crate) fn hand_out(
        &self,
        caller: &Principal,
        session: Session,
        user: User,
        fresh: Freshness,
    ) -> Result<Renewed, Problem> {
        let by_cookie = is_by_cookie(&session, caller);
        let renewed = self.auth().tokens_of(session, user, fresh)?;
        if by_cookie {
            self.establish(&renewed);
        }
        Ok(renewed)
    }
}

fn is_by_cookie(session: &Session, caller: &Principal) -> bool {
    session.carrier == Carrier::Cookie && caller.carrier() == Carrier::Cookie
}
