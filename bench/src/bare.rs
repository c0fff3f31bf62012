//! What the site is measured against: axum with a route of the same shape, and nothing else.

use axum::{Json, Router, routing::get};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Outcome;

/// The hidden name that makes this program the bare server.
pub(crate) const NAME: &str = "bare-server";

pub(crate) async fn serve() -> Outcome {
    // On threads of its own, as many as the site has.
    std::thread::spawn(|| {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            println!("listening on {}", listener.local_addr()?);
            axum::serve(listener, Router::new().route("/api/auth/me", get(me))).await
        })
    })
    .join()
    .map_err(|_| "the bare server panicked")??;
    Ok(())
}

async fn me() -> Json<Value> {
    Json(json!({
        "user": {
            "id": 1, "username": "anna", "email": "anna@site.test", "email_verified": false,
            "status": "active", "roles": [], "is_super_user": false, "created_at": 1_790_000_000,
        },
        "session": {
            "id": "AAAAAAAAAAAAAAAAAAAAAA", "fresh": true, "fresh_until": 1_790_000_600,
            "auth_time": 1_790_000_000, "carrier": "header",
        },
    }))
}
