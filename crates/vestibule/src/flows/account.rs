//! Accounts: making one, changing it, its password, its end.

use std::collections::BTreeSet;

use vestibule_core::{
    deletion::Actor,
    error::ErrorCode,
    event::EventName,
    fault::FieldError,
    freshness::Freshness,
    locale::Locale,
    name::{EmailAddress, UserName},
    password::{Password, PasswordHash, TypedPassword},
    random,
    renewal::Replacement,
    session::Carrier,
    store::{AccountChange, Commit, Committed, Obstacle},
    user::{NewUser, NotChanged, Taken, User, UserChange, UserStatus},
};

use crate::{
    auth::Vestibule,
    commit::{Kept, Report, Together},
    config::Registration,
    extract::Principal,
    notice::Notice,
    problem::{Detail, FieldProblem, Problem},
    renew::Renewed,
    steps::pad_to_quantum,
    visit::Visit,
};

/// Somebody who wants an account, as typed.
#[derive(Clone, Debug)]
pub struct Registrant {
    /// The user name.
    pub username: String,
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: TypedPassword,
}

/// What somebody wants to be called from now on, as typed.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// Another user name.
    pub username: Option<String>,
    /// Another e-mail address.
    pub email: Option<String>,
    /// Another language; empty leaves it to each browser.
    pub locale: Option<String>,
}

/// A password was changed: the session goes on with new tokens.
#[derive(Clone, Debug)]
pub struct PasswordChanged(pub(crate) Renewed);

impl PasswordChanged {
    /// Whose it was.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }
}

impl Visit {
    /// Makes an account. Whether the address had one already, the answer does not tell: its owner learns
    /// by [`Notice`].
    ///
    /// # Errors
    /// `csrf_failed`, `forbidden` where registration is closed, `invalid_input` with the fields, `conflict` for a taken
    /// user name, `rate_limited`, `unavailable`.
    pub async fn register(&self, registrant: Registrant) -> Result<(), Problem> {
        self.check_anonymous()?;
        let visit = self.clone();
        self.auth().uncancelled(async move { visit.register_whole(registrant).await }).await
    }

    async fn register_whole(&self, registrant: Registrant) -> Result<(), Problem> {
        let auth = self.auth();
        let inner = &auth.0;
        if inner.config.registration == Registration::Closed {
            let detail =
                "Registration is closed. Ask an administrator of this site for an account.";
            let closed = Detail::new("registration_closed", detail);
            return Err(Problem::new(ErrorCode::Forbidden).because(&closed));
        }
        let attempt = inner
            .throttle
            .registration(self.counted_address()?)
            .await
            .map_err(|limited| self.limited(limited, "registrations"))?;
        let new =
            NewUser { locale: self.locale().cloned(), ..auth.prepare_user(registrant).await? };
        let email = new.email.clone();
        let commit = Commit { account: Some(AccountChange::Create(new)), ..Commit::default() };
        let visit = self.clone();
        let report = move |done: &Committed| match &done.user {
            Some(user) => Report::default()
                .event(visit.event(EventName::UserCreated).of(user.id), "an account was created")
                .notice(Some(Notice::Registered(user.clone()))),
            None => Report::default(),
        };
        // An account is written and a taken address is not, which takes another time.
        let made = pad_to_quantum(inner.commit(commit, report)).await?;
        attempt.failed();
        match made {
            Ok(_) => Ok(()),
            Err(Obstacle::Account(NotChanged::Taken(Taken::Username))) => Err(taken_name()),
            Err(Obstacle::Account(NotChanged::Taken(Taken::Email))) => {
                auth.look_for_and_tell(email.as_str(), |owner| {
                    Some(Notice::RegisteredAgain(owner))
                });
                Ok(())
            }
            Err(obstacle) => Err(obstacle.into()),
        }
    }

    /// Changes the caller's own user name, at once. Another address only counts once it is shown to be theirs:
    /// until then the account keeps the one that it has. The new one learns by
    /// [`Notice::ChangeAddress`], and what comes back does not tell whether it is another account's. To ask for
    /// the address that the account has takes back that another one was asked for.
    ///
    /// # Errors
    /// `fresh_token_required` for another name or address, `invalid_input`, `conflict` for a taken user name,
    /// `unavailable`.
    pub async fn change_profile(
        &self,
        caller: &Principal,
        change: ProfileChange,
    ) -> Result<User, Problem> {
        let (visit, caller) = (self.clone(), caller.clone());
        let work = async move { visit.change_profile_whole(&caller, change).await };
        self.auth().uncancelled(work).await
    }

