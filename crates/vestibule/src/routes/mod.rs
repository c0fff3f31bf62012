//! The endpoints that every application gets.

mod bodies;
mod openapi;
mod proxy;
mod session;
mod user;

use axum::{Json, Router, http::header, routing::get};
use serde_json::json;
use vestibule_core::error::ErrorCode;

use crate::{detour, hall::Vestibule, problem::Problem, visit::Visit};

pub use openapi::api_description;

impl Vestibule {
    /// The routes of the API at their usual paths: `/api/auth/…`, `/api/user`, `/auth/verify-request`, the
    /// JWK set, and, where renewal goes by redirect, its path. They have to be inside of
    /// [`Vestibule::layer`]. The same routes, one by one for other paths, are in [`crate::route`].
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let router = Router::new()
            .route("/api/auth/register", route::register())
            .route("/api/auth/login", route::login())
            .route("/api/auth/restore", route::restore())
            .route("/api/auth/refresh", route::refresh())
            .route("/api/auth/logout", route::logout())
            .route("/api/auth/me", route::me())
            .route("/api/auth/confirm", route::confirm())
            .route("/api/auth/password", route::password())
            .route("/api/auth/sessions", route::sessions())
            .route("/api/auth/sessions/{id}", route::session())
            .route("/api/user", route::user())
            .route("/auth/verify-request", route::verify_request())
            .route("/.well-known/jwks.json", route::key_set())
            .method_not_allowed_fallback(async |_: Visit| {
                Problem::new(ErrorCode::MethodNotAllowed)
            });
        let cookies = &self.config().cookies;
        if cookies.renews_by_redirect() {
            let path = format!("{}/renew", cookies.refresh_path.trim_end_matches('/'));
            router.route(&path, get(detour::renew))
        } else {
            router
        }
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

    use super::{key_set as keys, proxy, session as sign_in, user as account};

    /// `POST`: makes an account.
    pub fn register<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        post(account::register)
    }

    /// `POST`: signs in.
    pub fn login<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        post(sign_in::login)
    }

    /// `POST`: signs in, and takes back first that the caller deleted their account.
    pub fn restore<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        post(sign_in::restore)
    }

    /// `POST`: renews a session.
    pub fn refresh<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        post(sign_in::refresh)
    }

    /// `POST`: signs out.
    pub fn logout<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        post(sign_in::logout)
    }

    /// `GET`: who is calling.
    pub fn me<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        get(account::me)
    }

    /// `POST`: proves by password that it is still the same person.
    pub fn confirm<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        post(sign_in::confirm)
    }

    /// `PUT`: changes the password.
    pub fn password<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        put(account::change_password)
    }

    /// `GET`: the caller's sessions. `DELETE`: ends all others.
    pub fn sessions<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        get(sign_in::list).delete(sign_in::end_others)
    }

    /// With a path parameter, `GET`: one of the caller's sessions with its renewals. `DELETE`: ends it.
    pub fn session<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        get(sign_in::detail).delete(sign_in::end)
    }

    /// `PATCH`: changes the caller's names. `DELETE`: deletes their account.
    pub fn user<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        patch(account::change_profile).delete(account::delete_account)
    }

    /// `GET`: for a reverse proxy.
    pub fn verify_request<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        get(proxy::verify_request)
    }

    /// `GET`: the public keys.
    pub fn key_set<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
        get(keys)
    }
}

/// The public keys that verify access tokens (RFC 7517 section 5).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys", responses((status = 200, description = "The JWK set")))]
async fn key_set(visit: Visit) -> impl axum::response::IntoResponse {
    let ring = visit.hall().0.keys.current();
    let body = Json(json!({ "keys": ring.ring.published() }));
    // The next key is listed long before it signs, so that a copy of five minutes is never too old.
    ([(header::CACHE_CONTROL, "public, max-age=300")], body)
}
