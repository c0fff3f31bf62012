//! What is answered when something is refused.

use std::{collections::BTreeMap, fmt, time::Duration};

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, uri::PathAndQuery},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use vestibule_core::{
    error::ErrorCode,
    fault::{FieldError, Param},
    id::UserId,
    limit::Limited,
    redirect::LocalPath,
    session::Carrier,
    store::{Obstacle, StoreError},
    user::NotChanged,
};

/// A refusal on its way out.
///
/// A handler returns it; the layer turns it into the answer, since only there is it known what was
/// asked: a page redirects, a program gets `application/problem+json` (RFC 9457), and
/// [`crate::Builder::on_problem`] may answer otherwise.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What it is.
    pub code: ErrorCode,
    /// What mends it, where the code's own text is not exact enough.
    pub detail: Option<String>,
    /// The code and the facts of `detail`, by which texts in other languages are found.
    pub reason: Option<Reason>,
    /// Which fields of the body need another look.
    pub fields: Vec<FieldProblem>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// By which carrier the refused credential came, if there was one.
    pub carrier: Option<Carrier>,
    /// What was asked for although it is somebody else's: it is noted and not told.
    pub foreign: Option<Box<Foreign>>,
}

/// Something that is another user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Whose it is.
    pub owner: UserId,
    /// What: `file`, `session`, `upload`.
    pub kind: &'static str,
    /// Its name.
    pub id: String,
}

/// What `detail` says, for those who say it in another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// As of a [`FieldError`].
    pub code: &'static str,
    /// What the text names.
    pub facts: BTreeMap<&'static str, Param>,
}

/// A field of a body that needs another look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// Its name.
    pub field: String,
    /// The word for programs, by which texts in other languages are found.
    pub code: &'static str,
    /// What is wrong and what mends it.
    pub message: String,
    /// What the message names, such as bounds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub facts: BTreeMap<&'static str, Param>,
}

impl FieldProblem {
    /// What is wrong with this field.
    #[must_use]
    pub fn new(field: &str, fault: &impl FieldError) -> Self {
        Self {
            field: field.to_owned(),
            code: fault.code(),
            message: fault.to_string(),
            facts: fault.facts().into_iter().collect(),
        }
    }
}

/// A fault that is no type of its own: its code, what it names, and its text in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    code: &'static str,
    text: String,
    facts: Vec<(&'static str, Param)>,
}

impl Detail {
    /// A fault with this code and text.
    #[must_use]
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), facts: Vec::new() }
    }

    /// Something that the text names.
    #[must_use]
    pub fn with(mut self, name: &'static str, fact: impl Into<Param>) -> Self {
        self.facts.push((name, fact.into()));
        self
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FieldError for Detail {
    fn code(&self) -> &'static str {
        self.code
    }

    fn facts(&self) -> Vec<(&'static str, Param)> {
        self.facts.clone()
    }
}

impl Problem {
    /// A refusal with the code's own texts.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            detail: None,
            reason: None,
            fields: Vec::new(),
            retry_after: None,
            carrier: None,
            foreign: None,
        }
    }

    /// `not_found` for what is another user's: nothing is said of it, and that it was asked for is noted
    /// (`malicious_direct_reference`).
    #[must_use]
    pub fn not_theirs(owner: UserId, kind: &'static str, id: impl fmt::Display) -> Self {
        let foreign = Some(Box::new(Foreign { owner, kind, id: id.to_string() }));
        Self { foreign, ..Self::new(ErrorCode::NotFound) }
    }

    /// Says more exactly what mends it.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Says more exactly what mends it, so that it can be said in other languages too.
    #[must_use]
    pub fn because(self, fault: &impl FieldError) -> Self {
        let reason = Reason { code: fault.code(), facts: fault.facts().into_iter().collect() };
        Self { detail: Some(fault.to_string()), reason: Some(reason), ..self }
    }

    /// A field that needs another look, in words of English alone.
    #[must_use]
    pub fn field(field: &str, message: impl ToString) -> Self {
        Self::fault(field, &Detail::new("invalid", message.to_string()))
    }

    /// A field that needs another look.
    #[must_use]
    pub fn fault(field: &str, fault: &impl FieldError) -> Self {
        let field = FieldProblem::new(field, fault);
        Self { fields: vec![field], ..Self::new(ErrorCode::InvalidInput) }
    }

    /// The service cannot do this right now, and a retry may work after `wait`.
    #[must_use]
    pub fn unavailable(wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::new(ErrorCode::Unavailable) }
    }

    pub(crate) fn carried(self, carrier: Carrier) -> Self {
        Self { carrier: Some(carrier), ..self }
    }

    /// The text that mends it.
    #[must_use]
    pub fn detail_text(&self) -> &str {
        self.detail.as_deref().unwrap_or(self.code.detail())
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl From<StoreError> for Problem {
    /// An outage is never the caller's fault: 503 and their tokens stay, or 500 for what no retry mends.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => {
                tracing::error!(%cause, "the store is unavailable");
                Self::unavailable(Duration::from_secs(1))
            }
            StoreError::Unreadable(cause) => {
                tracing::error!(%cause, "the store contains something that this version cannot read");
                Self::new(ErrorCode::Internal)
            }
        }
    }
}