    async fn change_profile_whole(
        &self,
        caller: &Principal,
        change: ProfileChange,
    ) -> Result<User, Problem> {
        let auth = self.auth();
        let mut problems = Vec::new();
        let username =
            parse_field("username", change.username.as_deref(), UserName::parse, &mut problems);
        let email =
            parse_field("email", change.email.as_deref(), EmailAddress::parse, &mut problems);
        let choose = |typed: &str| auth.choose_locale(typed);
        let locale = parse_field("locale", change.locale.as_deref(), choose, &mut problems);
        if !problems.is_empty() {
            return Err(Problem { fields: problems, ..Problem::new(ErrorCode::InvalidInput) });
        }
        let current = auth
            .users()
            .user(caller.user_id())
            .await?
            .ok_or(Problem::new(ErrorCode::TokenRevoked))?;
        let version = current.version;
        let keeps_email = email.as_ref().is_some_and(|email| email.as_str() == current.email);
        let change = UserChange {
            keeps_email,
            // What stays as it is raises no version.
            username: username.filter(|name| name.as_str() != current.username),
            locale: locale.filter(|locale| *locale != current.locale),
            by: Actor::Owner,
            ..UserChange::default()
        };
        let email = email.filter(|email| email.as_str() != current.email);
        // What decides who gets into the account. Nothing is done of a change that asks for too much.
        if (change.username.is_some() || email.is_some())
            && !caller.freshness().is_fresh(auth.now())
        {
            let stale = Problem::new(ErrorCode::FreshTokenRequired);
            return Err(stale.carried(caller.carrier()));
        }
        let user = match change.username.is_some() || change.locale.is_some() || keeps_email {
            false => current,
            true => match auth.change_user(caller.user_id(), change).await? {
                Some(Ok(user)) => user,
                Some(Err(NotChanged::Taken(Taken::Username))) => return Err(taken_name()),
                Some(Err(refusal)) => return Err(not_theirs(refusal)),
                None => return Err(Problem::new(ErrorCode::TokenRevoked)),
            },
        };
        if user.version != version && caller.carrier() == Carrier::Cookie {
            // The tokens of before are stale. Whoever proved themselves need not do so again for it.
            let fresh = Freshness::proven(caller.auth_time(), auth.config().lifetimes.fresh);
            if let Err(problem) = self.rotate(caller, user.clone(), fresh).await {
                tracing::warn!(code = %problem.code.name(), "a renamed account has no new tokens yet");
            }
        }
        if keeps_email {
            auth.0.notifier.notify(Notice::KeepAddress(user.clone())).await;
        }
        if let Some(email) = email {
            let event =
                self.event(EventName::UserUpdated).of(user.id).with("action", "ask_address");
            self.record(event, "a change of e-mail address was requested");
            let session = caller.session_id();
            let notice = Notice::ChangeAddress { user: user.clone(), email, session };
            auth.0.notifier.notify(notice).await;
        }
        Ok(user)
    }

    /// Changes the caller's own password, and ends all their other sessions. This one goes on with new tokens; its
    /// older ones stop working.
    ///
    /// # Errors
    /// `invalid_credentials` where the current one is wrong, `invalid_input` for the new one,
    /// `rate_limited`, `unavailable`.
    pub async fn change_password(
        &self,
        caller: &Principal,
        current: TypedPassword,
        new: TypedPassword,
    ) -> Result<PasswordChanged, Problem> {
        let (visit, caller) = (self.clone(), caller.clone());
        let work = async move { visit.change_password_whole(&caller, current, new).await };
        self.auth().uncancelled(work).await
    }

    async fn change_password_whole(
        &self,
        caller: &Principal,
        current: TypedPassword,
        new: TypedPassword,
    ) -> Result<PasswordChanged, Problem> {
        let auth = self.auth();
        let user = self.prove(caller, current).await?;
        let hash = auth.hash_new_password("new", new, &user.guessable_words()).await?;
        let change =
            UserChange { password_hash: Some(hash), by: Actor::Owner, ..UserChange::default() };
        let (id, session) = (caller.user_id(), caller.session_id());
        let before = self.open_session(caller).await?;
        // Another carrier's refresh token is not in this answer, so it stays good.
        let replacement = (before.carrier == caller.carrier())
            .then(|| Replacement::of(&before, &auth.config().lifetimes, auth.now()));
        let kept = Kept { id: session, replacement };
        let tells = auth.admitted(Notice::PasswordChanged(user)).await;
        let visit = self.clone();
        let report = move |done: &Committed, said: Report| {
            let event = visit.event(EventName::AuthnPasswordChange).of(id).in_session(session);
            let notice = done.user.clone().filter(|_| tells).map(Notice::PasswordChanged);
            said.event(event, "a password was changed").notice(notice)
        };
        let with = Together::nothing();
        let done = auth.change_account(id, change, Some(kept), with, report).await?;
        let user = match done {
            Ok(done) => done.user,
            Err(Obstacle::Account(refusal)) => return Err(not_theirs(refusal)),
            Err(_) => None,
        };
        let user = user.ok_or(Problem::new(ErrorCode::TokenRevoked))?;
        let fresh = Freshness::proven(caller.auth_time(), auth.config().lifetimes.fresh);
        let session = self.open_session(caller).await?;
        self.hand_out(caller, session, user, fresh).map(PasswordChanged)
    }
}

