//! A request as the rules see it: who sent it, from where, with which credentials.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts},
};
use tokio::sync::OnceCell;
use vestibule_core::{
    csrf::{CsrfValue, Origin, Provenance, Source, VisitorId},
    device::KnownDevice,
    error::ErrorCode,
    event::EventName,
    id::SessionId,
    redirect::LocalPath,
    user::User,
};

use crate::{
    address,
    authenticate::Authenticated,
    body::CsrfField,
    config::{Config, OurOrigin},
    cookies,
    credentials::Presented,
    detour,
    hall::Vestibule,
    language::Wished,
    problem::{Asked, Problem},
    recognize::Recognized,
};

/// The id that the log knows a request by. A server that gives out its own puts it into the request's
/// extensions; otherwise one is drawn when it is first needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

/// One request, and what has been found out about it.
///
/// As an extractor it refuses nobody. It only needs the layer: `.layer(hall.layer())`.
#[derive(Clone)]
pub struct Visit(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    hall: Vestibule,
    method: Method,
    uri: Uri,
    referer: Option<HeaderValue>,
    host: Option<HeaderValue>,
    has_authorization: bool,
    request_id: OnceLock<RequestId>,
    csrf_field: CsrfField,
    facts: OnceLock<Facts>,
    caller: OnceCell<Result<Authenticated, Problem>>,
    /// See [`Visit::recognized`].
    pub(crate) recognized: OnceLock<Recognized>,
    pub(crate) user: OnceLock<Arc<User>>,
    pub(crate) wished: Wished,
    leaving: Mutex<Vec<HeaderValue>>,
    /// Whether the answer takes the cookies of a session away.
    forgets: AtomicBool,
    /// Whether the session that it came with was ended because somebody else had a copy of it.
    was_stolen: AtomicBool,
}

/// What the headers say, read when somebody first asks.
struct Facts {
    presented: Presented,
    source: Source,
    origin: Option<Origin>,
    csrf_header: CsrfField,
    visitor: Option<VisitorId>,
    device: Option<KnownDevice>,
    /// How many rounds of a renewal by redirect this browser has just gone through.
    rounds: u32,
    address: IpAddr,
    agent: String,
}

