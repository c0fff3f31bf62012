//! The program, started and visited.

use std::net::TcpListener;

use serde_json::json;
use vestibule_testkit::{site::Place, visitors::Visitor as _};

const PASSWORD: &str = "tangerine anvil rocket";
const SECRET: &str = "uK3vQ9sXb2LmZ7tYw5RfH8cNj4DgPaE1";

#[tokio::test]
async fn the_smallest_application_knows_who_is_there() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = Place::new(env!("CARGO_BIN_EXE_hello"))
        .with("SECRET_KEY", SECRET)
        .with("LISTEN", &address.to_string());
    place.secrets().add(SECRET);
    let site = place.start_at(address, &[]);
    let app = site.app();
    assert_eq!(app.get("/").await.text(), "Hello, stranger.");
    assert_eq!(app.get("/api/maps").await.verdict(), (401, "token_missing".to_owned()));
    let account = json!({ "username": "ada", "email": "ada@people.test", "password": PASSWORD });
    assert_eq!(app.post_json("/api/auth/register", account).await.status, 202);
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    assert_eq!(app.get("/").await.text(), "Hello, ada.");
    assert_eq!(app.get("/api/maps").await.text(), "ada");
    assert_eq!(app.get("/api/edit").await.verdict(), (403, "forbidden".to_owned()));
    assert_eq!(app.get("/api/secret").await.text(), "You proved yourself not long ago.");
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.get("/api/secret").await.verdict(), (401, "fresh_token_required".to_owned()));
    site.kill();
}
