use vestibule::{
    TypedPassword,
    core::{
        password::{Password, PasswordHasher, Verified},
        store::{Changed, Feed as _, UserStore as _},
        user::UserStatus,
    },
};

use super::{carry_out, change, create, find};
use crate::{
    cli::{
        arguments::{Command, UserCommand},
        context::fixture::{Detail, START, Site, parse},
        prompt::{NewPassword, OneLine},
    },
    error::CommandError,
};

const PASSWORD: &str = "violin harbour mosaic tundra";

fn command(line: &str) -> UserCommand {
    match parse(&format!("user {line}")) {
        Command::User(command) => command,
        other => panic!("{other:?}"),
    }
}

/// A command that asks for a password gets `password`, others none.
async fn run_with(site: &Site, line: &str, password: &mut dyn NewPassword) -> Detail {
    let command = command(line);
    site.hear(async |context, console| match command {
        UserCommand::Create(new) => create::create(&new, password, context, console).await,
        UserCommand::SetPassword(whose) => {
            change::set_password(&whose.user, password, context, console).await
        }
        other => carry_out(other, context, console).await,
    })
    .await
}

async fn run(site: &Site, line: &str) -> Detail {
    run_with(site, line, &mut OneLine(PASSWORD.as_bytes())).await
}

async fn status(site: &Site, typed: &str) -> UserStatus {
    find(&site.store, typed).await.unwrap().status
}

/// Somebody at a terminal.
struct Typist(&'static str, &'static str);

impl NewPassword for Typist {
    fn first(&mut self) -> Result<TypedPassword, CommandError> {
        Ok(self.0.into())
    }

    fn again(&mut self) -> Result<Option<TypedPassword>, CommandError> {
        Ok(Some(self.1.into()))
    }
}

#[tokio::test]
async fn an_account_is_made_as_it_was_asked_for() {
    let site = Site::new();
    let said = run(
        &site,
        "create --username Ada --email Ada@Example.org --role editor --role a_b-1 --super-user",
    )
    .await;
    assert_eq!(said.success(), "Created Ada (id 1).\n");
    assert_eq!(
        run(&site, "show ada --json").await.json(),
        serde_json::json!({
            "id": 1, "username": "Ada", "email": "Ada@Example.org", "email_verified": true,
            "status": "active", "is_super_user": true, "roles": ["a_b-1", "editor"],
            "created_at": START, "updated_at": START,
        })
    );
    let text = run(&site, "show 1").await;
    assert!(
        text.success().contains("super user  yes\nroles       a_b-1 editor\n"),
        "{}",
        text.results
    );
}

#[tokio::test]
async fn the_password_signs_in_and_costs_what_is_configured() {
    let site = Site::new();
    run(&site, "create --username ada --email ada@example.org").await.success();
    assert_eq!(verify(&site, PASSWORD).await, Verified::Match { outdated: false });
    assert_eq!(verify(&site, "violin harbour mosaic").await, Verified::Mismatch);
}

async fn verify(site: &Site, typed: &str) -> Verified {
    let id = find(&site.store, "ada").await.unwrap().id;
    let credentials = site.store.credentials_of(id).await.unwrap().unwrap();
    PasswordHasher::new(site.config.password_parameters)
        .verify(&Password::for_comparison(typed), &credentials.password_hash.unwrap())
        .unwrap()
}

