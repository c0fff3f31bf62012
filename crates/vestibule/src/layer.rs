//! The layer around an application's routes: notes the credentials, decides nothing, and finishes the
//! answer.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use tower::{Layer, Service};
use vestibule_core::{error::ErrorCode, redirect::LocalPath};

use crate::{
    auth::Vestibule,
    body::{CsrfField, read_csrf_field},
    credentials::has_bearer,
    problem::{Problem, RequestInfo},
    routes::forwarded_methods,
    visit::Visit,
};

impl Vestibule {
    /// The layer that every route which asks who is calling has to be inside of.
    ///
    /// # The order of layers
    ///
    /// In axum the layer that is added last stands outermost, and covers the routes that were added before it.
    /// Add this one after all routes; a route outside of it that asks who is calling answers 500, and the log says
    /// so. What changes the request for handlers, or looks at who is calling, goes inside (added before), what is
    /// about connections goes outside (added after): traces, limits of time and size, compression, the client's
    /// address. Layers for CORS go on either side. Preflights ask for nobody; the headers of inner layers
    /// stay on refusals, so that a script of another origin can read `token_expired`.
    ///
    /// ```text
    /// Router::new()
    ///     .route("/api/maps", get(maps))
    ///     .merge(auth.routes())
    ///     .layer(cors)              // inside
    ///     .layer(auth.layer())
    ///     .layer(trace)             // outside
    /// ```
    #[must_use]
    pub fn layer(&self) -> AuthLayer {
        AuthLayer(self.clone())
    }
}

/// See [`Vestibule::layer`].
#[derive(Clone)]
pub struct AuthLayer(Vestibule);

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService { auth: self.0.clone(), inner }
    }
}

/// See [`Vestibule::layer`].
#[derive(Clone)]
pub struct AuthService<S> {
    auth: Vestibule,
    inner: S,
}

impl<S> Service<Request<Body>> for AuthService<S>
where
    S: Service<Request<Body>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let auth = self.auth.clone();
        // The clone takes the place of the service that is ready (tower's contract for `poll_ready`).
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        Box::pin(async move {
            if is_inside_of(&auth, &request) {
                return inner.call(request).await;
            }
            let (mut parts, mut body) = request.into_parts();
            let mut field = CsrfField::Absent;
            if may_hold_csrf_field(&parts.method, &parts.headers) {
                (field, body) = read_csrf_field(&parts.headers, body).await;
            }
            let visit = Visit::new(&auth, &parts, field);
            parts.extensions.insert(visit.clone());
            let is_for_page = may_show_page(&parts);
            let response = inner.call(Request::from_parts(parts, body)).await?;
            Ok(finish(&visit, is_for_page, response).await)
        })
    }
}

/// Whether the same layer stands further out already: a second one would find out everything anew, and its
/// cookies would contradict those of the first.
fn is_inside_of(auth: &Vestibule, request: &Request<Body>) -> bool {
    let outer = request.extensions().get::<Visit>();
    outer.is_some_and(|visit| Arc::ptr_eq(&visit.auth().0, &auth.0))
}

/// A form without any cookie is read as well: it may come from a browser that blocks them. A reverse proxy that
/// asks on behalf of a form may hand on its body.
fn may_hold_csrf_field(method: &Method, headers: &HeaderMap) -> bool {
    let changes = |method: &str| matches!(method, "POST" | "PUT" | "PATCH" | "DELETE");
    (changes(method.as_str()) || forwarded_methods(headers).any(changes)) && !has_bearer(headers)
}

/// Whether a refusal of this request may become a page that greets a signed-in visitor.
fn may_show_page(parts: &Parts) -> bool {
    let accepts = parts.headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    parts.headers.contains_key(header::COOKIE)
        && !has_bearer(&parts.headers)
        && accepts.starts_with(b"text/html")
}

