//! Signing in.

use std::time::Duration;

use vestibule_core::{
    deletion::{Actor, may_restore},
    device::KnownDevice,
    error::ErrorCode,
    event::{Event, EventName},
    freshness::Freshness,
    id::{SessionId, UserId},
    limit::Limited,
    name::LoginKey,
    password::{Password, PasswordHash, TypedPassword, Verified},
    random,
    secret::SecretText,
    session::{Carrier, EndReason, SignIn},
    store::{Commit, Committed, Ending, NewSession, Obstacle},
    user::{Credentials, NotChanged, User, UserChange, UserStatus},
};

use crate::{
    commit::{Report, Together},
    metrics,
    notice::Notice,
    problem::Problem,
    renew::Renewed,
    throttle::AccountKey,
    visit::Visit,
};

/// What somebody signs in with.
#[derive(Clone, Debug)]
pub struct SignInForm {
    /// The user name or the e-mail address, as typed.
    pub login: String,
    /// The password, as typed.
    pub password: TypedPassword,
    /// Whether to stay signed in after the browser was closed.
    pub remember: bool,
    /// By which carrier the tokens are to travel.
    pub carrier: Carrier,
    /// What an app calls its device.
    pub device: Option<String>,
    /// What an app got with its last sign-in ([`SignedIn::device_token`]); browsers have a cookie instead.
    pub device_token: Option<SecretText>,
}

impl SignInForm {
    /// What the request shows of who has signed in with this device before.
    fn known_device(&self, visit: &Visit) -> Option<KnownDevice> {
        match &self.device_token {
            Some(token) => KnownDevice::parse(token.expose()),
            None => visit.known_device().cloned(),
        }
    }
}

/// A sign-in that succeeded.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub(crate) renewed: Renewed,
    pub(crate) device: KnownDevice,
}

impl SignedIn {
    /// Who signed in.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.renewed.user
    }

    /// What an app keeps and shows when it signs in again, so that strangers who fail do not lock it out. It
    /// lets nobody in.
    #[must_use]
    pub fn device_token(&self) -> String {
        self.device.encode()
    }
}

/// What whoever deleted their account is to be told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IfDeleted {
    /// Nothing: the password is as good as wrong.
    Refuse,
    /// That it may come back.
    Tell,
}

/// The methods of a sign-in by password (RFC 8176 section 2).
pub(crate) const BY_PASSWORD: &str = "pwd";

/// How often a password is compared where its hash is replaced meanwhile.
const UPGRADE_ATTEMPTS: usize = 3;

/// What became of a sign-in with the right password.
#[derive(Clone, Debug)]
pub enum Admission {
    /// It succeeded.
    SignedIn(Box<SignedIn>),
    /// This is somebody who deleted their account not long ago. Nobody is signed in; ask whether they want it
    /// back ([`Visit::restore`]).
    Deleted(Box<User>),
}

/// Who proved to be who, and what for.
enum Proven {
    /// The owner of an account that may be used, and the hash that still has to stand when the session is
    /// written.
    Active(User, Option<PasswordHash>),
    /// The owner of one that they deleted themselves, not too long ago, and its hash likewise.
    Deleted(User, Option<PasswordHash>),
}

impl Visit {
    /// Signs somebody in: a new session, whose tokens leave by the form's carrier. With cookies they go
    /// with the answer of this request, and the session that the browser had before ends.
    ///
    /// The request itself is checked first, like every form that nobody is signed in for
    /// ([`Visit::check_form`]): with cookies a form has to bring the value of [`Visit::form_token`], and JSON
    /// has to come from a page of ours.
    ///
    /// # Errors
    /// `csrf_failed`, `invalid_credentials` for every cause that is the account's own business, `email_unverified`,
    /// `rate_limited`, `unavailable`.
    pub async fn sign_in(&self, form: SignInForm) -> Result<SignedIn, Problem> {
        self.check_entry(form.carrier)?;
        let visit = self.clone();
        self.auth().uncancelled(async move { visit.sign_in_whole(&form).await }).await
    }

    async fn sign_in_whole(&self, form: &SignInForm) -> Result<SignedIn, Problem> {
        match self.recognize(form, IfDeleted::Refuse).await? {
            Proven::Active(user, hash) => self.begin_session(user, hash, form).await,
            Proven::Deleted(..) => Err(Problem::new(ErrorCode::InvalidCredentials)),
        }
    }