#[tokio::test]
async fn an_account_that_cannot_be_is_refused_with_the_reason() {
    let site = Site::new();
    site.user("bob", false).await;
    for (names, password, reason) in [
        ("a@b ada@example.org", PASSWORD, "user name: "),
        ("ada nowhere", PASSWORD, "e-mail address: "),
        ("BOB ada@example.org", PASSWORD, "the user name “BOB” is taken"),
        ("ada BOB@example.org", PASSWORD, "belongs to another account"),
        ("ada ada@example.org", "short", "at least 15"),
        ("ada ada@example.org", "", "standard input contains no password"),
        ("adalove ada@example.org", "my adalove harbour tundra", "“adalove”"),
        ("ada lovelace@example.org", "violin LOVELACE tundra", "“lovelace”"),
        ("ada ada@example.org", "violin starmaps tundra", "“Star Maps”"),
        ("ada ada@example.org", "passwordpassword", "easy to guess"),
    ] {
        let (username, email) = names.split_once(' ').unwrap();
        let line = format!("create --username {username} --email {email}");
        let said = run_with(&site, &line, &mut OneLine(password.as_bytes())).await;
        assert!(said.failure().contains(reason), "{names}: {}", said.failure());
        assert_eq!(said.results, "");
    }
    assert_eq!(run(&site, "list --json").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_slip_at_the_terminal_makes_no_account() {
    let site = Site::new();
    let line = "create --username ada --email ada@example.org";
    let said = run_with(&site, line, &mut Typist(PASSWORD, "violin harbour mosaic tundrA")).await;
    assert!(said.failure().contains("do not match"), "{}", said.failure());
    let said = run_with(&site, line, &mut Typist(PASSWORD, PASSWORD)).await;
    said.success();
}

#[tokio::test]
async fn accounts_are_found_by_id_name_and_address() {
    let site = Site::new();
    site.user("ada", false).await;
    for typed in ["1", "ada", "ADA", " ada ", "ada@example.org", "Ada@EXAMPLE.org"] {
        let found = find(&site.store, typed).await;
        assert_eq!(found.unwrap().id.0, 1, "{typed}");
    }
    for (typed, kind) in [
        ("2", "id “2”"),
        ("01", "id “01”"),
        ("99999999999999999999", "id"),
        ("eve", "user name “eve”"),
        ("eve@example.org", "e-mail address “eve@example.org”"),
        ("-1", "id, user name or e-mail address “-1”"),
        ("", "id, user name or e-mail address"),
        ("a\x1b[2J", "“a\\u{1b}[2J”"),
    ] {
        let message = find(&site.store, typed).await.unwrap_err().to_string();
        assert!(message.contains(kind), "{typed}: {message}");
        assert!(message.contains("`vestibule user list`"), "{message}");
    }
}

#[tokio::test]
async fn the_listing_goes_through_all_pages_in_order() {
    let site = Site::new();
    for number in 1..=1001 {
        site.user(&format!("user{number}"), false).await;
    }
    let listed = run(&site, "list --json").await.json();
    let ids: Vec<_> =
        listed.as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, (1..=1001).collect::<Vec<_>>());
    let text = run(&site, "list").await;
    assert_eq!(text.success().lines().count(), 1002);
    let first = text.results.lines().nth(1).unwrap();
    assert_eq!(
        first.split_whitespace().collect::<Vec<_>>(),
        ["1", "user1", "user1@example.org", "active", "2025-06-15", "15:06"]
    );
}

#[tokio::test]
async fn whoever_is_no_longer_active_is_signed_out_for_that_reason() {
    for (word, status_then, reason) in [
        ("suspend", UserStatus::Suspended, "suspended"),
        ("delete", UserStatus::Deleted, "deleted"),
    ] {
        let site = Site::new();
        let ada = site.user("ada", false).await;
        let session = site.session(&ada, "phone").await;
        let said = run(&site, &format!("{word} ada")).await;
        assert!(said.success().contains("1 session ended"), "{}", said.results);
        assert_eq!(status(&site, "ada").await, status_then);
        assert_eq!(site.end_of(&session).await, Some(reason));
        let changes = site.store.changes_after(0, 9).await.unwrap();
        let raised = Changed::User { id: ada.id, version: 2 };
        assert_eq!(
            changes.iter().map(|change| change.what).collect::<Vec<_>>(),
            [raised, Changed::SessionEnded(session.id)]
        );
    }
}

#[tokio::test]
async fn a_second_try_ends_the_sessions_that_the_first_left() {
    let site = Site::new();
    let ada = site.user("ada", false).await;
    run(&site, "suspend ada").await.success();
    let session = site.session(&ada, "left over").await;
    run(&site, "suspend ada").await.success();
    assert_eq!(site.end_of(&session).await, Some("suspended"));
    assert_eq!(find(&site.store, "ada").await.unwrap().version, 2);
}

#[tokio::test]
async fn a_suspended_account_comes_back_and_a_deleted_one_for_a_while() {
    let site = Site::new();
    site.user("ada", false).await;
    run(&site, "suspend ada").await.success();
    run(&site, "activate ada").await.success();
    assert_eq!(status(&site, "ada").await, UserStatus::Active);
    run(&site, "delete ada").await.success();
    run(&site, "delete ada").await.success();
    for line in ["suspend ada", "grant ada editor", "set-password ada"] {
        let said = run(&site, line).await;
        assert!(said.failure().contains("restore the account first"), "{line}");
    }
    assert!(run(&site, "show ada").await.success().contains("by its site, permanent from"));
    run(&site, "activate ada").await.success();
    assert_eq!(status(&site, "ada").await, UserStatus::Active);
    run(&site, "delete ada").await.success();
    site.clock.advance(14 * 24 * 3600);
    for line in ["activate ada", "suspend ada", "grant ada editor", "set-password ada"] {
        let said = run(&site, line).await;
        assert!(said.failure().contains("permanently"), "{line}");
    }
    assert_eq!(status(&site, "ada").await, UserStatus::Deleted);
    let said = run(&site, "create --username ADA --email other@example.org").await;
    assert!(said.failure().contains("is taken"), "{}", said.failure());
}

#[tokio::test]
async fn the_last_active_super_user_stays() {
    let site = Site::new();
    site.user("ada", true).await;
    site.user("bob", true).await;
    site.user("cleo", false).await;
    run(&site, "suspend bob").await.success();
    let lines = ["suspend ada", "delete ada", "revoke ada --super-user"];
    for line in lines {
        let said = run(&site, line).await;
        assert!(
            said.failure().contains("`vestibule user grant USER --super-user`"),
            "{line}: {}",
            said.failure()
        );
        let ada = find(&site.store, "ada").await.unwrap();
        assert_eq!((ada.status, ada.is_super_user, ada.version), (UserStatus::Active, true, 1));
    }
    run(&site, "grant cleo --super-user").await.success();
    run(&site, "revoke ada --super-user").await.success();
    assert!(!find(&site.store, "ada").await.unwrap().is_super_user);
    assert!(run(&site, "delete cleo").await.ended.is_err());
    // Somebody who cannot sign in is no super user to lose.
    run(&site, "revoke bob --super-user").await.success();
}

#[tokio::test]
async fn roles_come_and_go_once() {
    let site = Site::new();
    site.user("ada", false).await;
    for line in ["grant ada editor", "grant ada editor", "grant ada writer"] {
        run(&site, line).await.success();
    }
    let words = async || run(&site, "show ada --json").await.json()["roles"].clone();
    assert_eq!(words().await, serde_json::json!(["editor", "writer"]));
    assert_eq!(find(&site.store, "ada").await.unwrap().version, 3);
    for line in ["revoke ada editor", "revoke ada editor"] {
        run(&site, line).await.success();
    }
    assert_eq!(words().await, serde_json::json!(["writer"]));
    assert_eq!(find(&site.store, "ada").await.unwrap().version, 4);
    let long = run(&site, &format!("grant ada {}", "x".repeat(33))).await;
    assert!(matches!(long.ended, Err(CommandError::Usage(_))));
    for number in 1..32 {
        run(&site, &format!("grant ada r{number}")).await.success();
    }
    assert!(run(&site, "grant ada one-more").await.failure().contains("32 roles"));
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let site = Site::new();
    let ada = site.user("ada", false).await;
    let session = site.session(&ada, "phone").await;
    let weak = run_with(&site, "set-password ada", &mut OneLine(&b"short"[..])).await;
    weak.failure();
    assert_eq!(site.end_of(&session).await, None);
    let said = run(&site, "set-password ada@example.org").await;
    assert!(said.success().contains("1 session ended"), "{}", said.results);
    assert_eq!(site.end_of(&session).await, Some("password_changed"));
    assert_eq!(verify(&site, PASSWORD).await, Verified::Match { outdated: false });
}
