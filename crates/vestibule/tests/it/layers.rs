//! What stands between the layer and a handler: it is asked the same as a handler, and what it says of an answer
//! stays.

use axum::{
    Extension, Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use http::{HeaderValue, Method};
use vestibule::{Carrier, Principal, Problem, Visit};
use vestibule_testkit::{
    both_carriers,
    visitors::{Anonymous, Browser, InProcess, Visitor, request, with},
};

use crate::site::{HOST, ORIGIN, Site, router};

/// A middleware that takes the visit out of the extensions, before any extractor has run.
async fn by_extensions(request: Request, next: Next) -> Response {
    let visit = request.extensions().get::<Visit>().cloned().unwrap();
    let caller = visit.optional_principal().await.ok().flatten();
    let name = caller.map_or_else(|| "nobody".to_owned(), |caller| caller.username().to_owned());
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-by-extensions", name.parse().unwrap());
    response
}

async fn by_extension(
    Extension(visit): Extension<Visit>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let agent = visit.agent().to_owned();
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-by-extension", agent.parse().unwrap());
    Ok(response)
}

async fn a_middleware_that_takes_the_visit_itself_learns_who_is_there(carrier: Carrier) {
    let site = Site::new().await;
    site.add_user("anna").await;
    let routes = Router::new()
        .route("/api/inside", get(async |caller: Principal| caller.username().to_owned()))
        .layer(from_fn(by_extensions))
        .layer(from_fn(by_extension));
    let transport = InProcess::new(routes.merge(router(&site.auth)).layer(site.auth.layer()));
    let visitor: Box<dyn Visitor> = match carrier {
        Carrier::Cookie => {
            Box::new(Browser::new(transport, ORIGIN, Default::default(), site.clock.clone()))
        }
        Carrier::Header => Box::new(vestibule_testkit::visitors::App::new(transport, HOST)),
    };
    let stranger = visitor.get("/api/inside").await;
    assert_eq!((stranger.status.as_u16(), stranger.header("x-by-extensions")), (401, "nobody"));
    assert_eq!(visitor.sign_in("anna", crate::site::PASSWORD).await.status, 200);
    let ask = with(visitor_request("/api/inside"), "user-agent", "a browser");
    let answer = visitor.send(ask).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "anna"));
    assert_eq!(answer.header("x-by-extensions"), "anna");
    assert_eq!(answer.header("x-by-extension"), "a browser");
    assert_eq!(answer.header("cache-control"), "no-store");
}

fn visitor_request(path: &str) -> http::Request<bytes::Bytes> {
    request(Method::GET, path, None)
}

both_carriers!(a_middleware_that_takes_the_visit_itself_learns_who_is_there);

/// CORS inside of the layer, and what else layers and routers say of an answer.
async fn says_more(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert("access-control-allow-origin", HeaderValue::from_static("https://map.test"));
    headers.insert("access-control-expose-headers", HeaderValue::from_static("www-authenticate"));
    headers.append("vary", HeaderValue::from_static("origin"));
    headers.append("vary", HeaderValue::from_static("accept"));
    headers.append("set-cookie", HeaderValue::from_static("theme=dark"));
    headers.append("set-cookie", HeaderValue::from_static("size=big"));
    // As a layer that compresses leaves it.
    headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    headers.insert("content-length", HeaderValue::from_static("7"));
    headers.insert("etag", HeaderValue::from_static("\"x\""));
    response
}

#[tokio::test]
async fn a_refusal_keeps_what_inner_layers_say_of_it() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let app = site.app_of("anna").await;
    site.outlive_access();
    let token = format!("Bearer {}", app.access_token().unwrap());
    let inner = Router::new()
        .route("/api/inside", get(async |_: Principal| ""))
        .layer(from_fn(says_more))
        .layer(site.auth.layer());
    let nobody = Anonymous::new(InProcess::new(inner), HOST);
    let refused = nobody.get_with("/api/inside", &[("authorization", &token)]).await;
    assert_eq!(refused.verdict(), (401, "token_expired".to_owned()));
    assert_eq!(refused.header("access-control-allow-origin"), "https://map.test");
    assert_eq!(refused.header("access-control-expose-headers"), "www-authenticate");
    let all = |name: &str| -> Vec<String> {
        let values = refused.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(all("vary"), ["origin", "accept"]);
    assert_eq!(all("set-cookie"), ["theme=dark", "size=big"]);
    assert_eq!(all("content-type"), ["application/problem+json"]);
    assert_eq!(all("cache-control"), ["no-store"]);
    assert!(refused.header("www-authenticate").contains("expired"));
    assert_eq!(refused.headers.get("content-encoding"), None);
    assert_eq!(refused.headers.get("etag"), None);
    let length = all("content-length");
    assert!(length.iter().all(|length| *length == refused.body.len().to_string()), "{length:?}");
}

/// The same where the application answers in its own way, whose headers win.
#[tokio::test]
async fn an_answer_of_the_applications_own_keeps_them_too() {
    let own = |_: &Problem, _: &Visit| {
        let mut response = Response::new("sorry".into());
        response.headers_mut().insert("access-control-allow-origin", HeaderValue::from_static("*"));
        response.headers_mut().append("vary", HeaderValue::from_static("cookie"));
        Some(response)
    };
    let site = Site::built(|_| {}, |builder| builder.on_problem(own)).await;
    let inner = Router::new()
        .route("/api/inside", get(async |_: Principal| ""))
        .layer(from_fn(says_more))
        .layer(site.auth.layer());
    let answer = Anonymous::new(InProcess::new(inner), HOST).get("/api/inside").await;
    assert_eq!(answer.text(), "sorry");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-expose-headers"), "www-authenticate");
    let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert_eq!(vary, ["cookie", "origin", "accept"]);
    assert_eq!(answer.headers.get("www-authenticate"), None, "the answer left it out");
}

#[tokio::test]
async fn the_layer_twice_is_the_layer_once() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let twice = router(&site.auth).layer(site.auth.layer());
    let transport = InProcess::new(twice);
    let browser = Browser::new(transport, ORIGIN, Default::default(), site.clock.clone());
    assert_eq!(browser.sign_in("anna", crate::site::PASSWORD).await.status, 200);
    site.outlive_access();
    let answer = browser.get("/page").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.set_cookies().len(), 3, "{:?}", answer.set_cookies());
}
