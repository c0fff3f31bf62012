//! JSON bodies, read strictly.

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use vestibule_core::error::ErrorCode;

use crate::problem::{Detail, Problem};

/// The longest JSON body of an auth route, in bytes: a password of 1024 characters fits, escaped or not.
const BOUND: usize = 32 * 1024;

/// A JSON body. Only `application/json` is taken for one: what a foreign page can send without asking
/// first is not.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Problem::new(ErrorCode::UnsupportedMediaType));
        }
        let too_large = || {
            Problem::new(ErrorCode::TooLarge)
                .detail(format!("The body is larger than {BOUND} bytes."))
        };
        let announced = parts
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > BOUND as u64) {
            return Err(too_large());
        }
        let bytes = to_bytes(body, BOUND).await.map_err(|error| {
            if error.into_inner().is::<LengthLimitError>() {
                too_large()
            } else {
                Problem::new(ErrorCode::MalformedRequest).detail("The body is incomplete.")
            }
        })?;
        read(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| parameter.eq_ignore_ascii_case("charset=utf-8"))
}

/// Whether a body is of a JSON type, this one or one that is built on it (RFC 6839 section 3.1): what forms send
/// is none of them.
pub(crate) fn is_of_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    subtype == "json" || subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        let cause = error.into_inner();
        if cause.is_data() {
            let wrong = "this value has the wrong type; see the API description";
            Problem::fault(&field, &Detail::new("wrong_type", wrong))
        } else {
            Problem::new(ErrorCode::MalformedRequest).detail("The body is not JSON.")
        }
    })?;
    deserializer.end().map_err(|_| {
        Problem::new(ErrorCode::MalformedRequest).detail("The JSON is followed by other data.")
    })?;
    Ok(value)
}

/// A field that has to be there.
///
/// # Errors
/// `invalid_input` where it is not.
pub fn required<T>(field: &str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::fault(field, &Detail::new("missing", "this field is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_json_is_json() {
        let is = |text: &'static str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(text))]))
        };
        for good in ["application/json", "Application/JSON", "application/json; charset=UTF-8"] {
            assert!(is(good), "{good}");
        }
        for bad in [
            "text/plain",
            "application/json+x",
            "Application/JSON; x",
            "application/x-www-form-urlencoded",
            "",
        ] {
            assert!(!is(bad), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn what_cannot_be_read_is_told_apart_from_what_is_not_right() {
        #[derive(Debug, serde::Deserialize)]
        struct Body {
            #[expect(dead_code, reason = "only its reading is tested")]
            login: Option<String>,
        }
        let code = |text: &str| {
            read::<Body>(text.as_bytes()).err().map(|problem| (problem.code, problem.fields.len()))
        };
        assert_eq!(code(r#"{"login":"a","role":"admin"}"#), None);
        assert_eq!(code(r#"{"login":1}"#), Some((ErrorCode::InvalidInput, 1)));
        assert_eq!(code(r#"{"login":"#), Some((ErrorCode::MalformedRequest, 0)));
        assert_eq!(code(r#"{} {}"#), Some((ErrorCode::MalformedRequest, 0)));
        assert_eq!(code(&"[".repeat(100_000)).map(|(code, _)| code.status() / 100), Some(4));
        assert_eq!(code("\u{feff}{}").map(|(code, _)| code), Some(ErrorCode::MalformedRequest));
    }
}
