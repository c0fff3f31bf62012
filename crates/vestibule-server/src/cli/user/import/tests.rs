use std::{
    fmt::Write as _,
    io::{self, BufReader, Read},
};

use vestibule::core::{store::UserStore as _, time::Timestamp, user::UserStatus};

use super::{Interruption, Manner, Report, import_from};
use crate::cli::{
    context::fixture::{Detail, Site},
    user::find,
};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FtcGxlc2FsdHNhbHQ\
                    $aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA";

/// What werkzeug 3.1.9 made of a password.
const FOREIGN_HASH: &str = "pbkdf2:sha256:1000$lGsLKibzPW4b5tq4$f5cd14307b59a5729c654f6d92ff8ecebf6edd75a875fdc5e46765c8439a4f7f";

async fn import(site: &Site, text: &str, dry_run: bool) -> Detail {
    import_so(site, text, manner(dry_run)).await
}

async fn import_so(site: &Site, text: &str, manner: Manner) -> Detail {
    site.hear(async |context, console| import_from(text.as_bytes(), manner, context, console).await)
        .await
}

fn manner(dry_run: bool) -> Manner {
    Manner { dry_run, size: None, report: None, interruption: Interruption::default() }
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
        assert_eq!(said.success(), "Created 3 accounts, 0 already existed, 0 refused.\n");
        let again = "Password hashes to be replaced at the next sign-in: Argon2id 2.\n";
        assert_eq!(said.messages, again, "the parameters are not the site's");
        let ada = find(&site.store, "ada").await.unwrap();
        assert_eq!(ada.created_at, Timestamp::from_seconds(1_546_300_800));
        assert!(ada.is_super_user && ada.email_verified_at.is_some());
        assert_eq!(ada.roles.len(), 2);
        let bob = find(&site.store, "bob").await.unwrap();
        assert_eq!(bob.created_at, bob.updated_at);
        assert_eq!((bob.version, bob.status), (1, UserStatus::Suspended));
        for (user, has_password) in [(&ada, true), (&bob, true)] {
            let credentials = site.store.credentials_of(user.id).await.unwrap().unwrap();
            assert_eq!(credentials.password_hash.is_some(), has_password);
        }
        let said = import(&site, &file, false).await;
        assert_eq!(said.success(), "Created 0 accounts, 3 already existed, 0 refused.\n");
        assert_eq!(count(&site).await, 3);
    }
}

