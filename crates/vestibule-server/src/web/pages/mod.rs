//! The pages of the site.
//!
//! | module | holds |
//! |---|---|
//! | `front`, `sign_in`, `register`, `verify`, `keep_address`, `reset`, `restore`, `account`, `sessions`, `uploads`, `setup` | the handlers |
//! | `feedback`, `admin` | telling those who run the site something, and their own pages |
//! | `view` | what every page handler has at hand: the visit, the templates, the notice from the page before |
//! | `render`, `dates`, `agent` | templates, and how times and devices are put into words |
//! | `form`, `refusal` | a form that was sent, and why it comes back |
//! | `links` | what pages behind the links of mails have in common |
//! | `flash` | a notice for the next page |
//! | `errors` | what a refusal looks like as a page |
//! | `language` | choosing a language without an account |
//! | `assets` | style sheet, script and icon |

mod account;
mod admin;
pub(crate) use admin::csv::quoted as quoted_csv;
mod assets;
mod errors;
mod feedback;
mod flash;
mod form;
mod front;
mod keep_address;
mod language;
mod layout;
mod links;
mod refusal;
mod register;
mod reset;
mod restore;
mod sessions;
mod setup;
mod sign_in;
mod uploads;
mod verify;
mod view;

#[cfg(test)]
mod tests;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::web::state::Site;

#[cfg(test)]
pub(crate) use self::flash::Flash;
pub(crate) use self::{
    assets::static_routes,
    errors::{away, on_problem},
};

/// The pages. They have to be inside of the library's layer.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/", get(front::show))
        .route("/auth/login", get(sign_in::show_login).post(sign_in::login))
        .route("/auth/logout", get(sign_in::show_logout).post(sign_in::logout))
        .route("/auth/confirm", get(sign_in::show_confirm).post(sign_in::confirm))
        .route("/auth/register", get(register::show).post(register::make))
        .route("/auth/verify", get(verify::show).post(verify::verify))
        .route("/auth/verify/again", post(verify::again))
        .route("/auth/keep-address", get(keep_address::show).post(keep_address::keep))
        .route("/auth/forgot", get(reset::show_forgot).post(reset::forgot))
        .route("/auth/reset", get(reset::show).post(reset::reset))
        .route("/auth/restore", get(restore::show).post(restore::restore))
        .route("/auth/setup", get(setup::show).post(setup::make))
        .route("/uploads", get(uploads::show).post(uploads::change))
        .route("/user/account", get(account::show).post(account::change))
        .route("/user/account/export", get(account::export))
        .route("/user/password", get(account::show_password).post(account::change_password))
        .route("/user/sessions", get(sessions::list))
        // GET: somebody who had to sign in first, in a browser that does not say which page a form was on.
        .route("/user/sessions/end-others", post(sessions::end_others).get(sessions::back_to_list))
        .route("/user/sessions/{id}", get(sessions::show))
        .route("/user/sessions/{id}/end", post(sessions::end).get(sessions::back_to_list))
        .route("/language", post(language::choose).get(language::back))
        .route("/feedback", get(feedback::show).post(feedback::send))
        .merge(admin::routes())
        .layer(DefaultBodyLimit::max(form::MAX_BYTES))
        .fallback(front::nothing_here)
}
