//! A form that was sent.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::IntoResponse as _,
};
use percent_encoding::percent_decode;
use vestibule::{Detail, ErrorCode, Problem, TypedPassword, core::redirect::LocalPath};

/// The longest form of these pages, in bytes: a password of 1024 characters fits, however it is encoded.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// The fields of an urlencoded form (WHATWG URL, `application/x-www-form-urlencoded`), read strictly.
pub(super) struct FormBody(Vec<(String, String)>);

impl FormBody {
    /// What was typed into a field; empty where it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(key, _)| key == name);
        field.map_or("", |(_, value)| value)
    }

    /// The same, for those who keep it.
    pub(super) fn typed(&self, name: &str) -> String {
        self.text(name).to_owned()
    }

    /// What was typed as a password.
    pub(super) fn password(&self, name: &str) -> TypedPassword {
        self.text(name).into()
    }

    /// What was typed into a field, where the form has it at all.
    pub(super) fn given(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// Whether a box was ticked, with whatever value the form gives it.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        !matches!(self.text(name), "" | "false" | "off" | "0" | "no" | "n")
    }

    /// Where `next` wants people to land, if that is a path of ours.
    pub(super) fn next(&self) -> LocalPath {
        LocalPath::parse(self.text("next")).unwrap_or_default()
    }

    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let malformed = |code: &'static str, text: &str| {
            Problem::new(ErrorCode::MalformedRequest).because(&Detail::new(code, text))
        };
        // A lenient reader turns every such byte into the same character, and two passwords into one.
        if percent_decode(body).decode_utf8().is_err() {
            return Err(malformed("form_not_text", "The form is not UTF-8."));
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            match fields.iter().find(|(known, _)| *known == name) {
                None => fields.push((name.into_owned(), value.into_owned())),
                Some((_, before)) if *before == value => {}
                Some(_) => {
                    return Err(malformed("form_field_twice", "The form contains a field twice."));
                }
            }
            if fields.len() > MAX_FIELDS {
                let text = "The form contains too many fields.";
                return Err(malformed("form_too_many_fields", text));
            }
        }
        Ok(Self(fields))
    }
}

/// More than any form here has.
const MAX_FIELDS: usize = 32;

impl<S: Send + Sync> FromRequest<S> for FormBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next());
        let is_form = essence.is_some_and(|essence| {
            essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        if !is_form {
            let text = "Send the form as application/x-www-form-urlencoded.";
            return Err(Problem::new(ErrorCode::UnsupportedMediaType)
                .because(&Detail::new("form_type", text)));
        }
        let body = Bytes::from_request(request, state).await.map_err(|error| {
            match error.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    let text = format!("The form is larger than {MAX_BYTES} bytes.");
                    let reason = Detail::new("form_too_large", text).with("max", MAX_BYTES);
                    Problem::new(ErrorCode::TooLarge).because(&reason)
                }
                _ => Problem::new(ErrorCode::MalformedRequest)
                    .because(&Detail::new("form_broken_off", "The form is incomplete.")),
            }
        })?;
        Self::parse(&body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, extract::DefaultBodyLimit};
    use tower::ServiceExt as _;

    fn code(body: &str) -> Option<ErrorCode> {
        FormBody::parse(body.as_bytes()).err().map(|problem| problem.code)
    }

    #[test]
    fn fields_are_read_as_typed() {
        let form =
            FormBody::parse(b"login=Jos%C3%A9+x&remember_me=on&next=%2F%2Fevil.test").unwrap();
        assert_eq!(form.text("login"), "José x");
        assert_eq!(form.text("password"), "");
        assert!(form.is_ticked("remember_me"));
        for (value, is_ticked) in
            [("true", true), ("1", true), ("y", true), ("false", false), ("", false)]
        {
            let form = FormBody::parse(format!("remember_me={value}").as_bytes()).unwrap();
            assert_eq!(form.is_ticked("remember_me"), is_ticked, "{value}");
        }
        assert!(!form.is_ticked("nothing"));
        assert_eq!(form.next().as_str(), "/");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert_eq!(code("password=%FF"), Some(ErrorCode::MalformedRequest));
        assert_eq!(code("password=%C3&login=%A9"), Some(ErrorCode::MalformedRequest));
        assert_eq!(code("login=a&login=b"), Some(ErrorCode::MalformedRequest));
        assert_eq!(code("login=a&login=a"), None);
        assert_eq!(code(""), None);
        let many: String = (0..40).map(|n| format!("f{n}=&")).collect();
        assert_eq!(code(&many), Some(ErrorCode::MalformedRequest));
    }

    #[tokio::test]
    async fn only_forms_of_a_sensible_size_are_taken() {
        let app = axum::Router::new()
            .route("/", axum::routing::post(async |form: FormBody| form.typed("a")))
            .layer(DefaultBodyLimit::max(MAX_BYTES));
        let status = async |kind: Option<&str>, body: String| {
            let mut request = Request::post("/");
            if let Some(kind) = kind {
                request = request.header(header::CONTENT_TYPE, kind);
            }
            let request = request.body(Body::from(body)).unwrap();
            app.clone().oneshot(request).await.unwrap().status().as_u16()
        };
        let form = Some("Application/X-WWW-Form-Urlencoded; charset=utf-8");
        assert_eq!(status(form, "a=1".to_owned()).await, 200);
        assert_eq!(status(form, "a".repeat(MAX_BYTES + 1)).await, 413);
        for kind in [None, Some("text/plain"), Some("multipart/form-data; boundary=x")] {
            assert_eq!(status(kind, "a=1".to_owned()).await, 415, "{kind:?}");
        }
    }
}