impl Visit {
    pub(crate) fn new(hall: &Vestibule, parts: &Parts, csrf_field: CsrfField) -> Self {
        let headers = &parts.headers;
        let request_id = parts.extensions.get::<RequestId>().cloned();
        Self(Arc::new(Inner {
            hall: hall.clone(),
            method: parts.method.clone(),
            // Inside of a nested router the other one is cut down.
            uri: parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0).clone(),
            referer: headers.get(header::REFERER).cloned(),
            host: host(parts),
            has_authorization: headers.contains_key(header::AUTHORIZATION),
            request_id: request_id.map_or_else(OnceLock::new, OnceLock::from),
            csrf_field,
            facts: OnceLock::new(),
            caller: OnceCell::new(),
            recognized: OnceLock::new(),
            user: OnceLock::new(),
            wished: Wished::of(hall.config(), headers),
            leaving: Mutex::default(),
            forgets: AtomicBool::new(false),
            was_stolen: AtomicBool::new(false),
        }))
    }

    /// The hall that the request came in through.
    #[must_use]
    pub fn hall(&self) -> &Vestibule {
        &self.0.hall
    }

    /// The client's address, as far as trusted proxies tell it.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.facts().map_or(IpAddr::from([0; 16]), |facts| facts.address)
    }

    /// The network that limits count by: the address, of IPv6 its first 64 bits.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        address::network_of(self.address())
    }

    /// The `User-Agent`, at most 300 characters, without control characters.
    #[must_use]
    pub fn agent(&self) -> &str {
        self.facts().map_or("", |facts| facts.agent.as_str())
    }

    /// The id that the log knows the request by.
    #[must_use]
    pub fn request_id(&self) -> &str {
        let draw = || RequestId(SessionId::draw(self.0.hall.entropy()).to_string().into());
        &self.0.request_id.get_or_init(draw).0
    }

    /// What was asked.
    #[must_use]
    pub fn asked(&self) -> Asked {
        let inner = &*self.0;
        let config = inner.hall.config();
        Asked {
            method: inner.method.clone(),
            uri: inner.uri.clone(),
            referer: self.own_referer(),
            request_id: self.request_id().to_owned(),
            is_program: inner.has_authorization || config.is_api(&inner.uri),
        }
    }

    /// Whether the origin that the request names may call the API.
    pub(crate) fn is_allowed_origin(&self) -> bool {
        self.facts()
            .and_then(|facts| facts.origin.as_ref())
            .is_some_and(|origin| self.0.hall.config().cors_origins.contains(origin))
    }

    /// Where the request came from, by its own headers.
    pub(crate) fn source(&self) -> Source {
        self.facts().map_or(Source::Foreign, |facts| facts.source)
    }

    pub(crate) fn presented(&self) -> &Presented {
        self.facts().map_or(&Presented::Nothing, |facts| &facts.presented)
    }

    /// Whether the method may change something (RFC 9110 section 9.2.1).
    pub(crate) fn is_unsafe(&self) -> bool {
        !matches!(self.0.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
    }

    /// Whether somebody asked anything about who sent this request.
    pub(crate) fn was_asked(&self) -> bool {
        self.facts().is_some()
    }

    /// The result of authenticating this request, found out once.
    pub(crate) fn caller(&self) -> &OnceCell<Result<Authenticated, Problem>> {
        &self.0.caller
    }

    /// Both CSRF rules for a request whose value belongs to `value`.
    pub(crate) fn check_csrf(&self, value: CsrfValue) -> Result<(), Problem> {
        self.check_forms(&[value])
    }

    /// Whether the answer may carry cookies. A request that another site has a browser send leaves nothing in that
    /// browser, whatever becomes of the request.
    #[must_use]
    pub fn may_set_cookies(&self) -> bool {
        !self.is_unsafe() || self.source() == Source::Own
    }

    /// The first CSRF rule alone, that the request comes from a page of ours: for a form that changes nothing of
    /// anybody's.
    ///
    /// # Errors
    /// `csrf_failed`.
    pub fn check_source(&self) -> Result<(), Problem> {
        if self.source() == Source::Own {
            return Ok(());
        }
        self.refused_source(false)
    }

    /// Both CSRF rules, where any of several values will do. A page's own script may send its form and the
    /// header too: two maskings of one value.
    pub(crate) fn check_forms(&self, values: &[CsrfValue]) -> Result<(), Problem> {
        let header = self.facts().map_or(&CsrfField::Conflict, |facts| &facts.csrf_header);
        let known = values.iter().any(|value| is_presented(value, [header, &self.0.csrf_field]));
        if self.source() == Source::Own && known {
            return Ok(());
        }
        self.refused_source(known)
    }

    fn refused_source(&self, is_value_known: bool) -> Result<(), Problem> {
        self.record(
            self.event(EventName::MaliciousCsrf)
                .with("source", format!("{:?}", self.source()))
                .with("value_known", is_value_known),
            "a cookie request that does not come from one of our pages was refused",
        );
        Err(Problem::new(ErrorCode::CsrfFailed))
    }

    /// The browser's id where it has no session, drawn if it has none yet. Its cookie is set each time: it
    /// has to live as long as the form that is opened now.
    pub(crate) fn visitor(&self) -> VisitorId {
        let id = self.known_visitor();
        let id = id.unwrap_or_else(|| VisitorId::draw(self.0.hall.entropy()));
        self.send_cookies(self.0.hall.config().cookies.visitor(&id.encode()));
        id
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.facts().map_or(0, |facts| facts.rounds)
    }

    /// The CSRF value in the body.
    pub(crate) fn csrf_field(&self) -> &CsrfField {
        &self.0.csrf_field
    }

    pub(crate) fn known_visitor(&self) -> Option<VisitorId> {
        self.facts().and_then(|facts| facts.visitor)
    }

    /// What the browser shows of who has signed in with it.
    pub(crate) fn known_device(&self) -> Option<&KnownDevice> {
        self.facts().and_then(|facts| facts.device.as_ref())
    }

    /// Sends these cookies with the answer, instead of any of the same name before.
    pub(crate) fn send_cookies(&self, cookies: impl IntoIterator<Item = HeaderValue>) {
        let mut leaving = self.0.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        for cookie in cookies {
            leaving.retain(|before| cookie_name(before) != cookie_name(&cookie));
            leaving.push(cookie);
        }
    }

    pub(crate) fn note_forgetting(&self) {
        self.0.forgets.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_forgetting(&self) -> bool {
        self.0.forgets.load(Ordering::Relaxed)
    }

    pub(crate) fn note_theft(&self) {
        self.0.was_stolen.store(true, Ordering::Relaxed);
    }

    /// Whether the session that this request came with was ended because its refresh token was used twice, by
    /// its owner and by a thief. Known once somebody has asked who is calling; a page should say so.
    #[must_use]
    pub fn came_with_stolen_session(&self) -> bool {
        self.0.was_stolen.load(Ordering::Relaxed)
    }

    pub(crate) fn take_cookies(&self) -> Vec<HeaderValue> {
        std::mem::take(&mut *self.0.leaving.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Our own origin, as this request came to it.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        our_origin(self.0.hall.config(), self.0.host.as_ref())
    }

    fn own_referer(&self) -> Option<LocalPath> {
        let referer = self.0.referer.as_ref()?.to_str().ok()?;
        let ours = self.origin()?;
        if Origin::of_url(referer)? != ours {
            return None;
        }
        let path_start = referer.find("://")? + 3;
        let path_start = referer.get(path_start..)?.find('/')? + path_start;
        LocalPath::parse(referer.get(path_start..)?)
    }

    fn facts(&self) -> Option<&Facts> {
        self.0.facts.get()
    }

    pub(crate) fn read_facts(&self, parts: &Parts) {
        self.0.facts.get_or_init(|| {
            let config = self.0.hall.config();
            let headers = &parts.headers;
            Facts {
                presented: Presented::of(headers, &config.cookies),
                source: source(headers, self.origin().as_ref()),
                origin: headers
                    .get(header::ORIGIN)
                    .and_then(|origin| Origin::parse_any_scheme(origin.to_str().ok()?)),
                csrf_header: csrf_header(headers),
                visitor: cookies::find(headers, &config.cookies.visitor)
                    .one()
                    .and_then(VisitorId::parse),
                device: cookies::find(headers, &config.cookies.device)
                    .one()
                    .and_then(KnownDevice::parse),
                rounds: detour::rounds(headers, &config.cookies),
                address: address::client_address(
                    &parts.extensions,
                    headers,
                    &config.trusted_proxies,
                ),
                agent: agent(headers),
            }
        });
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;

    /// # Errors
    /// A 500 where the route is outside of the layer.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(visit) = parts.extensions.get::<Self>().cloned() else {
            tracing::error!(
                path = parts.uri.path(),
                "a route asks who is there but is outside of Vestibule's layer; add `.layer(hall.layer())` to its router"
            );
            return Err(Problem::new(ErrorCode::Internal));
        };
        visit.read_facts(parts);
        Ok(visit)
    }
}

/// Whether some place says this value, and none says anything else.
fn is_presented(value: &CsrfValue, places: [&CsrfField; 2]) -> bool {
    let mut said = false;
    for place in places {
        match place {
            CsrfField::Absent => {}
            CsrfField::One(text) if value.matches(text) => said = true,
            CsrfField::One(_) | CsrfField::Conflict => return false,
        }
    }
    said
}

/// The one text that several places say; a conflict where they say different things.
fn merge(one: &CsrfField, other: &CsrfField) -> CsrfField {
    match (one, other) {
        (CsrfField::Absent, said) | (said, CsrfField::Absent) => said.clone(),
        (CsrfField::One(one), CsrfField::One(other)) if one == other => CsrfField::One(one.clone()),
        _ => CsrfField::Conflict,
    }
}

fn csrf_header(headers: &HeaderMap) -> CsrfField {
    let mut found = CsrfField::Absent;
    for value in headers.get_all("x-csrf-token") {
        let said =
            value.to_str().map_or(CsrfField::Conflict, |text| CsrfField::One(text.to_owned()));
        found = merge(&found, &said);
    }
    found
}

fn source(headers: &HeaderMap, ours: Option<&Origin>) -> Source {
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?;
        // Said twice is said unclearly: a text that is nobody's origin.
        Some(if values.next().is_some() { "" } else { value.to_str().unwrap_or_default() })
    };
    let provenance = Provenance {
        fetch_site: one("sec-fetch-site"),
        origin: one("origin"),
        referer: one("referer"),
    };
    match ours {
        Some(ours) => provenance.source(ours),
        None => Source::Foreign,
    }
}

