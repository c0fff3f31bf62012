//! Forged, altered, mixed-up and misplaced tokens: each is nobody, by either carrier, and says nothing of
//! why.

use serde_json::{Value, json};
use vestibule::{
    Carrier, Signing,
    core::{ring::KeyState, store::KeyStore as _},
};
use vestibule_testkit::visitors::{Answer, Visitor};

use crate::{
    issuer::{Pair, by_mac, by_mac_text, encode, signing_input},
    site::{Site, claims, part},
};

const SHARED: &[u8] = b"a symmetric key that others know too";

/// A site, somebody signed in, and the header and claims of their good access token.
async fn signed_in() -> (Site, std::sync::Arc<dyn Visitor>, Value, Value) {
    let site = Site::new().await;
    site.add_user("anna").await;
    let app = site.signed_in(Carrier::Header).await;
    let token = app.access_token().unwrap();
    let (header, claims) = (part(&token, 0), claims(&token));
    (site, app, header, claims)
}

/// The same where access tokens are signed with [`SHARED`], so that the test can sign as the site does.
async fn signed_in_shared() -> (Site, std::sync::Arc<dyn Visitor>, Value, Value) {
    let site = Site::configured(|config| config.signing = Signing::Shared(SHARED.to_vec())).await;
    site.add_user("anna").await;
    let app = site.signed_in(Carrier::Header).await;
    let token = app.access_token().unwrap();
    let (header, claims) = (part(&token, 0), claims(&token));
    (site, app, header, claims)
}

async fn by_header(site: &Site, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    site.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await
}

async fn by_cookie(site: &Site, token: &str) -> Answer {
    let cookie = format!("__Host-access={token}");
    site.anonymous().get_with("/api/thing", &[("cookie", &cookie)]).await
}

/// Refused by both carriers in the same words, and the good token still works.
async fn refuse_as(site: &Site, good: &dyn Visitor, code: &str, tokens: &[String]) {
    for token in tokens {
        let expected = (401, code.to_owned());
        assert_eq!(by_header(site, token).await.verdict(), expected, "in the header: {token}");
        assert_eq!(by_cookie(site, token).await.verdict(), expected, "as a cookie: {token}");
    }
    assert_eq!(good.get("/api/thing").await.status, 200);
}

async fn refuse(site: &Site, good: &dyn Visitor, tokens: &[String]) {
    refuse_as(site, good, "token_invalid", tokens).await;
}

fn changed(value: &Value, name: &str, new: Value) -> Value {
    let mut value = value.clone();
    value[name] = new;
    value
}

fn without(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(name);
    value
}

#[tokio::test]
async fn no_algorithm_is_no_signature() {
    let (site, app, header, claims) = signed_in().await;
    let signature = app.access_token().unwrap().rsplit_once('.').unwrap().1.to_owned();
    let mut tokens = Vec::new();
    for name in ["none", "None", "NONE", "nOnE"] {
        let header = changed(&header, "alg", json!(name)).to_string();
        let input = signing_input(&header, &claims.to_string());
        tokens.extend([input.clone(), format!("{input}."), format!("{input}.{signature}")]);
    }
    refuse(&site, &*app, &tokens).await;
}

#[tokio::test]
async fn a_broken_signature_is_none() {
    let (site, app, ..) = signed_in().await;
    let token = app.access_token().unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut tokens: Vec<String> =
        (1..=4).map(|cut| token[..token.len() - cut].to_owned()).collect();
    tokens.extend([
        format!("{input}."),
        format!("{input}.{}", encode([0; 64])),
        format!("{input}.{}", encode([0; 32])),
        format!("{token}A"),
        format!("{token}="),
        format!("{token}=="),
    ]);
    for position in [0, 1, 20, 63] {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[position] ^= 1;
        tokens.push(format!("{input}.{}", encode(bytes)));
    }
    refuse(&site, &*app, &tokens).await;
}

