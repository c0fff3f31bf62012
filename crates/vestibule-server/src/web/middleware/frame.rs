//! The outermost part of the site: what every request passes, and every answer.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Version, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use http_body_util::Limited;
use hyper::body::Body as _;
use ipnet::IpNet;
use tower::{Layer as _, Service};
use tower_http::catch_panic::CatchPanicLayer;
use vestibule::{
    Detail, ErrorCode, Problem, RequestId, SystemClock, Vestibule,
    core::random::{self, Entropy},
};

use super::{
    access_log::AccessRecord,
    body_idle_timeout::{Rate, Steady},
    cors::Cors,
    drain::Leftover,
    error_layer::{ANSWER_WITHIN, Allowed, AnswerWithin, Refused, panicked},
    headers::Guards,
    host,
};
use crate::web::site_service::{Ambiguous, SiteService, Transport};
use crate::{config, web::files, web::state::Site};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The longest body that is taken, in bytes. Routes have narrower bounds of their own.
const BODY_BYTES: u64 = 1024 * 1024;
/// How much longer a request may take than its route, as a net below that: the library's layer reads the
/// beginning of forms itself.
const NET: Duration = Duration::from_secs(5);
/// So much arrives of a body that may take long: a kibibyte each second, which the slowest mobile network brings.
const ARRIVES: Rate = Rate { bytes: 30 * 1024, within: Duration::from_secs(30) };
/// What a client waits after a request that took too long.
const TRY_AGAIN: Duration = Duration::from_secs(5);

struct Frame {
    auth: Vestibule,
    trusted_proxies: Vec<IpNet>,
    cors: Cors,
    guards: Guards,
    files: config::Files,
    /// Whether the site is one that browsers should only ever reach over https. On this machine's own
    /// names other programs live too.
    is_strict: bool,
    clock: SystemClock,
}

/// Puts the frame around everything else.
pub(crate) fn around<S>(site: &Site, inner: S) -> SiteService
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
{
    let settings = &site.settings;
    let frame = Frame {
        auth: site.auth.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        cors: Cors::new(&settings.cors.origins),
        guards: Guards::new(settings),
        files: settings.files.clone(),
        is_strict: settings.public_url.is_https() && !settings.public_url.is_loopback(),
        clock: SystemClock::start(),
    };
    let inner = CatchPanicLayer::custom(panicked).layer(inner);
    SiteService::new(from_fn_with_state(Arc::new(frame), pass).layer(inner))
}

async fn pass(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    let (mut request, leftover) = Leftover::watch(request);
    let is_from_proxy = frame.is_from_proxy(&request);
    let id = request_id(request.headers(), is_from_proxy, frame.auth.entropy());
    let address = frame.auth.client_address(request.extensions(), request.headers());
    let line = AccessRecord::begin(&request, address, id.clone(), frame.clock);
    let over_https = frame.is_strict && is_over_https(&request, is_from_proxy);
    let allowed = Allowed::default();
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(allowed.clone());

    let checked = settle(&mut request);
    let path = request.uri().path().to_owned();
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).map(str::to_ascii_lowercase);
    let bounds = frame.bounds(&request);
    let checked = checked.and_then(|()| bounds.check(&request));
    request.extensions_mut().insert(AnswerWithin(bounds.time));
    // Whoever sends such a request may mean something else by what follows it as well.
    let is_malformed =
        checked.as_ref().is_err_and(|problem| problem.code == ErrorCode::MalformedRequest);
    let is_old = request.version() < Version::HTTP_2;
    let verdict = frame.cors.judge(&request);
    let preflight = verdict.as_ref().and_then(|verdict| verdict.preflight(&request));
    let mut response = match (checked, preflight) {
        (Ok(()), Some(answer)) => answer,
        (Ok(()), None) => answer(bounds.put_on(request), bounds.time, next).await,
        (Err(problem), _) => answer(refused(request, problem), bounds.time, next).await,
    };

    // Nothing that comes behind a malformed request is read.
    let goes_on = if is_old {
        !is_malformed && leftover.read().await
    } else {
        response = leftover.read_behind(response);
        true
    };
    let headers = response.headers_mut();
    frame.guards.add(headers, &path, host.as_deref().unwrap_or_default(), over_https);
    if let Some(verdict) = verdict {
        verdict.add(headers);
    }
    if let Some(methods) = allowed.0.get() {
        headers.insert(header::ALLOW, methods.clone());
    }
    if !goes_on {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        headers.insert(REQUEST_ID, id);
    }
    line.end(response.status());
    response
}

