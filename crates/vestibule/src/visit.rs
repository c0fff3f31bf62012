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
    csrf::{CsrfValue, Demand, Origin, Provenance, Source, VisitorId},
    device::KnownDevice,
    error::ErrorCode,
    event::EventName,
    id::SessionId,
    redirect::LocalPath,
    user::User,
};

use crate::{
    address,
    auth::Vestibule,
    authenticate::Authenticated,
    body::CsrfField,
    config::{ClientAddress, Config, OurOrigin},
    cookies,
    credentials::{Presented, has_bearer},
    json,
    language::Wished,
    problem::{Detail, Problem, RequestInfo},
    recognize::Recognized,
    renewal_redirect,
};

/// The id that the log knows a request by. A server that gives out its own puts it into the request's
/// extensions; otherwise one is drawn when it is first needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

/// One request, and what has been found out about it.
///
/// As an extractor it refuses nobody. It only needs the layer: `.layer(auth.layer())`. A middleware inside of the
/// layer may take it from the request's extensions instead.
#[derive(Clone)]
pub struct Visit(pub(crate) Arc<VisitInner>);

pub(crate) struct VisitInner {
    auth: Vestibule,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    address: Option<IpAddr>,
    /// What a cookie has to show here; more, once it is known that another request stands behind this one.
    demand: Mutex<Demand>,
    request_id: OnceLock<RequestId>,
    csrf_field: CsrfField,
    facts: OnceLock<Params>,
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
struct Params {
    presented: Presented,
    source: Source,
    origin: Option<Origin>,
    csrf_header: CsrfField,
    visitor: Option<VisitorId>,
    device: Option<KnownDevice>,
    /// How many rounds of a renewal by redirect this browser has just gone through.
    rounds: u32,
    agent: String,
}

impl Visit {
    pub(crate) fn new(auth: &Vestibule, parts: &Parts, csrf_field: CsrfField) -> Self {
        let headers = &parts.headers;
        let request_id = parts.extensions.get::<RequestId>().cloned();
        Self(Arc::new(VisitInner {
            auth: auth.clone(),
            method: parts.method.clone(),
            // Inside of a nested router the other one is cut down.
            uri: parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0).clone(),
            headers: headers.clone(),
            address: auth.known_address(&parts.extensions, headers),
            demand: Mutex::new(demand(&parts.method, headers)),
            request_id: request_id.map_or_else(OnceLock::new, OnceLock::from),
            csrf_field,
            facts: OnceLock::new(),
            caller: OnceCell::new(),
            recognized: OnceLock::new(),
            user: OnceLock::new(),
            wished: Wished::of(auth.config(), headers),
            leaving: Mutex::default(),
            forgets: AtomicBool::new(false),
            was_stolen: AtomicBool::new(false),
        }))
    }

    /// The [`Vestibule`] whose layer the request came through.
    #[must_use]
    pub fn auth(&self) -> &Vestibule {
        &self.0.auth
    }

    /// The client's address, where it is known ([`crate::ClientAddress`]).
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// The address that limits count by. Where the application has said that nobody's is known, all have the
    /// same one, and nothing is limited by it.
    ///
    /// # Errors
    /// `internal` where it should be known and is not: otherwise everybody would share one limit.
    pub(crate) fn counted_address(&self) -> Result<IpAddr, Problem> {
        let how = &self.auth().config().client_address;
        match (self.address(), how) {
            (Some(address), _) => Ok(address),
            (None, ClientAddress::Unknown) => Ok(address::NOWHERE),
            (None, ClientAddress::Peer) => {
                tracing::error!(
                    "the client's address is unknown, but limits need it: serve the application with \
                     `into_make_service_with_connect_info::<SocketAddr>()`, or set \
                     `Config::client_address`"
                );
                Err(Problem::new(ErrorCode::Internal))
            }
            (None, ClientAddress::Header(name)) => {
                tracing::error!(
                    header = %name,
                    "the client's address is unknown, but limits need it: the request does not have the \
                     header of `Config::client_address` exactly once with an address in it; make the \
                     proxy set it"
                );
                Err(Problem::new(ErrorCode::Internal))
            }
        }
    }

