//! What a handler asks for to know who is calling.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use serde_json::{Map, Value};
use vestibule_core::{
    error::ErrorCode,
    event::EventName,
    freshness::Freshness,
    id::{SessionId, UserId},
    session::Carrier,
    time::Timestamp,
    user::{User, UserStatus},
};

use crate::{authenticate::Authenticated, cache::Verified, problem::Problem, visit::Visit};

/// The verified caller of a request.
///
/// Asking for one is what makes a route protected: without a good token the answer is 401, or, for a
/// page, a redirect to the page to sign in on. With a cookie whose access token has expired the session
/// is renewed first, and with an unsafe method both CSRF rules have been checked.
///
/// `Option<Principal>` is for routes that know who is there and are open to all.
#[derive(Clone, Debug)]
pub struct Principal {
    verified: Arc<Verified>,
    carrier: Carrier,
}

impl Principal {
    /// Who is calling.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.verified.claims.user_id
    }

    /// In which session.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.verified.claims.session_id
    }

    /// The generation of the session that their token belongs to.
    pub(crate) fn generation(&self) -> u64 {
        self.verified.claims.generation
    }

    /// Their user name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.verified.claims.username
    }

    /// Their roles.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.verified.claims.roles
    }

    /// Whether they run the site.
    #[must_use]
    pub fn is_super_user(&self) -> bool {
        self.verified.claims.is_admin
    }

    /// How the credential travelled.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// To which carrier the session belongs.
    #[must_use]
    pub fn session_carrier(&self) -> Carrier {
        if self.verified.claims.csrf.is_some() { Carrier::Cookie } else { Carrier::Header }
    }

    /// When they last proved themselves.
    #[must_use]
    pub fn auth_time(&self) -> Timestamp {
        self.verified.claims.auth_time
    }

    /// Whether this token is proof of a recent authentication, and until when.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.verified.claims.fresh
    }

    /// The claims that the application added.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.verified.claims.custom
    }
}

impl From<Authenticated> for Principal {
    fn from(caller: Authenticated) -> Self {
        Self { verified: caller.verified, carrier: caller.carrier }
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visit = Visit::from_request_parts(parts, state).await?;
        visit.authenticate().await.map(Self::from)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Problem;

    /// Nobody is `None`: without a credential, or with one that is not good (any more).
    ///
    /// # Errors
    /// A header that is not good is refused all the same, so that an app learns of it, and so is a cookie
    /// request that fails the CSRF rules. An outage is an outage, not nobody.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        let visit = <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        match visit.authenticate().await {
            Ok(caller) => Ok(Some(caller.into())),
            Err(problem) if problem.carrier == Some(Carrier::Header) => Err(problem),
            Err(problem) if problem.code.status() == 401 => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

/// The caller's row of the user table, read for this request.
#[derive(Clone, Debug)]
pub struct CurrentUser {
    /// The row, read a moment ago at the most.
    pub user: Arc<User>,
    /// Who is calling.
    pub principal: Principal,
}

impl Deref for CurrentUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal =
            <Principal as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let visit = <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        match visit.auth().0.current_user(principal.user_id()).await? {
            Some(user) if user.status == UserStatus::Active => {
                visit.know_user(&user);
                Ok(Self { user, principal })
            }
            Some(_) | None => Err(Problem::new(ErrorCode::TokenRevoked).carried(principal.carrier)),
        }
    }
}

impl AsRef<Principal> for Principal {
    fn as_ref(&self) -> &Principal {
        self
    }
}

impl AsRef<Principal> for CurrentUser {
    fn as_ref(&self) -> &Principal {
        &self.principal
    }
}

/// A caller who proved themselves not long ago, for what is sensitive: `Fresh<Principal>`,
/// `Fresh<CurrentUser>`, `Fresh<Require<SuperUser>>`.
///
/// Otherwise the answer is 401 `fresh_token_required` (RFC 9470), or, for a page, a redirect to the page
/// to confirm on.
#[derive(Clone, Debug)]
pub struct Fresh<T = Principal>(pub T);

impl<T> Deref for Fresh<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: AsRef<Principal>> AsRef<Principal> for Fresh<T> {
    fn as_ref(&self) -> &Principal {
        self.0.as_ref()
    }
}

impl<S, T> FromRequestParts<S> for Fresh<T>
where
    S: Sync,
    T: FromRequestParts<S, Rejection = Problem> + AsRef<Principal> + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = T::from_request_parts(parts, state).await?;
        let visit = <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let principal = caller.as_ref();
        if principal.freshness().is_fresh(visit.auth().now()) {
            return Ok(Self(caller));
        }
        Err(Problem::new(ErrorCode::FreshTokenRequired).carried(principal.carrier))
    }
}

/// What a route requires of its caller beyond being signed in.
///
/// ```
/// use vestibule::{Principal, Requirement};
///
/// /// May edit maps.
/// struct Editor;
///
/// impl Requirement for Editor {
///     fn is_met_by(caller: &Principal) -> bool {
///         caller.roles().iter().any(|role| role == "editor")
///     }
/// }
/// ```
pub trait Requirement: Send + Sync + 'static {
    /// Whether this caller meets it.
    fn is_met_by(caller: &Principal) -> bool;
}

/// A role as a type, so that no route spells its name: every one is a [`Requirement`] too.
///
/// ```
/// struct Editor;
/// impl vestibule::Role for Editor {
///     const NAME: &'static str = "editor";
/// }
/// ```
pub trait Role: Send + Sync + 'static {
    /// Its name: a word of `[a-z0-9_-]`.
    const NAME: &'static str;
}

impl<R: Role> Requirement for R {
    fn is_met_by(caller: &Principal) -> bool {
        caller.roles().iter().any(|role| role == R::NAME)
    }
}

/// Runs the site: the one requirement that is no role.
#[derive(Clone, Copy, Debug)]
pub struct SuperUser;

impl Requirement for SuperUser {
    fn is_met_by(caller: &Principal) -> bool {
        caller.is_super_user()
    }
}

/// A caller who meets a requirement: `Require<Editor>`. Others are answered 403.
#[derive(Clone, Debug)]
pub struct Require<R>(pub Principal, PhantomData<R>);

impl<R> Deref for Require<R> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<R> AsRef<Principal> for Require<R> {
    fn as_ref(&self) -> &Principal {
        &self.0
    }
}

impl<S: Sync, R: Requirement> FromRequestParts<S> for Require<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = <Principal as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        if R::is_met_by(&caller) {
            return Ok(Self(caller, PhantomData));
        }
        let visit = <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let event = visit.event(EventName::AuthzFail).of(caller.user_id());
        visit.record(
            event.in_session(caller.session_id()).with("path", parts.uri.path()),
            "refused a caller without the required role",
        );
        Err(Problem::new(ErrorCode::Forbidden).carried(caller.carrier))
    }
}