    /// The same, but tells whoever deleted their account, and may still take that back, so. To everybody else
    /// the answer is that of [`Visit::sign_in`].
    ///
    /// # Errors
    /// As for [`Visit::sign_in`].
    pub async fn sign_in_or_recognize(&self, form: SignInForm) -> Result<Admission, Problem> {
        self.check_entry(form.carrier)?;
        let visit = self.clone();
        self.auth().uncancelled(async move { visit.sign_in_or_recognize_whole(&form).await }).await
    }

    async fn sign_in_or_recognize_whole(&self, form: &SignInForm) -> Result<Admission, Problem> {
        match self.recognize(form, IfDeleted::Tell).await? {
            Proven::Active(user, hash) => {
                let signed_in = self.begin_session(user, hash, form).await?;
                Ok(Admission::SignedIn(Box::new(signed_in)))
            }
            Proven::Deleted(user, _) => Ok(Admission::Deleted(Box::new(user))),
        }
    }

    /// Signs somebody in, and takes back first that they deleted their account, if they did.
    ///
    /// # Errors
    /// As for [`Visit::sign_in`]. With `email_unverified` the account is back all the same.
    pub async fn restore(&self, form: SignInForm) -> Result<SignedIn, Problem> {
        self.check_entry(form.carrier)?;
        let visit = self.clone();
        let work = async move {
            match visit.recognize(&form, IfDeleted::Tell).await? {
                Proven::Active(user, hash) => visit.begin_session(user, hash, &form).await,
                Proven::Deleted(user, hash) => {
                    match visit.take_back(user.id, Together::nothing()).await? {
                        Ok(user) => visit.begin_session(user, hash, &form).await,
                        // Somebody with the same password was faster, most likely the same person.
                        Err(Obstacle::Account(NotChanged::NotDeleted)) => {
                            visit.begin_session(user, hash, &form).await
                        }
                        Err(_) => Err(Problem::new(ErrorCode::InvalidCredentials)),
                    }
                }
            }
        };
        self.auth().uncancelled(work).await
    }

    /// The same for somebody who gave the right password a moment ago, and whom the application knows again
    /// by a secret of its own. Of the form, login and password do not count. Nobody is signed in to an account
    /// that was not deleted.
    ///
    /// # Errors
    /// `invalid_credentials` where the account cannot be taken back by its owner (any more), `email_unverified`
    /// (the account is back all the same), `unavailable`.
    pub async fn restore_proven(&self, id: UserId, form: &SignInForm) -> Result<SignedIn, Problem> {
        self.restore_proven_with(id, form, Together::nothing()).await
    }

    /// The same, together with something else that happens when the account comes back. The session begins in
    /// a transaction of its own after that.
    ///
    /// # Errors
    /// As for [`Visit::restore_proven`]; `conflict` where the one-time token does not work any more.
    pub async fn restore_proven_with(
        &self,
        id: UserId,
        form: &SignInForm,
        with: Together,
    ) -> Result<SignedIn, Problem> {
        self.check_entry(form.carrier)?;
        let (visit, form) = (self.clone(), form.clone());
        self.auth().uncancelled(async move { visit.restore_whole(id, &form, with).await }).await
    }

    async fn restore_whole(
        &self,
        id: UserId,
        form: &SignInForm,
        with: Together,
    ) -> Result<SignedIn, Problem> {
        let auth = self.auth();
        let refused = || Problem::new(ErrorCode::InvalidCredentials);
        match self.take_back(id, with).await? {
            Ok(_) => {}
            Err(obstacle @ Obstacle::TokenSpent) => return Err(obstacle.into()),
            Err(_) => return Err(refused()),
        }
        let found = auth.0.users.credentials_of(id).await?.ok_or_else(refused)?;
        let hash = found.password_hash.filter(|_| auth.0.guards_sessions());
        self.begin_session(found.user, hash, form).await
    }

    /// Takes back, for its owner, that an account was deleted.
    async fn take_back(
        &self,
        id: UserId,
        with: Together,
    ) -> Result<Result<User, Obstacle>, Problem> {
        let auth = self.auth();
        let change = UserChange {
            status: Some(UserStatus::Active),
            by: Actor::Owner,
            guarded: true,
            ..UserChange::default()
        };
        let tells = match auth.0.users.user(id).await? {
            Some(user) => auth.admitted(Notice::Restored(user)).await,
            None => return Ok(Err(Obstacle::NoAccount)),
        };
        let visit = self.clone();
        let report = move |done: &Committed, said: Report| {
            let event = visit.event(EventName::UserRestored).of(id);
            let notice = done.user.clone().filter(|_| tells).map(Notice::Restored);
            said.event(event, "an account was restored by its owner").notice(notice)
        };
        let done = auth.change_account(id, change, None, with, report).await?;
        Ok(done.and_then(|done| done.user.ok_or(Obstacle::NoAccount)))
    }