    /// The network that limits count by: the address, of IPv6 its first 64 bits. With
    /// [`crate::ClientAddress::Unknown`] it is the same for everybody: count by something else.
    ///
    /// # Errors
    /// `internal` where the address should be known and is not.
    pub fn network(&self) -> Result<IpAddr, Problem> {
        self.counted_address().map(vestibule_core::network::network_of)
    }

    /// The `User-Agent`, at most 300 characters, without control characters.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.facts().agent
    }

    /// The id that the log knows the request by.
    #[must_use]
    pub fn request_id(&self) -> &str {
        let draw = || RequestId(SessionId::draw(self.0.auth.entropy()).to_string().into());
        &self.0.request_id.get_or_init(draw).0
    }

    /// What was asked.
    #[must_use]
    pub fn request_info(&self) -> RequestInfo {
        let inner = &*self.0;
        let config = inner.auth.config();
        RequestInfo {
            method: inner.method.clone(),
            uri: inner.uri.clone(),
            referer: self.own_referer(),
            request_id: self.request_id().to_owned(),
            expects_json: has_bearer(&inner.headers) || config.is_api(&inner.uri),
        }
    }

    /// Whether the origin that the request names may call the API.
    pub(crate) fn is_allowed_origin(&self) -> bool {
        let origin = self.facts().origin.as_ref();
        origin.is_some_and(|origin| self.0.auth.config().cors_origins.contains(origin))
    }

    /// Where the request came from, by its own headers.
    pub(crate) fn source(&self) -> Source {
        self.facts().source
    }

    pub(crate) fn presented(&self) -> &Presented {
        &self.facts().presented
    }

    /// What a cookie has to show before it counts.
    pub(crate) fn demand(&self) -> Demand {
        *self.0.demand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges this request as one of these methods too: a reverse proxy asks on behalf of it.
    pub(crate) fn stand_for<'m>(&self, methods: impl IntoIterator<Item = &'m str>) {
        let mut demand = self.0.demand.lock().unwrap_or_else(PoisonError::into_inner);
        *demand = methods.into_iter().fold(*demand, |all, one| all.and(Demand::of(one, false)));
    }

    /// Whether the body is JSON by its type, which no page of another origin sends without asking first.
    pub(crate) fn sends_json(&self) -> bool {
        json::is_of_json(&self.0.headers)
    }

    /// Whether somebody asked anything about who sent this request.
    pub(crate) fn was_asked(&self) -> bool {
        self.0.facts.get().is_some()
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
        self.demand() != Demand::SourceAndValue || self.source() == Source::Own
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
        let header = &self.facts().csrf_header;
        let known = values.iter().any(|value| is_presented(value, [header, &self.0.csrf_field]));
        if self.source() == Source::Own && known {
            return Ok(());
        }
        self.refused_source(known)
    }

    pub(crate) fn refused_source(&self, is_value_known: bool) -> Result<(), Problem> {
        self.record(
            self.event(EventName::MaliciousCsrf)
                .with("source", format!("{:?}", self.source()))
                .with("value_known", is_value_known),
            "refused a request that is not known to come from a page of this site",
        );
        Err(self.not_meant())
    }

    /// The refusal of a request that is not known to come from one of our pages. Where that is because the
    /// program does not know its own name, it says so.
    fn not_meant(&self) -> Problem {
        let problem = Problem::new(ErrorCode::CsrfFailed);
        if self.origin().is_some() {
            return if self.hides_its_value() {
                problem.because(&field_not_first())
            } else {
                problem
            };
        }
        let host = self.host();
        let host = host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or_default();
        let detail = "Cookies work only if the site knows its own address, but this request used a different one. \
             Set `public_url` to the address that browsers use, or open the site at a loopback name.";
        problem.because(&Detail::new("origin_unknown", detail).with("host", host.to_owned()))
    }

    /// Whether it is a form in which the value was looked for at the only place that is looked at, and is not there.
    fn hides_its_value(&self) -> bool {
        let is_multipart = self.0.headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
            let kind = kind.as_bytes();
            kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"))
        });
        let nowhere = &CsrfField::Absent;
        is_multipart && self.0.csrf_field == *nowhere && self.facts().csrf_header == *nowhere
    }

    /// The browser's id where it has no session, drawn if it has none yet. Its cookie is set each time: it
    /// has to live as long as the form that is opened now.
    pub(crate) fn visitor(&self) -> VisitorId {
        let id = self.known_visitor();
        let id = id.unwrap_or_else(|| VisitorId::draw(self.0.auth.entropy()));
        self.send_cookies(self.0.auth.config().cookies.visitor(&id.encode()));
        id
    }

    pub(crate) fn rounds(&self) -> u32 {
        // Who asks nobody is not asked for this either.
        self.0.facts.get().map_or(0, |facts| facts.rounds)
    }

    /// The CSRF value in the body.
    pub(crate) fn csrf_field(&self) -> &CsrfField {
        &self.0.csrf_field
    }

    pub(crate) fn known_visitor(&self) -> Option<VisitorId> {
        self.facts().visitor
    }

    /// What the browser shows of who has signed in with it.
    pub(crate) fn known_device(&self) -> Option<&KnownDevice> {
        self.facts().device.as_ref()
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

    /// The cookies that go with the answer, the refresh token's first.
    pub(crate) fn take_cookies(&self) -> Vec<HeaderValue> {
        let mut leaving =
            std::mem::take(&mut *self.0.leaving.lock().unwrap_or_else(PoisonError::into_inner));
        let refresh = self.0.auth.config().cookies.refresh.as_bytes();
        leaving.sort_by_key(|cookie| cookie_name(cookie) != refresh);
        leaving
    }

    /// Our own origin, as this request came to it.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        our_origin(self.0.auth.config(), self.host().as_ref())
    }

    fn own_referer(&self) -> Option<LocalPath> {
        let referer = self.0.headers.get(header::REFERER)?.to_str().ok()?;
        let ours = self.origin()?;
        if Origin::of_url(referer)? != ours {
            return None;
        }
        let path_start = referer.find("://")? + 3;
        let path_start = referer.get(path_start..)?.find('/')? + path_start;
        LocalPath::parse(referer.get(path_start..)?)
    }

    /// `Host`, or what takes its place in HTTP/2 (RFC 9113 section 8.3.1).
    fn host(&self) -> Option<HeaderValue> {
        let said = self.0.headers.get(header::HOST).cloned();
        said.or_else(|| HeaderValue::from_str(self.0.uri.authority()?.as_str()).ok())
    }

    /// Read from the headers as they came to the layer, whoever asks first and by whatever way: an extractor,
    /// or a middleware that takes the visit out of the request's extensions.
    fn facts(&self) -> &Params {
        self.0.facts.get_or_init(|| {
            let config = self.0.auth.config();
            let headers = &self.0.headers;
            Params {
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
                rounds: renewal_redirect::rounds(headers, &config.cookies),
                agent: agent(headers),
            }
        })
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
                "a route asks for the caller but is outside of Vestibule's layer; add \
                 `.layer(auth.layer())` to its router"
            );
            return Err(Problem::new(ErrorCode::Internal));
        };
        // Whoever asks for it asks who is there: the answer is for them alone.
        visit.facts();
        Ok(visit)
    }
}

