//! The smallest application with sign-in.

use std::{env, error::Error, net::SocketAddr};

use axum::{Router, routing::get};
use vestibule::{
    Config, Fresh, MemoryStore, Principal, Require, Role, RouteGroup, SiteSecret, Vestibule,
};

struct Editor;

impl Role for Editor {
    const NAME: &str = "editor";
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = SiteSecret::new(env::var("SECRET_KEY")?)?;
    let listen = env::var("LISTEN").unwrap_or("127.0.0.1:5001".to_owned());
    let config = Config::development("Hello", &listen, secret)?;
    let auth = Vestibule::builder(MemoryStore::default()).config(config).build().await?;
    let app = Router::new()
        .route("/", get(front))
        .route("/api/maps", get(async |caller: Principal| caller.username().to_owned()))
        .route("/api/edit", get(async |_: Require<Editor>| "Edit away."))
        .route("/api/secret", get(async |_: Fresh| "You proved yourself not long ago."))
        .merge(auth.routes_with([RouteGroup::Registration]))
        .layer(auth.layer());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

async fn front(caller: Option<Principal>) -> String {
    match caller {
        Some(caller) => format!("Hello, {}.", caller.username()),
        None => "Hello, stranger.".to_owned(),
    }
}