/// `is_for_page` where a refusal of the request may become a page.
async fn finish(visit: &Visit, is_for_page: bool, mut response: Response) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if is_for_page {
            // Not every route asks who is there before it refuses.
            visit.recognize_for_page(&problem).await;
        }
        let inner = std::mem::take(response.headers_mut());
        response = answer(visit, &problem);
        keep_headers(inner, response.headers_mut());
        visit.note_foreign(&problem);
    }
    let asked_who = visit.was_asked();
    visit.forget_rounds();
    let cookies = visit.take_cookies();
    let cookies = if visit.may_set_cookies() { cookies } else { Vec::new() };
    let headers = response.headers_mut();
    // An answer with cookies is nobody's to keep; one that depends on who asks is nobody else's, unless its
    // handler says otherwise.
    if !cookies.is_empty() || (asked_who && !headers.contains_key(header::CACHE_CONTROL)) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if asked_who || !cookies.is_empty() {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    put_first(headers, cookies);
    response
}

/// Sets these cookies before those that are there already: a gateway that hands on one hands on the first, and
/// the session's first one is the one that matters ([`Cookies::establish`]).
///
/// [`Cookies::establish`]: crate::config::Cookies::establish
fn put_first(headers: &mut HeaderMap, cookies: Vec<HeaderValue>) {
    let others: Vec<_> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies.into_iter().chain(others) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// What the layers and routers inside have said stays, such as `Access-Control-Allow-Origin` or `Allow`, unless it
/// is about the body that was replaced or the answer says the same otherwise.
fn keep_headers(inner: HeaderMap, answer: &mut HeaderMap) {
    let mut name = None;
    let mut is_kept = false;
    for (next, value) in inner {
        // Several values of one header follow each other, and only the first one names it.
        if let Some(next) = next {
            is_kept = !OF_THE_REFUSAL.contains(&next)
                && (ADDS_UP.contains(&next) || !answer.contains_key(&next));
            name = Some(next);
        }
        if let (true, Some(name)) = (is_kept, &name) {
            answer.append(name, value);
        }
    }
}

/// Headers of a refusal or its body, which the answer in its place has said anew or left out on purpose.
static OF_THE_REFUSAL: [HeaderName; 10] = [
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
    header::TRANSFER_ENCODING,
    header::WWW_AUTHENTICATE,
];

/// Headers that both may say something of.
static ADDS_UP: [HeaderName; 2] = [header::SET_COOKIE, header::VARY];

/// The answer to a refusal: the application's, or the built-in one.
fn answer(visit: &Visit, problem: &Problem) -> Response {
    let auth = &visit.auth().0;
    let request_info = visit.request_info();
    let own = auth.on_problem.as_ref().and_then(|answer| answer(problem, visit));
    let mut response = own.unwrap_or_else(|| built_in(visit, problem, &request_info));
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A page goes where somebody can sign in or confirm, if there is such a page; everything else is told in JSON.
fn built_in(visit: &Visit, problem: &Problem, request_info: &RequestInfo) -> Response {
    let config = visit.auth().config();
    if !request_info.expects_json
        && let Some(target) = visit.redirect_target(problem, request_info)
    {
        let mut response = Redirect::to(&target).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    }
    problem.json(Some(request_info), config.flask_names)
}

impl Visit {
    /// Where a page sends somebody who has to sign in or confirm first, and back from there; `None` where the
    /// application names no page for it.
    #[must_use]
    pub fn redirect_target(&self, problem: &Problem, request_info: &RequestInfo) -> Option<String> {
        let config = self.auth().config();
        match problem.code {
            ErrorCode::TokenMissing
            | ErrorCode::TokenInvalid
            | ErrorCode::TokenExpired
            | ErrorCode::TokenRevoked
            | ErrorCode::SessionEnded => self
                .renewal_detour(problem, request_info)
                .or_else(|| config.to_sign_in(&request_info.next())),
            ErrorCode::FreshTokenRequired => {
                let path = config.confirm_path.as_deref()?;
                Some(LocalPath::with_next(path, &request_info.next()))
            }
            _ => None,
        }
    }
}