#[tokio::test]
async fn other_claims_under_an_old_signature() {
    let (site, app, header, claims) = signed_in().await;
    let signature = app.access_token().unwrap().rsplit_once('.').unwrap().1.to_owned();
    let mut tokens = Vec::new();
    for (name, value) in
        [("sub", json!("2")), ("is_admin", json!(true)), ("exp", json!(4_000_000_000_u64))]
    {
        let claims = changed(&claims, name, value).to_string();
        tokens.push(format!("{}.{signature}", signing_input(&header.to_string(), &claims)));
    }
    refuse(&site, &*app, &tokens).await;
}

#[tokio::test]
async fn the_public_key_is_no_shared_secret() {
    let (site, app, header, claims) = signed_in().await;
    let (pair, kid) = Pair::of_site(&site, KeyState::Active).await;
    let set = site.anonymous().get("/.well-known/jwks.json").await;
    let jwk = set.json()["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).cloned();
    // SubjectPublicKeyInfo of a P-256 key (RFC 5480): a constant, then the point.
    let mut der = vec![
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    der.extend(pair.public());
    let base64 = {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        STANDARD.encode(&der)
    };
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----",
        &base64[..64],
        &base64[64..]
    );
    let keys: [Vec<u8>; 6] = [
        pem.clone().into_bytes(),
        format!("{pem}\n").into_bytes(),
        der,
        jwk.unwrap().to_string().into_bytes(),
        set.body.to_vec(),
        pair.public(),
    ];
    let mut tokens = Vec::new();
    for key in &keys {
        tokens.push(by_mac(key, &changed(&header, "alg", json!("HS256")), &claims));
        tokens.push(by_mac(key, &header, &claims));
    }
    refuse(&site, &*app, &tokens).await;
}

#[tokio::test]
async fn the_header_does_not_choose_the_algorithm() {
    let (site, app, header, claims) = signed_in_shared().await;
    let mut tokens: Vec<String> = [
        json!("HS512"),
        json!("RS256"),
        json!("ES256"),
        json!("EdDSA"),
        json!("hs256"),
        json!(""),
        json!(null),
        json!(["HS256"]),
        json!(256),
    ]
    .into_iter()
    .map(|name| by_mac(SHARED, &changed(&header, "alg", name), &claims))
    .collect();
    tokens.push(by_mac(SHARED, &without(&header, "alg"), &claims));
    // Named twice, the second time right.
    let twice = format!("{{\"alg\":\"none\",{}", &header.to_string()[1..]);
    tokens.push(by_mac_text(SHARED, &twice, &claims.to_string()));
    refuse(&site, &*app, &tokens).await;
    assert_eq!(by_header(&site, &by_mac(SHARED, &header, &claims)).await.status, 200);
}

#[tokio::test]
async fn only_the_compact_form_has_a_meaning() {
    let (site, app, ..) = signed_in().await;
    let token = app.access_token().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts") };
    let tokens = [
        header.to_owned(),
        format!("{header}.{claims}"),
        format!("{token}.{signature}"),
        format!("{token}.a.b"),
        format!("{token}."),
        format!(".{token}"),
        "..".to_owned(),
        "...".to_owned(),
        format!("\"{token}\""),
        json!({ "payload": claims, "protected": header, "signature": signature }).to_string(),
        "a".repeat(10_000),
        ".".repeat(10_000),
        "x".to_owned(),
        "\u{fc}".to_owned(),
    ];
    refuse(&site, &*app, &tokens).await;
}

/// No header may choose a key or change what the payload means, not even validly signed.
#[tokio::test]
async fn headers_that_want_more_are_refused() {
    let (site, app, header, claims) = signed_in_shared().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let tokens: Vec<String> = [
        ("jwk", json!({ "kty": "oct", "k": encode(SHARED) })),
        ("jku", json!(url)),
        ("jku", json!("file:///etc/passwd")),
        ("x5u", json!(url)),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["x"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ]
    .into_iter()
    .map(|(name, value)| by_mac(SHARED, &changed(&header, name, value), &claims))
    .collect();
    refuse(&site, &*app, &tokens).await;
    assert!(listener.accept().is_err(), "somebody followed a header");

    let (site, app, header, claims) = signed_in().await;
    let own = Pair::own();
    let (x, y) = (own.public()[1..33].to_vec(), own.public()[33..].to_vec());
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) });
    let tokens = [
        own.sign(&header, &claims),
        own.sign(&changed(&header, "jwk", jwk.clone()), &claims),
        own.sign(&without(&changed(&header, "jwk", jwk), "kid"), &claims),
    ];
    refuse(&site, &*app, &tokens).await;
}