#[tokio::test]
async fn rows_that_cannot_be_taken_are_said_with_their_line_and_the_others_go_on() {
    let rows = [
        ("eve,eve@example.org,pbkdf2:sha256:600000$salt$digest,,", Some("“pbkdf2”")),
        ("eve,eve@example.org,$2b$12$abcdefghijklmnopqrstuv,,", Some("“2b”")),
        ("eve,eve@example.org,5f4dcc3b5aa765d61d8327deb882cf99,,", Some("“unknown”")),
        (
            "eve,eve@example.org,pbkdf2_sha256$3000001$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,,",
            Some("3000001 iterations, more than the limit of 3000000"),
        ),
        ("eve,eve@example.org,,,2019-02-30", Some("created_at must be")),
        ("eve,eve@example.org,,,2025-06-16", Some("created_at is in the future")),
        ("eve,eve@example.org,,,1546300800000", Some("seconds since 1970")),
        (
            "eve,eve@example.org,\"$argon2id$v=19$m=524288,t=2,p=1$c2FtcGxlc2FsdHNhbHQ\
             $aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA\",,",
            Some("524288 KiB of memory, more than the limit of 262144"),
        ),
        ("a@b,eve@example.org,,,", Some("username: ")),
        ("eve,nowhere,,,", Some("email: ")),
        ("eve,eve@example.org,,Editor,", Some("roles: ")),
        ("ada,other@example.org,,,", Some("user name is taken")),
        ("other,ada@example.org,,,", Some("belongs to another account")),
        ("too,few@example.org", Some("record")),
        ("eve,eve@example.org,,editor,", None),
    ];
    let mut file =
        "username,email,password_hash,roles,created_at\nada,ada@example.org,,,\n".to_owned();
    for (row, _) in rows {
        file.push_str(row);
        file.push('\n');
    }
    for dry_run in [true, false] {
        let site = Site::new();
        let said = import(&site, &file, dry_run).await;
        assert!(said.failure().contains("14 rows refused"), "{}", said.failure());
        assert!(said.results.contains("2 accounts, 0 already existed, 14 refused"));
        let messages: Vec<_> = said.messages.lines().collect();
        let expected = rows.iter().filter_map(|(_, reason)| *reason);
        for (number, reason) in expected.enumerate() {
            let message = messages[number];
            assert!(message.starts_with(&format!("line {}: ", number + 3)), "{message}");
            assert!(message.contains(reason), "{message}");
        }
        for secret in ["digest", "abcdef", "5f4d", "AAAA"] {
            assert!(!said.messages.contains(secret), "{}", said.messages);
        }
        assert_eq!(count(&site).await, if dry_run { 0 } else { 2 });
    }
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_whole() {
    for (file, reason) in [
        ("", "is empty"),
        (" \n", "is empty"),
        ("[{\"username\":\"ada\"}]", "one object per line"),
        ("username,mail\nada,ada@example.org\n", "“mail”"),
        ("username,roles\nada,\n", "lacks the field email"),
        ("username,email,email\nada,a@b.example,\n", "email twice"),
    ] {
        let said = import(&Site::new(), file, false).await;
        assert!(said.failure().contains(reason), "{file}: {}", said.failure());
    }
    let said =
        import(&Site::new(), "{\"username\":\"ada\",\"password\":\"x\"}\nnonsense\n", false).await;
    assert!(said.messages.contains("line 1: unknown field `password`"), "{}", said.messages);
    assert!(said.messages.contains("line 2: "), "{}", said.messages);
}

/// More accounts than fit into a batch.
fn many(count: usize) -> String {
    let mut file = "username,email,password_hash\n".to_owned();
    for number in 0..count {
        let _ = writeln!(file, "user{number},user{number}@example.org,{FOREIGN_HASH}");
    }
    file
}

#[tokio::test]
async fn a_dry_run_says_what_the_import_then_does() {
    let mut file = many(1200);
    // Within a batch, and of a batch before.
    file.push_str(
        "user1199,user1199@example.org,\nUSER3,other@example.org,\nother,user700@example.org,\n",
    );
    let site = Site::new();
    site.user("user5", false).await;
    let site_of_another = site.user("user6", false).await;
    assert_eq!(site_of_another.email, "user6@example.org");
    let said: Vec<_> = [import(&site, &file, true).await, import(&site, &file, false).await].into();
    let tallies: Vec<_> =
        said.iter().map(|said| said.results.split("ake ").last().unwrap()).collect();
    assert!(
        tallies[0].ends_with("1198 accounts, 3 already existed, 2 refused.\n"),
        "{}",
        tallies[0]
    );
    assert_eq!(said[1].results, "Created 1198 accounts, 3 already existed, 2 refused.\n");
    assert_eq!(said[0].messages, said[1].messages);
    assert!(
        said[0].messages.contains("line 1203: this user name is taken"),
        "{}",
        said[0].messages
    );
    assert!(said[0].messages.contains("line 1204: the e-mail"), "{}", said[0].messages);
    assert!(said[0].messages.contains("PBKDF2-SHA256 1198."), "{}", said[0].messages);
}

/// A stream that asks the import to end when it has given so much.
struct Interrupting<'t> {
    text: &'t [u8],
    left: usize,
    interruption: Interruption,
}

impl Read for Interrupting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(buffer)?;
        match self.left.checked_sub(read) {
            Some(left) => self.left = left,
            None => self.interruption.come(),
        }
        Ok(read)
    }
}