fn our_origin(config: &Config, host: Option<&HeaderValue>) -> Option<Origin> {
    match &config.origin {
        OurOrigin::Fixed(origin) => Some(origin.clone()),
        OurOrigin::Loopback => {
            let host = host?.to_str().ok()?.to_ascii_lowercase();
            let name = host
                .rsplit_once(':')
                .filter(|(_, port)| !port.ends_with(']'))
                .map_or(host.as_str(), |(name, _)| name);
            let is_loopback = matches!(name, "localhost" | "[::1]")
                || name.ends_with(".localhost")
                || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
            let scheme = if config.cookies.secure { "https" } else { "http" };
            is_loopback.then(|| Origin::parse(&format!("{scheme}://{host}")))?
        }
    }
}

/// `Host`, or what takes its place in HTTP/2 (RFC 9113 section 8.3.1).
fn host(parts: &Parts) -> Option<HeaderValue> {
    let said = parts.headers.get(header::HOST).cloned();
    said.or_else(|| HeaderValue::from_str(parts.uri.authority()?.as_str()).ok())
}

fn agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    String::from_utf8_lossy(text).chars().filter(|letter| !letter.is_control()).take(300).collect()
}

fn cookie_name(cookie: &HeaderValue) -> &[u8] {
    cookie.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default()
}
