//! An API with bearer tokens, on the library alone.
//!
//! `GET /api/` says that it is running; `POST /api/registration` and `POST /api/login` take JSON;
//! `POST /api/refresh` takes the refresh token; `GET /api/protected` tells the caller's name and roles.
//!
//! ```sh
//! SECRET_KEY=$(openssl rand -base64 48) cargo run -p bearer-api
//! ```

#![expect(clippy::print_stdout, reason = "a program says where it listens")]

use std::{error::Error, net::SocketAddr};

use axum::{Json, Router, routing::get};
use serde::Serialize;
use tokio::net::TcpListener;
use vestibule::{Config, MemoryStore, Principal, SiteSecret, Vestibule, route};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:5003".to_owned());
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?.to_string();
    let secret = SiteSecret::new(std::env::var("SECRET_KEY")?)?;
    let config = Config::development("Bearer API", &address, secret)?;
    let auth = Vestibule::builder(MemoryStore::default()).config(config).build().await?;
    println!("listening on http://{address}");
    let app = app(&auth).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, app).await?)
}

fn app(auth: &Vestibule) -> Router {
    Router::new()
        .route("/api/", get(status))
        .route("/api/registration", route::register())
        .route("/api/login", route::login())
        .route("/api/refresh", route::refresh())
        .route("/api/protected", get(protected))
        .layer(auth.layer())
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

async fn status() -> Json<Status> {
    Json(Status { status: "running" })
}

#[derive(Serialize)]
struct Caller {
    username: String,
    roles: Vec<String>,
}

async fn protected(caller: Principal) -> Json<Caller> {
    Json(Caller { username: caller.username().to_owned(), roles: caller.roles().to_vec() })
}