impl From<NotChanged> for Problem {
    fn from(refusal: NotChanged) -> Self {
        Self::new(ErrorCode::Conflict).because(&refusal)
    }
}

impl From<Obstacle> for Problem {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Account(refusal) => refusal.into(),
            Obstacle::NoAccount | Obstacle::Gone => Self::new(ErrorCode::NotFound),
            // The password was changed or the account suspended while a sign-in was on its way.
            Obstacle::Guard => Self::new(ErrorCode::InvalidCredentials),
            Obstacle::TokenSpent | Obstacle::RingMoved => Self::new(ErrorCode::Conflict),
        }
    }
}

impl From<Limited> for Problem {
    fn from(limited: Limited) -> Self {
        Self { retry_after: Some(limited.retry_after), ..Self::new(ErrorCode::RateLimited) }
    }
}

impl IntoResponse for Problem {
    /// The answer where no layer stands around the handler: the layer replaces it.
    fn into_response(self) -> Response {
        let mut response = self.json(None, false);
        response.extensions_mut().insert(self);
        response
    }
}

/// What was asked, for whoever answers a [`Problem`].
#[derive(Clone)]
pub struct RequestInfo {
    /// The method.
    pub method: Method,
    /// The path and query.
    pub uri: Uri,
    /// The page that a form was on, if it was one of ours.
    pub referer: Option<LocalPath>,
    /// The id that the log knows the request by.
    pub request_id: String,
    /// Whether a program asked: the path is below one of [`crate::Config::api_prefixes`], or the
    /// credential came in a header.
    pub expects_json: bool,
}

impl fmt::Debug for RequestInfo {
    /// Paths alone: a query may hold the token of a link.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("referer", &self.referer.as_ref().map(LocalPath::path))
            .field("request_id", &self.request_id)
            .field("is_program", &self.expects_json)
            .finish()
    }
}

impl RequestInfo {
    /// Where somebody who has to sign in first is to land afterwards: the page that was asked for, or,
    /// after a form, the page that the form was on.
    #[must_use]
    pub fn next(&self) -> LocalPath {
        let own = || {
            let target = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
            LocalPath::parse(target).unwrap_or_default()
        };
        match self.method {
            Method::GET | Method::HEAD => own(),
            _ => self.referer.clone().unwrap_or_else(own),
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'p> {
    /// A URN that names the problem.
    #[serde(rename = "type")]
    kind: String,
    /// One line for people.
    title: &'p str,
    /// The HTTP status.
    status: u16,
    /// What mends it.
    detail: &'p str,
    /// The word for programs.
    code: &'p str,
    /// The word for programs for what `detail` says, where that is more exact than `code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'p str>,
    /// What `detail` names, such as bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>)]
    facts: Option<&'p BTreeMap<&'static str, Param>>,
    /// The id that the log knows the request by.
    request_id: Option<&'p str>,
    /// The fields that need another look, with `invalid_input`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'p [FieldProblem],
    /// The same as `title`, for clients that come from Flask-JWT-Extended.
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'p str>,
}

impl Problem {
    /// The answer for programs (RFC 9457), with `WWW-Authenticate` (RFC 6750 section 3, RFC 9470).
    pub(crate) fn json(&self, request_info: Option<&RequestInfo>, flask_names: bool) -> Response {
        let title = self.code.title();
        let body = ProblemBody {
            kind: format!("urn:vestibule:problem:{}", self.code),
            title,
            status: self.code.status(),
            detail: self.detail_text(),
            code: self.code.name(),
            reason: self.reason.as_ref().map(|reason| reason.code),
            facts: self
                .reason
                .as_ref()
                .map(|reason| &reason.facts)
                .filter(|facts| !facts.is_empty()),
            request_id: request_info.map(|request_info| request_info.request_id.as_str()),
            errors: &self.fields,
            msg: flask_names.then_some(title),
        };
        let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.add_headers(headers);
        response
    }

    /// Adds the headers that belong to this refusal, whatever the body.
    pub fn add_headers(&self, headers: &mut HeaderMap) {
        if self.code.status() == 401 && self.carrier != Some(Carrier::Cookie) {
            let challenge = match self.code {
                ErrorCode::TokenMissing | ErrorCode::InvalidCredentials => "Bearer",
                ErrorCode::FreshTokenRequired => {
                    "Bearer error=\"insufficient_user_authentication\""
                }
                ErrorCode::TokenExpired => {
                    "Bearer error=\"invalid_token\", error_description=\"expired\""
                }
                _ => "Bearer error=\"invalid_token\"",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(wait) = self.retry_after {
            // Rounded up: a client that waits exactly so long is not refused again.
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_millis().div_ceil(1000).min(86_400) as u32),
            );
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
