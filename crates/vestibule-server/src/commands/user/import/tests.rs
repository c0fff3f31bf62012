use vestibule::core::{store::UserStore as _, user::UserStatus};

use super::import_from;
use crate::commands::{
    desk::fixture::{Said, Site},
    user::find,
};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FtcGxlc2FsdHNhbHQ\
                    $aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA";

async fn import(site: &Site, text: &str, dry_run: bool) -> Said {
    site.hear(async |desk, console| import_from(text.as_bytes(), dry_run, desk, console).await)
        .await
}

async fn count(site: &Site) -> usize {
    let query = vestibule::core::store::UserQuery { limit: 100, ..Default::default() };
    site.store.users(&query).await.unwrap().len()
}

/// The same three accounts in both forms.
fn files() -> [String; 2] {
    [
        format!(
            "\u{feff}email,username,status,roles,is_super_user,password_hash,created_at\r\n\
             ada@example.org,Ada,,editor  writer,True,\"{HASH}\",2019-01-01\r\n\
             \"bob@example.org\",bob,suspended,,0,\"{HASH}\",\r\n\
             cleo@example.org, cleo ,active,,,,\r\n"
        ),
        format!(
            "{{\"username\":\"Ada\",\"email\":\"ada@example.org\",\"is_super_user\":true,\
             \"roles\":[\"editor\",\"writer\"],\"password_hash\":\"{HASH}\",\"created_at\":1546300800}}\n\n\
             {{\"username\":\"bob\",\"email\":\"bob@example.org\",\"status\":\"suspended\",\
             \"password_hash\":\"{HASH}\"}}\r\n\
             {{\"username\":\"cleo\",\"email\":\"cleo@example.org\",\"status\":null}}"
        ),
    ]
}

#[tokio::test]
async fn both_forms_make_the_same_accounts_once() {
    for file in files() {
        let site = Site::new();
        let said = import(&site, &file, true).await;
        assert!(said.success().contains("3 accounts"), "{}", said.results);
        assert_eq!(count(&site).await, 0);
        let said = import(&site, &file, false).await;
        assert_eq!(said.success(), "Made 3 accounts, 0 there already, 0 refused.\n");
        assert!(said.messages.contains("created_at"), "{}", said.messages);
        let ada = find(&site.store, "ada").await.unwrap();
        assert!(ada.is_super_user && ada.email_verified_at.is_some());
        assert_eq!(ada.roles.len(), 2);
        let bob = find(&site.store, "bob").await.unwrap();
        assert_eq!(bob.status, UserStatus::Suspended);
        for (user, has_password) in [(&ada, true), (&bob, true)] {
            let credentials = site.store.credentials_of(user.id).await.unwrap().unwrap();
            assert_eq!(credentials.password_hash.is_some(), has_password);
        }
        let said = import(&site, &file, false).await;
        assert_eq!(said.success(), "Made 0 accounts, 3 there already, 0 refused.\n");
        assert_eq!(count(&site).await, 3);
    }
}

#[tokio::test]
async fn rows_that_cannot_be_taken_are_said_with_their_line_and_the_others_go_on() {
    let rows = [
        ("eve,eve@example.org,pbkdf2:sha256:600000$salt$digest,", Some("“pbkdf2”")),
        ("eve,eve@example.org,$2b$12$abcdefghijklmnopqrstuv,", Some("“2b”")),
        (
            "eve,eve@example.org,\"$argon2id$v=19$m=524288,t=2,p=1$c2FtcGxlc2FsdHNhbHQ\
             $aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA\",",
            Some("524288 KiB"),
        ),
        ("a@b,eve@example.org,,", Some("username: ")),
        ("eve,nowhere,,", Some("email: ")),
        ("eve,eve@example.org,,Editor", Some("roles: ")),
        ("ada,other@example.org,,", Some("user name is taken")),
        ("other,ada@example.org,,", Some("belongs to another account")),
        ("too,few@example.org", Some("record")),
        ("eve,eve@example.org,,editor", None),
    ];
    let mut file = "username,email,password_hash,roles\nada,ada@example.org,,\n".to_owned();
    for (row, _) in rows {
        file.push_str(row);
        file.push('\n');
    }
    for dry_run in [true, false] {
        let site = Site::new();
        let said = import(&site, &file, dry_run).await;
        assert!(said.failure().contains("9 rows refused"), "{}", said.failure());
        assert!(said.results.contains("2 accounts, 0 there already, 9 refused"));
        let messages: Vec<_> = said.messages.lines().collect();
        let expected = rows.iter().filter_map(|(_, reason)| *reason);
        for (number, reason) in expected.enumerate() {
            let message = messages[number];
            assert!(message.starts_with(&format!("line {}: ", number + 3)), "{message}");
            assert!(message.contains(reason), "{message}");
        }
        assert!(!said.messages.contains("digest") && !said.messages.contains("abcdef"));
        assert_eq!(count(&site).await, if dry_run { 0 } else { 2 });
    }
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_whole() {
    for (file, reason) in [
        ("", "is empty"),
        (" \n", "is empty"),
        ("[{\"username\":\"ada\"}]", "one object a line"),
        ("username,mail\nada,ada@example.org\n", "“mail”"),
        ("username,roles\nada,\n", "no field email"),
    ] {
        let said = import(&Site::new(), file, false).await;
        assert!(said.failure().contains(reason), "{file}: {}", said.failure());
    }
    let said =
        import(&Site::new(), "{\"username\":\"ada\",\"password\":\"x\"}\nnonsense\n", false).await;
    assert!(said.messages.contains("line 1: unknown field `password`"), "{}", said.messages);
    assert!(said.messages.contains("line 2: "), "{}", said.messages);
}
