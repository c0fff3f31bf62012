//! The link by which the first super user is made.

use vestibule_testkit::visitors::Visitor as _;

use crate::test_app::{PASSWORD, clock, create_user, place, run_json, serve, serve_again};

fn link(said: &str) -> Option<String> {
    let (_, link) = said.split_once("/auth/setup?token=")?;
    Some(link.split_whitespace().next()?.to_owned())
}

#[tokio::test]
async fn the_link_makes_one_super_user_and_is_over() {
    let place = place();
    let site = serve(&place);
    let token = link(&place.said()).expect("a link is printed");
    place.secrets().add(&token);
    let path = format!("/auth/setup?token={token}");
    let (first, second) = (site.browser(clock()), site.browser(clock()));
    assert_eq!(first.navigate("/auth/setup?token=wrong").await.status, 403);
    assert_eq!(first.navigate("/auth/setup").await.status, 403);

    assert_eq!(second.navigate(&path).await.status, 200);
    let page = first.navigate(&path).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-store");
    let weak = [
        ("token", &*token),
        ("username", "ada"),
        ("email", "ada@people.test"),
        ("password", "short"),
    ];
    assert_eq!(
        first.submit("/auth/setup", &weak).await.status,
        422,
        "the link is not used up by a slip"
    );
    let fields = |name: &'static str, email: &'static str| {
        [
            ("token", token.clone()),
            ("username", name.into()),
            ("email", email.into()),
            ("password", PASSWORD.into()),
        ]
    };
    let ada = fields("ada", "ada@people.test");
    let ada: Vec<_> = ada.iter().map(|(name, value)| (*name, &**value)).collect();
    let made = first.submit("/auth/setup", &ada).await;
    assert_eq!((made.status.as_u16(), made.location()), (303, "/auth/login"), "{}", made.text());

    let eve = fields("eve", "eve@people.test");
    let eve: Vec<_> = eve.iter().map(|(name, value)| (*name, &**value)).collect();
    assert_eq!(second.submit("/auth/setup", &eve).await.status, 403, "it works once");
    assert_eq!(first.navigate(&path).await.status, 403);

    let users = run_json(&place, &["user", "list", "--json"]);
    assert_eq!(users.as_array().map(Vec::len), Some(1));
    assert_eq!((&users[0]["username"], &users[0]["is_super_user"]), (&"ada".into(), &true.into()));
    assert_eq!(site.app().sign_in("ada", PASSWORD).await.status, 200);
    let address = site.address();
    site.stop();
    let site = serve_again(&place, address);
    assert_eq!(link(&place.said()), None, "with a super user there is no link");
    drop(site);
}

#[tokio::test]
async fn a_super_user_of_the_command_line_ends_the_link() {
    let place = place();
    let site = serve(&place);
    let token = link(&place.said()).expect("a link is printed");
    create_user(&place, "ada", &["--super-user"]);
    let answer = site.browser(clock()).navigate(&format!("/auth/setup?token={token}")).await;
    assert_eq!(answer.status, 403);
}