#[tokio::test]
async fn a_kid_is_a_name_and_nothing_else() {
    let (site, app, header, claims) = signed_in_shared().await;
    let mut tokens: Vec<String> = [
        json!("' UNION SELECT 'k"),
        json!("../../dev/null"),
        json!("| sleep 10"),
        json!(""),
        json!(null),
        json!("k".repeat(2000)),
        json!("k".repeat(10_240)),
        json!(["k"]),
        json!({ "k": 1 }),
        json!("unknown"),
        json!("refresh"),
    ]
    .into_iter()
    .map(|kid| by_mac(SHARED, &changed(&header, "kid", kid), &claims))
    .collect();
    tokens.push(by_mac(SHARED, &without(&header, "kid"), &claims));
    tokens.push(by_mac(b"", &header, &claims));
    refuse(&site, &*app, &tokens).await;
}

#[tokio::test]
async fn a_kid_of_another_key_does_not_lend_its_name() {
    let (site, app, header, claims) = signed_in().await;
    let (active, active_kid) = Pair::of_site(&site, KeyState::Active).await;
    let (next, next_kid) = Pair::of_site(&site, KeyState::Next).await;
    assert_eq!(header["kid"], active_kid);
    refuse(
        &site,
        &*app,
        &[
            active.sign(&changed(&header, "kid", json!(next_kid)), &claims),
            next.sign(&header, &claims),
        ],
    )
    .await;
    // The forge of the test is as good as the site's own.
    assert_eq!(by_header(&site, &active.sign(&header, &claims)).await.status, 200);
}

#[tokio::test]
async fn access_and_refresh_do_not_stand_in_for_each_other() {
    let (site, app, ..) = signed_in().await;
    let (access, refresh) = (app.access_token().unwrap(), app.refresh_token().unwrap());
    refuse(&site, &*app, &[refresh]).await;
    let as_refresh = vestibule_testkit::visitors::with(
        vestibule_testkit::visitors::request(http::Method::POST, "/api/auth/refresh", None),
        "authorization",
        &format!("Bearer {access}"),
    );
    assert_eq!(
        site.anonymous().send(as_refresh).await.verdict(),
        (401, "token_invalid".to_owned())
    );
    let browser = site.browser_of("anna").await;
    let (access, refresh) = (browser.access_token().unwrap(), browser.refresh_token().unwrap());
    let thief = browser.copy();
    thief.hold(Some(&access), Some(&access));
    assert_eq!(thief.refresh().await.verdict(), (401, "token_invalid".to_owned()));
    thief.hold(None, Some(&access));
    assert_eq!(thief.get("/api/thing").await.status, 401);
    thief.hold(Some(&refresh), None);
    assert_eq!(thief.get("/api/thing").await.status, 401);
    for good in [&*app, &browser as &dyn Visitor] {
        assert_eq!(good.get("/api/thing").await.status, 200);
        assert_eq!(good.refresh().await.status, 200);
    }
}

#[tokio::test]
async fn a_token_of_another_kind_is_none() {
    let (site, app, header, claims) = signed_in_shared().await;
    let mut tokens: Vec<String> = [
        json!("JWT"),
        json!("AT+JWT"),
        json!("rt+jwt"),
        json!("reset+jwt"),
        json!(null),
        json!(""),
    ]
    .into_iter()
    .map(|kind| by_mac(SHARED, &changed(&header, "typ", kind), &claims))
    .collect();
    tokens.push(by_mac(SHARED, &without(&header, "typ"), &claims));
    for kind in [json!("refresh"), json!("ACCESS"), json!(null), json!(1)] {
        tokens.push(by_mac(SHARED, &header, &changed(&claims, "type", kind)));
    }
    tokens.push(by_mac(SHARED, &header, &without(&claims, "type")));
    refuse(&site, &*app, &tokens).await;
}

