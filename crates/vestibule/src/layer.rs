//! The layer around an application's routes: notes the credentials, decides nothing, and finishes the
//! answer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use tower::{Layer, Service};
use vestibule_core::{error::ErrorCode, redirect::LocalPath};

use crate::{
    body::{CsrfField, read_csrf_field},
    hall::Vestibule,
    problem::{Asked, Problem},
    visit::Visit,
};

impl Vestibule {
    /// The layer that every route which asks who is calling has to be inside of.
    #[must_use]
    pub fn layer(&self) -> HallLayer {
        HallLayer(self.clone())
    }
}

/// See [`Vestibule::layer`].
#[derive(Clone)]
pub struct HallLayer(Vestibule);

impl<S> Layer<S> for HallLayer {
    type Service = HallService<S>;

    fn layer(&self, inner: S) -> HallService<S> {
        HallService { hall: self.0.clone(), inner }
    }
}

/// See [`Vestibule::layer`].
#[derive(Clone)]
pub struct HallService<S> {
    hall: Vestibule,
    inner: S,
}

impl<S> Service<Request<Body>> for HallService<S>
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
        let hall = self.hall.clone();
        // The clone takes the place of the service that is ready (tower's contract for `poll_ready`).
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        Box::pin(async move {
            let (mut parts, mut body) = request.into_parts();
            let mut field = CsrfField::Absent;
            if may_hold_csrf_field(&parts.method, &parts.headers) {
                (field, body) = read_csrf_field(&parts.headers, body).await;
            }
            let visit = Visit::new(&hall, &parts, field);
            parts.extensions.insert(visit.clone());
            let kept = may_show_page(&parts).then(|| parts.clone());
            let response = inner.call(Request::from_parts(parts, body)).await?;
            Ok(finish(&visit, kept.as_ref(), response).await)
        })
    }
}

/// A form without any cookie is read as well: it may come from a browser that blocks them.
fn may_hold_csrf_field(method: &Method, headers: &HeaderMap) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
        && !headers.contains_key(header::AUTHORIZATION)
}

/// Whether a refusal of this request may become a page that greets a signed-in visitor.
fn may_show_page(parts: &Parts) -> bool {
    let accepts = parts.headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    parts.headers.contains_key(header::COOKIE)
        && !parts.headers.contains_key(header::AUTHORIZATION)
        && accepts.starts_with(b"text/html")
}

/// `kept` is the head of the request, if a refusal of it may become a page.
async fn finish(visit: &Visit, kept: Option<&Parts>, mut response: Response) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(parts) = kept {
            // Not every route asks who is there before it refuses.
            visit.read_facts(parts);
            visit.recognize_for_page(&problem).await;
        }
        // The router says what can be done where something cannot (RFC 9110 section 15.5.6).
        let allowed = response.headers_mut().remove(header::ALLOW);
        response = answer(visit, &problem);
        response.headers_mut().extend(allowed.map(|methods| (header::ALLOW, methods)));
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
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// The answer to a refusal: the application's, or the built-in one.
fn answer(visit: &Visit, problem: &Problem) -> Response {
    let hall = &visit.hall().0;
    let asked = visit.asked();
    let own = hall.on_problem.as_ref().and_then(|answer| answer(problem, visit));
    let mut response = own.unwrap_or_else(|| built_in(visit, problem, &asked));
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A page goes where somebody can sign in or confirm; everything else is told in JSON.
fn built_in(visit: &Visit, problem: &Problem, asked: &Asked) -> Response {
    let config = visit.hall().config();
    if !asked.is_program
        && let Some(target) = visit.way_on(problem, asked)
    {
        let mut response = Redirect::to(&target).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    }
    problem.json(Some(asked), config.flask_names)
}

impl Visit {
    /// Where a page sends somebody who has to sign in or confirm first, and back from there.
    #[must_use]
    pub fn way_on(&self, problem: &Problem, asked: &Asked) -> Option<String> {
        let config = self.hall().config();
        match problem.code {
            ErrorCode::TokenMissing
            | ErrorCode::TokenInvalid
            | ErrorCode::TokenExpired
            | ErrorCode::TokenRevoked
            | ErrorCode::SessionEnded => Some(
                self.renewal_detour(problem, asked)
                    .unwrap_or_else(|| LocalPath::with_next(&config.sign_in_path, &asked.next())),
            ),
            ErrorCode::FreshTokenRequired => {
                Some(LocalPath::with_next(&config.confirm_path, &asked.next()))
            }
            _ => None,
        }
    }
}