impl Frame {
    fn is_from_proxy(&self, request: &Request) -> bool {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        peer.is_some_and(|ConnectInfo(peer)| {
            let peer = peer.ip().to_canonical();
            self.trusted_proxies.iter().any(|network| network.contains(&peer))
        })
    }
}

/// What can be judged by the head alone.
fn settle(request: &mut Request) -> Result<(), Problem> {
    let malformed = |wrong: &str| Problem::new(ErrorCode::MalformedRequest).detail(wrong);
    host::settle(request).map_err(malformed)?;
    if request.extensions().get::<Ambiguous>().is_some() {
        return Err(malformed("The length of the body is ambiguous."));
    }
    Ok(())
}

/// What a request may bring and take.
#[derive(Clone, Copy)]
struct Bounds {
    /// Of its body.
    bytes: u64,
    /// For the whole work on it.
    time: Duration,
    /// Whether its body may take long, as long as something of it arrives.
    is_long: bool,
}

impl Frame {
    fn bounds(&self, request: &Request) -> Bounds {
        match files::longest_body(request, &self.files) {
            Some(bytes) => Bounds { bytes, time: files::UPLOAD_WITHIN, is_long: true },
            None => Bounds { bytes: BODY_BYTES, time: ANSWER_WITHIN, is_long: false },
        }
    }
}

impl Bounds {
    /// Whether the body that is announced is within them.
    fn check(&self, request: &Request) -> Result<(), Problem> {
        if request.body().size_hint().lower() <= self.bytes {
            return Ok(());
        }
        let text = format!("The body is larger than {} bytes.", self.bytes);
        let reason = Detail::new("body_too_large", text).with("max", self.bytes);
        Err(Problem::new(ErrorCode::TooLarge).because(&reason))
    }

    /// The request with a body that ends at the bound, however it is sent.
    fn put_on(&self, request: Request) -> Request {
        let bound = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        request.map(|body| match body.is_end_stream() {
            true => body,
            false if self.is_long => Body::new(Limited::new(Steady::new(body, ARRIVES), bound)),
            false => Body::new(Limited::new(body, bound)),
        })
    }
}

/// The request on its way to the part that answers refusals. Its body is nobody's business any more.
fn refused(request: Request, problem: Problem) -> Request {
    let mut request = request.map(|_| Body::empty());
    request.extensions_mut().insert(Refused(problem));
    request
}

/// The answer of what lies inside, or a plain one if that does not end.
async fn answer(request: Request, time: Duration, next: Next) -> Response {
    match tokio::time::timeout(time + NET, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable(TRY_AGAIN).into_response(),
    }
}

/// Only a trusted proxy may have named the request already.
fn request_id(headers: &HeaderMap, is_from_proxy: bool, entropy: &dyn Entropy) -> RequestId {
    let given = headers.get(&REQUEST_ID).filter(|_| is_from_proxy);
    let given = given.and_then(|id| id.to_str().ok()).filter(|id| is_well_formed(id));
    match given {
        Some(id) => RequestId(id.into()),
        None => {
            let drawn = u64::from_be_bytes(random::draw(entropy));
            RequestId(format!("{drawn:016x}").into())
        }
    }
}

fn is_well_formed(id: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (8..=128).contains(&id.len()) && id.bytes().all(is_usual)
}

/// Whether the browser came over https: to us, or to a proxy that does not say otherwise.
fn is_over_https(request: &Request, is_from_proxy: bool) -> bool {
    let is_tls = request.extensions().get::<Transport>().is_some_and(|transport| transport.is_tls);
    let said = request.headers().get(&FORWARDED_PROTO);
    is_tls || (is_from_proxy && said.is_none_or(|scheme| scheme == "https"))
}