#[tokio::test]
async fn an_import_that_was_ended_goes_on() {
    let (site, file) = (Site::new(), many(2000));
    let manner = manner(false);
    let interruption = manner.interruption.clone();
    let input = Interrupting { text: file.as_bytes(), left: file.len() / 2, interruption };
    let input = BufReader::new(input);
    let said = site
        .hear(async |context, console| import_from(input, manner, context, console).await)
        .await;
    let made = count_all(&site).await;
    assert!((500..2000).contains(&made) && made % 500 == 0, "{made}");
    let ended = format!("before line {}", made + 2);
    assert!(said.failure().contains(&ended), "{}", said.failure());
    assert!(said.failure().contains("import the file again"), "{}", said.failure());
    assert_eq!(said.results, format!("Created {made} accounts, 0 already existed, 0 refused.\n"));

    let said = import(&site, &file, false).await;
    let going_on = format!("{made} accounts already existed; continuing at line {}.", made + 2);
    assert!(said.messages.starts_with(&going_on), "{}", said.messages);
    let expected =
        format!("Created {} accounts, {made} already existed, 0 refused.\n", 2000 - made);
    assert_eq!(said.success(), expected);
    assert_eq!(count_all(&site).await, 2000);
}

async fn count_all(site: &Site) -> usize {
    let query = vestibule::core::store::UserQuery { limit: 5000, ..Default::default() };
    site.store.users(&query).await.unwrap().len()
}

#[tokio::test]
async fn the_report_tells_of_each_row() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (folder.path().join("users.csv"), folder.path().join("report.csv"));
    std::fs::write(&file, "").unwrap();
    let mut text =
        "username,email,created_at\nada,ada@example.org,\n=cmd(),x@example.org,\n".to_owned();
    text.push_str("ada,ada@example.org,\nbob,bob@example.org,\"ye\"\"s\"\n");
    for number in 0..30 {
        let _ = writeln!(text, "user{number},nowhere,");
    }
    let site = Site::new();
    for dry_run in [true, false] {
        let report = Some(Report::create(&path, &file).unwrap());
        let said = import_so(&site, &text, Manner { report, ..manner(dry_run) }).await;
        assert!(said.failure().contains("in the report"), "{}", said.failure());
        assert_eq!(said.messages.lines().filter(|line| line.starts_with("line ")).count(), 20);
        let report = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = report.lines().collect();
        assert_eq!(lines.len(), 35);
        assert_eq!(lines[..2], ["line,name,outcome,reason", "2,\"ada\",made,\"\""]);
        assert!(lines[2].starts_with("3,\"'=cmd()\","), "no formula: {}", lines[2]);
        assert_eq!(lines[3], "4,\"ada\",there,\"\"");
        assert!(lines[4].starts_with("5,\"bob\",refused,\"created_at"), "{}", lines[4]);
    }
    let link = folder.path().join("link.csv");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for same in [&file, &link] {
        assert!(Report::create(same, &file).is_err(), "the file that is imported stays as it is");
    }
}

#[tokio::test]
async fn a_row_that_does_not_end_fills_no_memory() {
    let long = "x".repeat(100_000);
    let csv = format!("username,email\nada,ada@example.org\n\"bob,{long}\ncleo,cleo@example.org\n");
    let said = import(&Site::new(), &csv, false).await;
    assert!(said.results.contains("1 account, 0 already existed, 1 refused"), "{}", said.results);
    assert!(
        said.messages.contains("line 3: cannot read the rest of the file"),
        "{}",
        said.messages
    );
    assert!(said.messages.contains("quotation mark"), "{}", said.messages);

    let row =
        |name: &str| format!("{{\"username\":\"{name}\",\"email\":\"{name}@example.org\"}}\n");
    let json = row("ada") + &row(&long) + &row("cleo");
    let said = import(&Site::new(), &json, false).await;
    assert!(said.results.contains("2 accounts, 0 already existed, 1 refused"), "{}", said.results);
    assert!(said.messages.contains("line 2: the line is longer"), "{}", said.messages);
}

