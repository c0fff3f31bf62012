//! A page with a sign-in form and one session cookie, on the library alone.
//!
//! `GET /` shows the form or who is signed in, `POST /login` signs in, `GET /auth` is protected, and
//! `GET /public` is for everybody. The one user is `demo`, with the password of `DEMO_PASSWORD`.
//!
//! ```sh
//! SECRET_KEY=$(openssl rand -base64 48) DEMO_PASSWORD='tangerine anvil rocket' cargo run -p cookie-login
//! ```

#![expect(clippy::print_stdout, reason = "a program says where it listens")]

use std::{error::Error, net::SocketAddr, time::Duration};

use axum::{
    Form, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use tokio::net::TcpListener;
use vestibule::{
    Carrier, Config, ErrorCode, MemoryStore, Principal, Problem, Registrant, SignInForm,
    SiteSecret, TypedPassword, Vestibule, Visit,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5002".to_owned());
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?.to_string();
    let mut config = Config::development(
        "Cookie login",
        &address,
        SiteSecret::new(std::env::var("SECRET_KEY")?)?,
    )?;
    // One cookie is the session: it is not renewed, and ends with its token.
    config.cookies.single = true;
    config.lifetimes.access = Duration::from_secs(
        std::env::var("SESSION_SECONDS").map_or(Ok(3600), |text| text.parse())?,
    );
    let auth = Vestibule::builder(MemoryStore::default())
        .config(config)
        .on_problem(explain)
        .build()
        .await?;
    add_demo_user(&auth).await?;
    println!("listening on http://{address}");
    let app = app(&auth).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, app).await?)
}

fn app(auth: &Vestibule) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/login", post(login))
        .route("/auth", get(protected))
        .route("/public", get("Everybody may read this."))
        .layer(auth.layer())
}

async fn add_demo_user(auth: &Vestibule) -> Result<(), Box<dyn Error>> {
    let password = std::env::var("DEMO_PASSWORD")?.into();
    let demo = Registrant { username: "demo".into(), email: "demo@site.test".into(), password };
    let new = auth.prepare_user(demo).await.map_err(|problem| format!("{:?}", problem.fields))?;
    auth.users().create_user(&new, auth.now()).await??;
    Ok(())
}

async fn front(visit: Visit, caller: Option<Principal>) -> Html<String> {
    match caller {
        Some(caller) => Html(format!("<p>Logged in as {}</p>", escape(caller.username()))),
        None => form(&visit, ""),
    }
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: TypedPassword,
}

async fn login(visit: Visit, Form(login): Form<Login>) -> Result<Redirect, Problem> {
    let form = SignInForm {
        login: login.username,
        password: login.password,
        remember: false,
        carrier: Carrier::Cookie,
        device: None,
        device_token: None,
    };
    visit.sign_in(form).await?;
    Ok(Redirect::to("/"))
}

async fn protected(caller: Principal) -> String {
    format!("Only {} reads this.", caller.username())
}

/// Whoever is not signed in is told why, and gets the form.
fn explain(problem: &Problem, visit: &Visit) -> Option<Response> {
    let message = match problem.code {
        ErrorCode::TokenMissing => "Please log in.",
        ErrorCode::TokenExpired => "Session expired. Please log in again.",
        ErrorCode::TokenInvalid | ErrorCode::TokenRevoked => {
            "Invalid session. Please log in again."
        }
        ErrorCode::InvalidCredentials => "The user name or the password is not right.",
        _ => return None,
    };
    Some((StatusCode::UNAUTHORIZED, form(visit, message)).into_response())
}

fn form(visit: &Visit, message: &str) -> Html<String> {
    Html(format!(
        r#"<p role="alert">{message}</p>
<form method="post" action="/login">
<input type="hidden" name="csrf_token" value="{}">
<label>User name <input name="username" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Log in</button>
</form>"#,
        visit.form_token()
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
