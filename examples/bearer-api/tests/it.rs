//! The program, started and called.
#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect has failed")]

use serde_json::json;
use vestibule_testkit::{
    site::Place,
    visitors::{Answer, request, with},
};

const PASSWORD: &str = "tangerine anvil rocket";
const SECRET: &str = "uK3vQ9sXb2LmZ7tYw5RfH8cNj4DgPaE1";

fn token(answer: &Answer, name: &str) -> String {
    let body = answer.json();
    format!("Bearer {}", body.get(name).unwrap().as_str().unwrap())
}

#[tokio::test]
async fn an_app_registers_signs_in_renews_and_is_known() {
    let place = Place::new(env!("CARGO_BIN_EXE_bearer-api"))
        .with("LISTEN", "127.0.0.1:0")
        .with("SECRET_KEY", SECRET);
    place.secrets().add(SECRET);
    let site = place.start(&[]);
    let nobody = site.anonymous();
    assert_eq!(nobody.get("/api/").await.json(), json!({ "status": "running" }));
    let refused = nobody.get("/api/protected").await;
    assert_eq!(refused.verdict(), (401, "token_missing".to_owned()));
    assert_eq!(refused.header("www-authenticate"), "Bearer");

    let account = json!({ "username": "ada", "email": "ada@people.test", "password": PASSWORD });
    assert_eq!(nobody.post_json("/api/registration", &account).await.status, 202);
    let again = nobody.post_json("/api/registration", &account).await;
    assert_eq!(again.verdict(), (409, "conflict".to_owned()));
    let wrong = json!({ "login": "ada", "password": "not the password at all" });
    let wrong = nobody.post_json("/api/login", &wrong).await;
    assert_eq!(wrong.verdict(), (401, "invalid_credentials".to_owned()));
    let right = json!({ "login": "ada", "password": PASSWORD });
    let signed_in = nobody.post_json("/api/login", &right).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    assert!(signed_in.set_cookies().is_empty());

    let (access, refresh) = (token(&signed_in, "access_token"), token(&signed_in, "refresh_token"));
    let known = nobody.get_with("/api/protected", &[("authorization", &access)]).await;
    assert_eq!(known.json(), json!({ "username": "ada", "roles": [] }));
    let confused = nobody.get_with("/api/protected", &[("authorization", &refresh)]).await;
    assert_eq!(confused.verdict(), (401, "token_invalid".to_owned()));

    let ask = request("POST".parse().unwrap(), "/api/refresh", None);
    let renewed = nobody.send(with(ask, "authorization", &refresh)).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let access = token(&renewed, "access_token");
    let known = nobody.get_with("/api/protected", &[("authorization", &access)]).await;
    assert_eq!(known.status, 200);
    site.kill();
}
