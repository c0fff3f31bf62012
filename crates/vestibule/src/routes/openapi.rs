//! The API description (OpenAPI 3.1), from the handlers themselves.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::{bodies, proxy, session, user};
use crate::problem;

/// The description of all routes, whatever groups of them an application opens
/// ([`crate::Vestibule::routes_with`]).
#[must_use]
pub fn api_description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Vestibule",
        description = "Sign-in for pages and apps. Every route takes a header token or cookies alike, unless said otherwise; \
            unsafe requests with cookies need `X-CSRF-TOKEN`. Refusals are `application/problem+json` (RFC 9457)."
    ),
    paths(
        user::register, session::login, session::restore, session::refresh, session::logout, user::me, session::confirm,
        user::change_password, session::list, session::detail, session::end, session::end_others,
        user::change_profile, user::delete_account, proxy::verify_request, super::key_set,
    ),
    components(schemas(bodies::CookieTokens, problem::ProblemBody<'static>, problem::FieldProblem)),
    modifiers(&Schemes)
)]
struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let bearer =
            || HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("access_token", SecurityScheme::Http(bearer()));
        components.add_security_scheme("refresh_token", SecurityScheme::Http(bearer()));
        let cookies = ApiKeyValue::with_description(
            "__Host-access",
            "With `__Host-refresh`, and `X-CSRF-TOKEN` for unsafe methods",
        );
        components.add_security_scheme("cookies", SecurityScheme::ApiKey(ApiKey::Cookie(cookies)));
    }
}