    /// Who has this login and this password. Where that is nobody, what failed is counted.
    async fn recognize(&self, form: &SignInForm, if_deleted: IfDeleted) -> Result<Proven, Problem> {
        let inner = &self.auth().0;
        let key = LoginKey::from_typed(&form.login);
        let device = form.known_device(self);
        let from_address = inner
            .throttle
            .address(self.counted_address()?)
            .await
            .map_err(|limited| self.limited(limited, "address"))?;
        let found = inner.users.credentials(&key).await?;
        let tried = found.as_ref().map(|credentials| credentials.user.id);
        let account = match (device, tried) {
            (Some(device), Some(user)) if inner.devices.knows(&device, user) => {
                AccountKey::Device(device.id(), user)
            }
            (_, _) => AccountKey::Name(key),
        };
        let of_account = inner
            .throttle
            .account(account)
            .await
            .map_err(|limited| self.limited(limited, "account"))?;
        match self.compare(found, form.password.clone()).await? {
            Some(proven @ Proven::Active(..)) => return Ok(proven),
            Some(proven @ Proven::Deleted(..)) if if_deleted == IfDeleted::Tell => {
                return Ok(proven);
            }
            Some(Proven::Deleted(..)) | None => {}
        }
        from_address.failed();
        of_account.failed();
        metrics::sign_in("failed");
        let event = self.event(EventName::AuthnLoginFail);
        self.record(tried.into_iter().fold(event, Event::about), "a sign-in failed");
        Err(Problem::new(ErrorCode::InvalidCredentials))
    }

    /// Begins a session for somebody who proved to be who they are.
    async fn begin_session(
        &self,
        user: User,
        hash: Option<PasswordHash>,
        form: &SignInForm,
    ) -> Result<SignedIn, Problem> {
        let auth = self.auth();
        let inner = &auth.0;
        if inner.config.require_verified_email && user.email_verified_at.is_none() {
            return Err(Problem::new(ErrorCode::EmailUnverified));
        }
        let before = (form.carrier == Carrier::Cookie).then(|| self.cookie_session()).flatten();
        let sign_in = SignIn {
            user_id: user.id,
            carrier: form.carrier,
            remembered: form.remember,
            methods: vec![BY_PASSWORD.to_owned()],
            address: self.address().map(|address| address.to_string()).unwrap_or_default(),
            agent: self.agent().to_owned(),
            device: form.device.as_ref().map(|device| {
                device.chars().filter(|letter| !letter.is_control()).take(100).collect()
            }),
        };
        let session =
            sign_in.begin(SessionId::draw(auth.entropy()), &inner.config.lifetimes, auth.now());
        let fresh = Freshness::proven(session.auth_time, inner.config.lifetimes.fresh);
        // Made before the session is written: claims that do not fit leave none behind.
        let signed_in = auth.tokens_of(session, user, fresh)?;
        let known = form.known_device(self);
        let device = inner.devices.introduce(known.as_ref(), signed_in.user.id, auth.entropy());
        let notice = Notice::SignedIn {
            user: signed_in.user.clone(),
            session: Box::new(signed_in.session.clone()),
        };
        let notice = auth.admitted(notice.clone()).await.then_some(notice);
        let commit = Commit {
            session: Some(NewSession { session: signed_in.session.clone(), guard: hash }),
            endings: before
                .map(|id| Ending::Session { id, reason: EndReason::Replaced })
                .into_iter()
                .collect(),
            ..Commit::default()
        };
        let (visit, session) = (self.clone(), signed_in.session.clone());
        let report = move |done: &Committed| {
            let event = |name| visit.event(name).of(session.user_id).in_session(session.id);
            let signed_in =
                event(EventName::AuthnLoginSuccess).with("carrier", session.carrier.name());
            let created = event(EventName::SessionCreated).with("remembered", session.remembered);
            Report::default()
                .ended(done, |ended| visit.ended_event(ended))
                .event(signed_in, "a user signed in")
                .event(created, "a session was created")
                .notice(notice.clone())
        };
        inner.commit(commit, report).await??;
        auth.bound_sessions(signed_in.user.id, signed_in.session.id).await;
        if form.carrier == Carrier::Cookie {
            self.establish(&signed_in);
            // One that stays is not exchanged for one that goes when the browser is closed.
            if form.remember || known.as_ref() != Some(&device) {
                self.send_cookies(inner.config.cookies.device(&device.encode(), form.remember));
            }
        }
        metrics::sign_in("succeeded");
        Ok(SignedIn { renewed: signed_in, device })
    }