impl Vestibule {
    /// Checks what was typed for a new account and hashes its password.
    ///
    /// # Errors
    /// `invalid_input` with every field that needs another look, `unavailable`.
    pub async fn prepare_user(&self, registrant: Registrant) -> Result<NewUser, Problem> {
        let mut problems = Vec::new();
        let username =
            parse_field("username", Some(&registrant.username), UserName::parse, &mut problems);
        let email =
            parse_field("email", Some(&registrant.email), EmailAddress::parse, &mut problems);
        let context: Vec<&str> =
            [username.as_ref().map(UserName::as_str), email.as_ref().map(EmailAddress::local_part)]
                .into_iter()
                .flatten()
                .collect();
        let checked = self.check_new_password("password", &registrant.password, &context);
        match (username, email, checked, problems.is_empty()) {
            (Some(username), Some(email), Ok(password), true) => Ok(NewUser {
                username,
                email,
                email_verified_at: None,
                password_hash: Some(self.hash(password).await?),
                is_super_user: false,
                roles: BTreeSet::new(),
                status: UserStatus::Active,
                created_at: None,
                locale: None,
            }),
            (_, _, checked, _) => {
                problems.extend(checked.err().into_iter().flat_map(|problem| problem.fields));
                Err(Problem { fields: problems, ..Problem::new(ErrorCode::InvalidInput) })
            }
        }
    }

    /// The language of the site that somebody chose; `None` for none.
    fn choose_locale(&self, typed: &str) -> Result<Option<Locale>, Detail> {
        if typed.is_empty() {
            return Ok(None);
        }
        let locales = &self.config().locales;
        let chosen = Locale::parse(typed).ok();
        match chosen.filter(|locale| locales.is_empty() || locales.contains(locale)) {
            Some(locale) => Ok(Some(locale)),
            None => {
                let wrong = "This language is not available: choose another one.";
                Err(Detail::new("locale_unknown", wrong))
            }
        }
    }

    /// Checks a new password against the policy and hashes it.
    ///
    /// # Errors
    /// `invalid_input` under the name of `field`, `unavailable`.
    pub async fn hash_new_password(
        &self,
        field: &str,
        typed: TypedPassword,
        context: &[&str],
    ) -> Result<PasswordHash, Problem> {
        let password = self.check_new_password(field, &typed, context)?;
        self.hash(password).await
    }

    fn check_new_password(
        &self,
        field: &str,
        typed: &TypedPassword,
        context: &[&str],
    ) -> Result<Password, Problem> {
        let config = self.config();
        let mut words = context.to_vec();
        words.push(&config.site_name);
        Password::prepare(typed.expose())
            .and_then(|password| config.password_policy.check(&password, &words).map(|()| password))
            .map_err(|problem| Problem::fault(field, &problem))
    }

    async fn hash(&self, password: Password) -> Result<PasswordHash, Problem> {
        let salt = random::draw(self.entropy());
        self.0.hashers.run(move |hasher| hasher.hash(&password, salt)).await
    }
}

fn parse_field<T, E: FieldError>(
    field: &str,
    typed: Option<&str>,
    parse: impl Fn(&str) -> Result<T, E>,
    problems: &mut Vec<FieldProblem>,
) -> Option<T> {
    match parse(typed?) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(FieldProblem::new(field, &error));
            None
        }
    }
}

/// What an owner is told whose change was refused. Their account stopped being theirs to use while this was on
/// its way, and so did their tokens.
fn not_theirs(refusal: NotChanged) -> Problem {
    match refusal {
        NotChanged::Suspended | NotChanged::Deleted => Problem::new(ErrorCode::TokenRevoked),
        refusal => refusal.into(),
    }
}

fn taken_name() -> Problem {
    let field = FieldProblem::new("username", &Taken::Username);
    Problem { fields: vec![field], ..Problem::new(ErrorCode::Conflict) }.because(&Taken::Username)
}
