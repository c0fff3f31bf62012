//! Signing in.

use std::time::Duration;

use vestibule_core::{
    deletion::{Party, may_restore},
    device::KnownDevice,
    error::ErrorCode,
    event::{Event, EventName},
    freshness::Freshness,
    id::{SessionId, UserId},
    limit::Limited,
    name::LoginKey,
    password::{Password, PasswordHash, Verified},
    random,
    session::{Carrier, EndReason, SignIn},
    user::{Credentials, NotChanged, User, UserChange, UserStatus},
};

use crate::{
    metrics, notice::Notice, problem::Problem, renew::Renewed, throttle::AccountKey, visit::Visit,
};

/// What somebody signs in with.
#[derive(Clone, Debug)]
pub struct SignInForm {
    /// The user name or the e-mail address, as typed.
    pub login: String,
    /// The password, as typed.
    pub password: String,
    /// Whether to stay signed in after the browser was closed.
    pub remember: bool,
    /// By which carrier the tokens are to travel.
    pub carrier: Carrier,
    /// What an app calls its device.
    pub device: Option<String>,
    /// What an app got with its last sign-in ([`SignedIn::device_token`]); browsers have a cookie instead.
    pub device_token: Option<String>,
}

impl SignInForm {
    /// What the request shows of who has signed in with this device before.
    fn known_device(&self, visit: &Visit) -> Option<KnownDevice> {
        match &self.device_token {
            Some(token) => KnownDevice::parse(token),
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
    /// # Errors
    /// `invalid_credentials` for every cause that is the account's own business, `email_unverified`,
    /// `rate_limited`, `unavailable`.
    pub async fn sign_in(&self, form: SignInForm) -> Result<SignedIn, Problem> {
        match self.recognize(&form, IfDeleted::Refuse).await? {
            Proven::Active(user, hash) => self.begin_session(user, hash, &form).await,
            Proven::Deleted(..) => Err(Problem::new(ErrorCode::InvalidCredentials)),
        }
    }

    /// The same, but tells whoever deleted their account, and may still take that back, so. To everybody else
    /// the answer is that of [`Visit::sign_in`].
    ///
    /// # Errors
    /// As for [`Visit::sign_in`].
    pub async fn sign_in_or_recognize(&self, form: SignInForm) -> Result<Admission, Problem> {
        match self.recognize(&form, IfDeleted::Tell).await? {
            Proven::Active(user, hash) => {
                let signed_in = self.begin_session(user, hash, &form).await?;
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
        match self.recognize(&form, IfDeleted::Tell).await? {
            Proven::Active(user, hash) => self.begin_session(user, hash, &form).await,
            Proven::Deleted(user, hash) => match self.take_back(user.id).await? {
                // Somebody with the same password was faster, most likely the same person.
                Err(NotChanged::NotDeleted) => self.begin_session(user, hash, &form).await,
                Err(_) => Err(Problem::new(ErrorCode::InvalidCredentials)),
                Ok(user) => self.begin_session(user, hash, &form).await,
            },
        }
    }

    /// The same for somebody who gave the right password a moment ago, and whom the application knows again
    /// by a secret of its own. Of the form, login and password do not count. Nobody is signed in to an account
    /// that was not deleted.
    ///
    /// # Errors
    /// `invalid_credentials` where the account cannot be taken back by its owner (any more), `email_unverified`
    /// (the account is back all the same), `unavailable`.
    pub async fn restore_proven(&self, id: UserId, form: &SignInForm) -> Result<SignedIn, Problem> {
        let hall = self.hall();
        let refused = || Problem::new(ErrorCode::InvalidCredentials);
        self.take_back(id).await?.map_err(|_| refused())?;
        let found = hall.0.users.credentials_of(id).await?.ok_or_else(refused)?;
        let hash = found.password_hash.filter(|_| hall.0.guards_sessions());
        self.begin_session(found.user, hash, form).await
    }

    /// Takes back, for its owner, that an account was deleted.
    async fn take_back(&self, id: UserId) -> Result<Result<User, NotChanged>, Problem> {
        let hall = self.hall();
        let change = UserChange {
            status: Some(UserStatus::Active),
            by: Party::Owner,
            guarded: true,
            ..UserChange::default()
        };
        let Some(changed) = hall.change_user(id, change).await? else {
            return Err(Problem::new(ErrorCode::InvalidCredentials));
        };
        if let Ok(user) = &changed {
            let event = self.event(EventName::UserRestored).of(user.id);
            self.record(event, "an account was taken back by its owner");
            hall.0.messenger.tell(Notice::Restored(user.clone())).await;
        }
        Ok(changed)
    }

    /// Who has this login and this password. Where that is nobody, what failed is counted.
    async fn recognize(&self, form: &SignInForm, if_deleted: IfDeleted) -> Result<Proven, Problem> {
        let inner = &self.hall().0;
        let key = LoginKey::from_typed(&form.login);
        let device = form.known_device(self);
        let from_address = inner
            .throttle
            .address(self.address())
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
        let hall = self.hall();
        let inner = &hall.0;
        if inner.config.require_verified_email && user.email_verified_at.is_none() {
            return Err(Problem::new(ErrorCode::EmailUnverified));
        }
        let before = (form.carrier == Carrier::Cookie).then(|| self.cookie_session()).flatten();
        let sign_in = SignIn {
            user_id: user.id,
            carrier: form.carrier,
            remembered: form.remember,
            methods: vec![BY_PASSWORD.to_owned()],
            address: self.address().to_string(),
            agent: self.agent().to_owned(),
            device: form.device.as_ref().map(|device| {
                device.chars().filter(|letter| !letter.is_control()).take(100).collect()
            }),
        };
        let session =
            sign_in.begin(SessionId::draw(hall.entropy()), &inner.config.lifetimes, hall.now());
        let fresh = Freshness::proven(session.auth_time, inner.config.lifetimes.fresh);
        // Made before the session is written: claims that do not fit leave none behind.
        let signed_in = hall.tokens_of(session, user, fresh)?;
        if !inner.store.create_session(&signed_in.session, hash.as_ref()).await? {
            // The password was changed or the account suspended while this was on its way.
            return Err(Problem::new(ErrorCode::InvalidCredentials));
        }
        if let Some(before) = before {
            self.end_own(before, EndReason::Replaced, None).await?;
        }
        let known = form.known_device(self);
        let device = inner.devices.introduce(known.as_ref(), signed_in.user.id, hall.entropy());
        if form.carrier == Carrier::Cookie {
            self.establish(&signed_in);
            // One that stays is not exchanged for one that goes when the browser is closed.
            if form.remember || known.as_ref() != Some(&device) {
                self.send_cookies(inner.config.cookies.device(&device.encode(), form.remember));
            }
        }
        metrics::sign_in("succeeded");
        let event = |name| self.event(name).of(signed_in.user.id).in_session(signed_in.session.id);
        self.record(
            event(EventName::AuthnLoginSuccess).with("carrier", form.carrier.name()),
            "somebody signed in",
        );
        self.record(
            event(EventName::SessionCreated).with("remembered", signed_in.session.remembered),
            "a session was created",
        );
        let notice = Notice::SignedIn {
            user: signed_in.user.clone(),
            session: Box::new(signed_in.session.clone()),
        };
        inner.messenger.tell(notice).await;
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
        typed: String,
    ) -> Result<Option<(User, Option<PasswordHash>)>, Problem> {
        Ok(match self.compare(found, typed).await? {
            Some(Proven::Active(user, hash)) => Some((user, hash)),
            Some(Proven::Deleted(..)) | None => None,
        })
    }

    async fn compare(
        &self,
        mut found: Option<Credentials>,
        typed: String,
    ) -> Result<Option<Proven>, Problem> {
        let inner = &self.hall().0;
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
                    if inner.users.change_user(user.id, &change, inner.now()).await?.is_none() {
                        found = inner.users.credentials_of(user.id).await?;
                        continue;
                    }
                    Some(upgraded)
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
        typed: String,
    ) -> Result<Option<(Credentials, Option<PasswordHash>)>, Problem> {
        let inner = &self.hall().0;
        let is_usable = |user: &User| {
            user.status == UserStatus::Active
                || may_restore(user, Party::Owner, inner.clock.now()).is_ok()
        };
        let usable = found.filter(|found| is_usable(&found.user));
        let hash = usable.as_ref().and_then(|credentials| credentials.password_hash.clone());
        let salt = random::draw(&*inner.entropy);
        let (verified, upgraded) = inner
            .hashers
            .run(move |hasher| {
                let password = Password::for_comparison(&typed);
                let Some(hash) = hash else {
                    return Ok((hasher.verify_nobody(&password)?, None));
                };
                let verified = hasher.verify(&password, &hash)?;
                let upgraded = match verified {
                    Verified::Match { outdated: true } => Some(hasher.hash(&password, salt)?),
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
                tracing::error!(%user, %reason, "a stored password hash is of no use: nobody signs in by it");
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
            "too many failures: the next try is refused for now",
        );
        Problem::from(limited)
    }
}
