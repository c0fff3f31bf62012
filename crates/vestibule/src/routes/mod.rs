//! The endpoints that every application gets.

mod bodies;
mod openapi;
mod proxy;
mod session;
mod user;

use std::collections::BTreeSet;

use axum::{
    Json, Router,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get},
};
use serde_json::json;
use tower::util::MapResponseLayer;
use vestibule_core::error::ErrorCode;

use crate::{auth::Vestibule, problem::Problem, renewal_redirect, visit::Visit};

pub use openapi::api_description;
pub(crate) use proxy::forwarded_methods;

/// A part of the API that an application may open, beside the smallest one, which [`Vestibule::routes`] always
/// has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteGroup {
    /// Making an account of one's own: `/api/auth/register`. Who may is [`crate::Config::registration`].
    Registration,
    /// Changing and deleting one's own account, its password, and taking a deletion back: `/api/user`,
    /// `/api/auth/password`, `/api/auth/restore`.
    Account,
    /// The list of one's own sessions, and ending them: `/api/auth/sessions`.
    Sessions,
    /// Questions of a reverse proxy: `/auth/verify-request`.
    Proxy,
    /// The public keys, for others who verify access tokens: `/.well-known/jwks.json`.
    Keys,
}

impl RouteGroup {
    /// All there are.
    pub const ALL: [Self; 5] =
        [Self::Registration, Self::Account, Self::Sessions, Self::Proxy, Self::Keys];

    fn add_to<S: Clone + Send + Sync + 'static>(self, router: Router<S>) -> Router<S> {
        match self {
            Self::Registration => router.route("/api/auth/register", route::register()),
            Self::Account => router
                .route("/api/auth/restore", route::restore())
                .route("/api/auth/password", route::password())
                .route("/api/user", route::user()),
            Self::Sessions => router
                .route("/api/auth/sessions", route::sessions())
                .route("/api/auth/sessions/{id}", route::session()),
            Self::Proxy => router.route("/auth/verify-request", route::verify_request()),
            Self::Keys => router.route("/.well-known/jwks.json", route::key_set()),
        }
    }
}

impl Vestibule {
    /// The routes of the API that every application with sign-in needs, at their usual paths: signing in
    /// (`/api/auth/login`), renewing (`refresh`), signing out (`logout`), who is calling (`me`), proving it again
    /// (`confirm`), and, where renewal goes by redirect, its path. Nobody makes or changes an account by them:
    /// that is for [`Vestibule::routes_with`] to open.
    ///
    /// They have to be inside of [`Vestibule::layer`]. The same routes, one by one for other paths, are in
    /// [`crate::route`].
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let router = Router::new()
            .route("/api/auth/login", route::login())
            .route("/api/auth/refresh", route::refresh())
            .route("/api/auth/logout", route::logout())
            .route("/api/auth/me", route::me())
            .route("/api/auth/confirm", route::confirm());
        let cookies = &self.config().cookies;
        if cookies.renews_by_redirect() {
            let path = format!("{}/renew", cookies.refresh_path.trim_end_matches('/'));
            router.route(&path, get(renewal_redirect::renew))
        } else {
            router
        }
    }

    /// The routes of [`Vestibule::routes`], and those of some groups, or of [`RouteGroup::ALL`].
    pub fn routes_with<S: Clone + Send + Sync + 'static>(
        &self,
        groups: impl IntoIterator<Item = RouteGroup>,
    ) -> Router<S> {
        // A group that is named twice is there once.
        let groups: BTreeSet<_> = groups.into_iter().collect();
        groups.into_iter().fold(self.routes(), |router, group| group.add_to(router))
    }
}

/// The endpoints one by one, for an application that has paths of its own for them.
///
/// ```
/// use vestibule::route;
///
/// let routes: axum::Router = axum::Router::new()
///     .route("/api/login", route::login())
///     .route("/api/refresh", route::refresh());
/// ```
pub mod route {
    use axum::routing::{MethodRouter, get, patch, post, put};

    use super::{key_set as keys, proxy, refusing_others, session as sign_in, user as account};

    /// `POST`: makes an account.
    pub fn register<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(post(account::register))
    }

    /// `POST`: signs in.
    pub fn login<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(post(sign_in::login))
    }

    /// `POST`: signs in, and takes back first that the caller deleted their account.
    pub fn restore<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(post(sign_in::restore))
    }

    /// `POST`: renews a session.
    pub fn refresh<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(post(sign_in::refresh))
    }

    /// `POST`: signs out.
    pub fn logout<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(post(sign_in::logout))
    }

    /// `GET`: who is calling.
    pub fn me<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(get(account::me))
    }

    /// `POST`: proves by password that it is still the same person.
    pub fn confirm<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(post(sign_in::confirm))
    }

    /// `PUT`: changes the password.
    pub fn password<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(put(account::change_password))
    }

    /// `GET`: the caller's sessions. `DELETE`: ends all others.
    pub fn sessions<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(get(sign_in::list).delete(sign_in::end_others))
    }

    /// With a path parameter, `GET`: one of the caller's sessions with its renewals. `DELETE`: ends it.
    pub fn session<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(get(sign_in::detail).delete(sign_in::end))
    }

    /// `PATCH`: changes the caller's names. `DELETE`: deletes their account.
    pub fn user<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(patch(account::change_profile).delete(account::delete_account))
    }

    /// `GET`: for a reverse proxy.
    pub fn verify_request<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(get(proxy::verify_request))
    }

    /// `GET`: the public keys.
    pub fn key_set<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        refusing_others(get(keys))
    }
}

/// Refuses other methods like everything else is refused. It is no fallback, since an application may have routes
/// of its own at the same path, and a fallback for them: two fallbacks cannot be merged.
fn refusing_others<S: Clone + Send + Sync + 'static>(route: MethodRouter<S>) -> MethodRouter<S> {
    route.layer(MapResponseLayer::new(|response: Response| {
        let is_bare = response.extensions().get::<Problem>().is_none();
        if response.status() == StatusCode::METHOD_NOT_ALLOWED && is_bare {
            // The router adds what can be done (RFC 9110 section 15.5.6).
            return Problem::new(ErrorCode::MethodNotAllowed).into_response();
        }
        response
    }))
}

/// The public keys that verify access tokens (RFC 7517 section 5).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys", responses((status = 200, description = "The JWK set")))]
async fn key_set(visit: Visit) -> impl axum::response::IntoResponse {
    let ring = visit.auth().0.keys.current();
    let body = Json(json!({ "keys": ring.ring.published() }));
    // The next key is listed long before it signs, so that a copy of five minutes is never too old.
    ([(header::CACHE_CONTROL, "public, max-age=300")], body)
}