    /// Checks a password against what was found, and stores a better hash of it where it is made otherwise
    /// than new ones are. It costs the same for nobody, for an account without a password, and for one that
    /// may not be used.
    ///
    /// Gives the user and, where the store's own table holds them, the hash that still has to stand when
    /// the session is written.
    pub(crate) async fn check_password(
        &self,
        found: Option<Credentials>,
        typed: TypedPassword,
    ) -> Result<Option<(User, Option<PasswordHash>)>, Problem> {
        Ok(match self.compare(found, typed).await? {
            Some(Proven::Active(user, hash)) => Some((user, hash)),
            Some(Proven::Deleted(..)) | None => None,
        })
    }

    async fn compare(
        &self,
        mut found: Option<Credentials>,
        typed: TypedPassword,
    ) -> Result<Option<Proven>, Problem> {
        let inner = &self.auth().0;
        // Of two sign-ins at once, as an app and a page make them, the second finds the better hash of the
        // first in its way, and then checks that one.
        for _ in 0..UPGRADE_ATTEMPTS {
            let Some((credentials, upgraded)) = self.compare_once(found, typed.clone()).await?
            else {
                return Ok(None);
            };
            let Credentials { user, password_hash } = credentials;
            let guards = inner.guards_sessions();
            if user.status != UserStatus::Active {
                return Ok(Some(Proven::Deleted(user, password_hash.filter(|_| guards))));
            }
            let standing = match upgraded {
                None => password_hash,
                Some(upgraded) => {
                    let change = UserChange {
                        password_hash: Some(upgraded.clone()),
                        keeps_password: true,
                        instead_of: password_hash,
                        ..UserChange::default()
                    };
                    match inner.users.change_user(user.id, &change, inner.now()).await {
                        Ok(Some(_)) => Some(upgraded),
                        Ok(None) => {
                            found = inner.users.credentials_of(user.id).await?;
                            continue;
                        }
                        // The old hash is as good as before, and it is the store's fault alone: a table of the
                        // application's own may have no room for a longer one.
                        Err(error) => {
                            inner.note_failed_upgrade(&error);
                            change.instead_of
                        }
                    }
                }
            };
            return Ok(Some(Proven::Active(user, standing.filter(|_| guards))));
        }
        Err(Problem::unavailable(Duration::from_secs(1)))
    }

    /// Compares, and gives what was found where it is the password, with a better hash if that is outdated.
    /// What may be found so is an account that is active, or whose owner may take back that they deleted it.
    async fn compare_once(
        &self,
        found: Option<Credentials>,
        typed: TypedPassword,
    ) -> Result<Option<(Credentials, Option<PasswordHash>)>, Problem> {
        let inner = &self.auth().0;
        let is_usable = |user: &User| {
            user.status == UserStatus::Active
                || may_restore(user, Actor::Owner, inner.clock.now()).is_ok()
        };
        let usable = found.filter(|found| is_usable(&found.user));
        let hash = usable.as_ref().and_then(|credentials| credentials.password_hash.clone());
        let salt = random::draw(&*inner.entropy);
        let upgrades = inner.config.upgrade_hashes;
        let (verified, upgraded) = inner
            .hashers
            .run(move |hasher| {
                let password = Password::for_comparison(typed.expose());
                let Some(hash) = hash else {
                    return Ok((hasher.verify_nobody(&password)?, None));
                };
                let verified = hasher.verify(&password, &hash)?;
                let upgraded = match verified {
                    Verified::Match { outdated: true } if upgrades => {
                        Some(hasher.hash(&password, salt)?)
                    }
                    _ => None,
                };
                Ok((verified, upgraded))
            })
            .await?;
        let Some(credentials) = usable else {
            return Ok(None);
        };
        match verified {
            Verified::Match { .. } => Ok(Some((credentials, upgraded))),
            Verified::Mismatch => Ok(None),
            Verified::Unusable { reason } => {
                let user = credentials.user.id;
                tracing::error!(%user, %reason, "a stored password hash is unusable: the account cannot sign in with it");
                Ok(None)
            }
        }
    }

    pub(crate) fn limited(&self, limited: Limited, of: &str) -> Problem {
        let event = if of == "account" {
            EventName::AuthnLoginLock
        } else {
            EventName::ExcessRateLimitExceeded
        };
        metrics::sign_in("limited");
        self.record(
            self.event(event).with("of", of).with("retry_after", limited.retry_after.as_secs()),
            "too many failures: further attempts are refused for now",
        );
        Problem::from(limited)
    }
}
