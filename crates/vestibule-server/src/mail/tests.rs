use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::{command::ConfigFlags, config};
use vestibule::{
    SystemEntropy,
    core::{time::Timestamp, user::UserStatus},
};

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_795_356_239)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(1000)
    }
}

struct Post {
    mailer: FileMailer,
    folder: tempfile::TempDir,
}

impl Post {
    fn open(given: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let variables = given.iter().copied().chain([("VESTIBULE_DATA_DIR", data.as_str())]);
        let variables = variables.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let settings =
            config::load(&ConfigFlags::default(), variables, folder.path()).unwrap().settings;
        let mailer = FileMailer::start(
            &settings,
            &SiteSecret::new([7; 32]).unwrap(),
            Arc::new(Templates::load().unwrap()),
            Arc::new(Stopped),
            Arc::new(SystemEntropy),
        );
        Self { mailer, folder }
    }

    async fn mails(&self) -> Vec<String> {
        self.mailer.flush().await;
        let files = std::fs::read_dir(self.folder.path().join("mail"));
        let files = files.into_iter().flatten();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

fn user(number: i64, is_verified: bool) -> User {
    User {
        id: UserId(number),
        username: "TYPED".to_owned(),
        email: "anna@example.org".to_owned(),
        email_verified_at: is_verified.then_some(Timestamp::default()),
        status: UserStatus::Active,
        is_super_user: false,
        roles: BTreeSet::new(),
        version: 1,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    }
}

#[tokio::test]
async fn every_notice_has_its_words() {
    let notices: [fn(User) -> Notice; 6] = [
        Notice::Registered,
        Notice::VerifyAddress,
        Notice::RegisteredAgain,
        Notice::PasswordChanged,
        Notice::TheftNoticed,
        Notice::Deleted,
    ];
    let site = "Škoda & Maps";
    for notice in notices {
        let post = Post::open(&[("VESTIBULE_SITE_NAME", site)]);
        let notice = notice(user(1, false));
        let words = format!("{notice:?}");
        post.mailer.tell(notice).await;
        let mails = post.mails().await;
        assert_eq!(mails.len(), 1, "{words}");
        let (head, body) = mails[0].split_once("\r\n\r\n").unwrap();
        assert!(head.contains("From: no-reply@localhost\r\nTo: anna@example.org\r\n"), "{head}");
        assert!(head.contains("Content-Transfer-Encoding: 8bit"), "{head}");
        assert!(!body.contains("Subject") && !body.contains("TYPED"), "{body}");
        assert!(!body.contains('{') && !body.contains("&amp;") && !body.contains("\r\n\r\n\r\n"));
        assert!(body.starts_with("Hello,\r\n") && body.ends_with(&format!("\r\n{site}\r\n")));
        assert!(body.lines().all(|line| line.chars().count() < 78 || line.contains("://")));
        assert_eq!(body.contains("?token="), words.contains("Verify") || words.contains("ered("));
    }
}

#[tokio::test]
async fn what_an_owner_must_learn_is_never_held_back() {
    let post = Post::open(&[("VESTIBULE_LIMITS__MAIL", "2/1h")]);
    for _ in 0..5 {
        post.mailer.tell(Notice::RegisteredAgain(user(1, true))).await;
    }
    assert_eq!(post.mails().await.len(), 2);
    post.mailer.tell(Notice::TheftNoticed(user(1, true))).await;
    assert_eq!(post.mails().await.len(), 3);
    post.mailer.tell(Notice::VerifyAddress(user(2, false))).await;
    assert_eq!(post.mails().await.len(), 4, "each account has a limit of its own");
    // An address that may be a stranger's: whoever typed it does not fill their mailbox.
    for _ in 0..5 {
        post.mailer.tell(Notice::PasswordChanged(user(2, false))).await;
    }
    assert_eq!(post.mails().await.len(), 5);
    post.mailer.tell(Notice::VerifyAddress(user(3, true))).await;
    assert_eq!(post.mails().await.len(), 5, "there is nothing to verify");
}

#[tokio::test]
async fn limits_can_be_off() {
    let post = Post::open(&[("VESTIBULE_LIMITS__MAIL", "off")]);
    for _ in 0..20 {
        post.mailer.tell(Notice::VerifyAddress(user(1, false))).await;
    }
    assert_eq!(post.mails().await.len(), 20);
}

#[tokio::test]
async fn an_address_that_is_none_gets_no_mail_and_stops_nothing() {
    let post = Post::open(&[]);
    for bad in ["", "nowhere", "a@b.example\r\nBcc: c@d.example"] {
        let user = User { email: bad.to_owned(), ..user(1, true) };
        post.mailer.tell(Notice::PasswordChanged(user)).await;
    }
    post.mailer.tell(Notice::PasswordChanged(user(1, true))).await;
    assert_eq!(post.mails().await.len(), 1);
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_to_holds_nobody_up() {
    let post = Post::open(&[("VESTIBULE_LIMITS__MAIL", "off")]);
    std::fs::write(post.folder.path().join("mail"), "in the way").unwrap();
    for _ in 0..2 * QUEUE {
        post.mailer.tell(Notice::VerifyAddress(user(1, false))).await;
    }
    post.mailer.flush().await;
    std::fs::remove_file(post.folder.path().join("mail")).unwrap();
    post.mailer.tell(Notice::VerifyAddress(user(1, false))).await;
    assert_eq!(post.mails().await.len(), 1);
}