#[tokio::test]
async fn fields_of_json_are_read_as_databases_write_them_and_refused_by_name() {
    let site = Site::new();
    let file = r#"{"username":"ada","email":"ada@example.org","is_super_user":1,"roles":"editor reader"}
{"username":"bob","email":"bob@example.org","is_super_user":"f","roles":["editor"],"status":null}
{"username":"eve","email":null}
{"username":"eve","email":"eve@example.org","is_super_user":2}
{"username":"eve","email":"eve@example.org","roles":[7]}
{"username":["eve"],"email":"eve@example.org"}
{"username":"eve",}
"#;
    let said = import(&site, file, false).await;
    let expected = [
        "line 3: email: ",
        "line 4: is_super_user must be true or false",
        "line 5: roles must be a string",
        "line 6: username must be a string",
        "line 7: trailing comma",
    ];
    let messages: Vec<_> = said.messages.lines().collect();
    for (message, expected) in messages.iter().zip(expected) {
        assert!(message.starts_with(expected) && !message.contains("column"), "{message}");
    }
    let ada = find(&site.store, "ada").await.unwrap();
    assert!(ada.is_super_user && ada.roles.len() == 2, "{ada:?}");
    let bob = find(&site.store, "bob").await.unwrap();
    assert!(!bob.is_super_user && bob.roles.len() == 1, "{bob:?}");
}

#[tokio::test]
async fn an_account_without_a_password_elsewhere_has_none_here() {
    let site = Site::new();
    let file = "username,email,password_hash\nada,ada@example.org,!J5y7ITuOiAddleTiXNOW7YS81a4OPlialRJOMsKB\n";
    import(&site, file, false).await.success();
    let ada = find(&site.store, "ada").await.unwrap();
    let credentials = site.store.credentials_of(ada.id).await.unwrap().unwrap();
    assert_eq!(credentials.password_hash, None);
}

#[tokio::test]
async fn an_import_is_in_the_audit_trail_with_its_super_users() {
    use vestibule_site::store::{AuditTrail as _, EventQuery};
    let site = Site::new();
    let file = "username,email,is_super_user\nada,ada@example.org,true\nbob,bob@example.org,\n";
    import(&site, file, false).await.success();
    let query = EventQuery { limit: 10, ..EventQuery::default() };
    let events = site.store.events(&query).await.unwrap();
    let ada = find(&site.store, "ada").await.unwrap().id;
    let told: Vec<_> = events.iter().map(|kept| kept.event.subject).collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&Some(ada)) && told.contains(&None), "{told:?}");
}

#[tokio::test]
async fn an_import_that_cannot_go_on_is_in_the_audit_trail_as_far_as_it_came() {
    use vestibule_site::store::{AuditTrail as _, EventQuery};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.csv");
    std::fs::write(&file, "").unwrap();
    // A disk without room.
    let report = Some(Report::create(std::path::Path::new("/dev/full"), &file).unwrap());
    let site = Site::new();
    let text = "username,email\nada,ada@example.org\n";
    let said = import_so(&site, text, Manner { report, ..manner(false) }).await;
    assert!(!said.failure().is_empty());
    assert_eq!(count(&site).await, 1);
    let query = EventQuery { limit: 10, ..EventQuery::default() };
    let events = site.store.events(&query).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event.details["imported"], 1);
}

#[tokio::test]
async fn on_a_terminal_a_bar_gives_way_to_lines() {
    let site = Site::new();
    let (mut results, mut messages) = (Vec::new(), Vec::new());
    let mut console = crate::cli::output::Console::new(&mut results, &mut messages).live(true);
    let file = many(600);
    let size = u64::try_from(file.len()).ok();
    let manner = Manner { size, ..manner(false) };
    import_from(file.as_bytes(), manner, &site.context(), &mut console).await.unwrap();
    let messages = String::from_utf8(messages).unwrap();
    assert!(messages.starts_with("[###################-----]  83 %  500 rows"), "{messages}");
    assert!(messages.contains("left\r\u{1b}[KPassword hashes to be replaced"), "{messages}");
}