#[tokio::test]
async fn a_token_for_somebody_else_is_none() {
    let (site, app, header, claims) = signed_in_shared().await;
    let mut tokens: Vec<String> = [
        json!("https://other.test"),
        json!(""),
        json!("https://app.tes"),
        json!("https://app.test/"),
        json!("https://app.test.evil.test"),
        json!(["https://app.test"]),
        json!(["https://other.test"]),
        json!(null),
    ]
    .into_iter()
    .flat_map(|other| [("aud", other.clone()), ("iss", other)])
    .map(|(name, other)| by_mac(SHARED, &header, &changed(&claims, name, other)))
    .collect();
    tokens.push(by_mac(SHARED, &header, &without(&claims, "aud")));
    tokens.push(by_mac(SHARED, &header, &without(&claims, "iss")));
    refuse(&site, &*app, &tokens).await;
}

/// The edges, to the second, with five seconds of leeway.
#[tokio::test]
async fn a_token_has_its_time() {
    let (site, app, header, claims) = signed_in_shared().await;
    let now = site.auth.now().seconds();
    let made = |name: &str, at: i64| by_mac(SHARED, &header, &changed(&claims, name, json!(at)));
    refuse_as(&site, &*app, "token_expired", &[made("exp", now - 5), made("exp", now - 6)]).await;
    refuse(&site, &*app, &[made("nbf", now + 6), made("iat", now + 6), made("iat", 4_102_444_800)])
        .await;
    for token in [made("exp", now - 4), made("nbf", now + 5), made("iat", now + 5)] {
        assert_eq!(by_header(&site, &token).await.status, 200);
    }
}

#[tokio::test]
async fn claims_are_of_their_types() {
    let (site, app, header, claims) = signed_in_shared().await;
    let mut tokens = Vec::new();
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for value in [
            json!("1750000000"),
            json!(1_750_000_000.5),
            json!(-1),
            json!(9_223_372_036_854_775_808_u64),
            json!(null),
            json!({}),
            json!(true),
            json!([]),
        ] {
            tokens.push(by_mac(SHARED, &header, &changed(&claims, name, value)));
        }
        tokens.push(by_mac(SHARED, &header, &without(&claims, name)));
        let text = changed(&claims, name, json!("@")).to_string().replace("\"@\"", "1e400");
        tokens.push(by_mac_text(SHARED, &header.to_string(), &text));
    }
    for value in [
        json!(1),
        json!(null),
        json!(""),
        json!([]),
        json!("0"),
        json!("-1"),
        json!("01"),
        json!("1 "),
    ] {
        tokens.push(by_mac(SHARED, &header, &changed(&claims, "sub", value)));
    }
    for name in ["sub", "jti", "sid", "gen", "ver", "fresh", "roles", "is_admin", "username", "amr"]
    {
        tokens.push(by_mac(SHARED, &header, &without(&claims, name)));
    }
    for (name, value) in [
        ("fresh", json!(true)),
        ("sid", json!("short")),
        ("gen", json!(-1)),
        ("ver", json!("1")),
        ("roles", json!("admin")),
        ("is_admin", json!("false")),
    ] {
        tokens.push(by_mac(SHARED, &header, &changed(&claims, name, value)));
    }
    for text in ["null", "[]", "1", "\"x\"", "{", ""] {
        tokens.push(by_mac_text(SHARED, &header.to_string(), text));
    }
    refuse(&site, &*app, &tokens).await;
}

#[tokio::test]
async fn the_keys_of_the_store_are_not_replaced_by_a_bad_token() {
    let (site, app, header, claims) = signed_in().await;
    let before = site.store.inner().key_ring().await.unwrap().0;
    by_header(&site, &Pair::own().sign(&header, &claims)).await;
    assert_eq!(site.store.inner().key_ring().await.unwrap().0, before);
    assert_eq!(app.get("/api/thing").await.status, 200);
}
