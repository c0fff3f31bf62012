//! What stands between the library's layer and the routes: whatever went wrong becomes an answer of the
//! site.

use std::{
    any::Any,
    convert::Infallible,
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use tower::{Layer as _, Service};
use tower_http::catch_panic::CatchPanicLayer;
use vestibule::{ErrorCode, Problem, Vestibule};

/// For the whole work on a request, from its head to its answer, unless the outer parts say otherwise.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// What a client waits after a request that took too long.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// A request that the outer parts refuse. It still passes the library's layer, which knows how a refusal is
/// told: a page of the site or JSON.
#[derive(Clone, Debug)]
pub(super) struct Refused(pub(super) Problem);

/// What the outer parts say.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerWithin(pub(super) Duration);

/// Where the methods of a 405 are kept while its answer is replaced.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed(pub(super) Arc<OnceLock<HeaderValue>>);

/// Puts the library's layer around the routes.
pub(crate) fn around(
    auth: &Vestibule,
    router: Router,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    let routes = CatchPanicLayer::custom(panicked).layer(router);
    auth.layer().layer(from_fn_with_state(auth.clone(), keep).layer(routes))
}

async fn keep(State(auth): State<Vestibule>, mut request: Request, next: Next) -> Response {
    if let Some(Refused(problem)) = request.extensions_mut().remove() {
        return problem.into_response();
    }
    let allowed = request.extensions().get::<Allowed>().cloned();
    let within = request.extensions().get().map_or(ANSWER_WITHIN, |AnswerWithin(within)| *within);
    let is_whole = runs_to_its_end(&request);
    let work = next.run(request);
    let answered = match is_whole {
        true => tokio::time::timeout(within, whole(&auth, work)).await,
        false => tokio::time::timeout(within, work).await,
    };
    match answered {
        Ok(response) => told(response, allowed),
        Err(_) => {
            tracing::error!("a request took longer than {} s", within.as_secs());
            Problem::unavailable(TRY_AGAIN).into_response()
        }
    }
}

/// Whether the handler goes on when its client hangs up: what may change something is done to its end, with all
/// that a page or a route does beside the library's flows. Who sends a file and goes away sends no more of it.
fn runs_to_its_end(request: &Request) -> bool {
    let method = request.method();
    let is_unsafe =
        !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    let path = request.uri().path();
    let may_send_file = matches!(*method, Method::POST | Method::PUT | Method::PATCH)
        && (path.starts_with("/api/files") || path.starts_with("/uploads"));
    is_unsafe && !may_send_file
}

/// The answer of a task that no client can cut short.
async fn whole(
    auth: &Vestibule,
    work: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let done = auth.uncancelled(async move { Ok(work.await) }).await;
    done.unwrap_or_else(|problem| problem.into_response())
}

/// The answer where a handler panics. The panic hook has logged it.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::new(ErrorCode::Internal).into_response()
}

/// Refusals of the framework itself (no such route, no such method, a body that an extractor cannot read)
/// become the site's.
fn told(response: Response, allowed: Option<Allowed>) -> Response {
    let Some(code) = bare_refusal(&response) else { return response };
    if let (Some(Allowed(cell)), Some(methods)) = (allowed, response.headers().get(header::ALLOW)) {
        // It is set once for each request, and this is the one place.
        let _ = cell.set(methods.clone());
    }
    Problem::new(code).into_response()
}

/// The code of a refusal that nobody of the site has worded.
fn bare_refusal(response: &Response) -> Option<ErrorCode> {
    let is_worded = response.extensions().get::<Problem>().is_some()
        || response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if is_worded {
        return None;
    }
    Some(match response.status() {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => ErrorCode::MalformedRequest,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
        StatusCode::INTERNAL_SERVER_ERROR => ErrorCode::Internal,
        _ => return None,
    })
}