fn field_not_first() -> Detail {
    let detail = "The form has no CSRF value, or not as its first field. Make `csrf_token` the first field of a \
         form with files, or send the value in `X-CSRF-TOKEN`.";
    Detail::new("csrf_not_first", detail)
}

/// Whether some place says this value, and none says anything else.
fn is_presented(value: &CsrfValue, places: [&CsrfField; 2]) -> bool {
    let mut said = false;
    for place in places {
        match place {
            CsrfField::Absent => {}
            CsrfField::One(text) if value.matches(text.expose()) => said = true,
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
        let said = value.to_str().map_or(CsrfField::Conflict, |text| CsrfField::One(text.into()));
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
    provenance.source(ours)
}

/// What a cookie of this request has to show.
fn demand(method: &Method, headers: &HeaderMap) -> Demand {
    // The last two are what is left of a WebSocket behind a proxy that asks by a connection of its own. Scripts
    // can set none of these.
    let opens_channel = [header::UPGRADE, header::SEC_WEBSOCKET_VERSION, header::SEC_WEBSOCKET_KEY]
        .iter()
        .any(|name| headers.contains_key(name));
    Demand::of(method.as_str(), opens_channel)
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

fn agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    String::from_utf8_lossy(text).chars().filter(|letter| !letter.is_control()).take(300).collect()
}

fn cookie_name(cookie: &HeaderValue) -> &[u8] {
    cookie.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default()
}
