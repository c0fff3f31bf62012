use std::{collections::BTreeSet, time::Duration};

use super::texts::Letter;
use super::*;
use crate::{config, config::ConfigFlags, i18n::Texts, templates::Templates};
use vestibule::{
    Carrier, Lifetimes, SystemEntropy,
    core::{
        id::{SessionId, UserId},
        locale::Locale,
        name::EmailAddress,
        one_time::Purpose,
        session::{Session, SignIn},
        store::{OneTimeTokens as _, SessionStore as _},
        time::Timestamp,
        user::UserStatus,
    },
};
use vestibule_site::{
    memory::MemoryStore,
    outbox::MailState,
    store::{Outbox as _, OutboxQuery},
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

struct DeliveryWorker {
    mailer: Mailer,
    store: MemoryStore,
    folder: tempfile::TempDir,
}

impl DeliveryWorker {
    fn open(given: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let variables = given.iter().copied().chain([("VESTIBULE_DATA_DIR", data.as_str())]);
        let variables = variables.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let settings =
            config::load(&ConfigFlags::default(), variables, folder.path()).unwrap().settings;
        let store = MemoryStore::new();
        let mailer = Mailer::start(Parts {
            settings: &settings,
            secret: &SiteSecret::new([7; 32]).unwrap(),
            templates: CurrentTemplates::ours(),
            store: Arc::new(store.clone()),
            clock: Arc::new(Stopped),
            entropy: Arc::new(SystemEntropy),
            limits: None,
        })
        .unwrap();
        Self { mailer, store, folder }
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
        locale: None,
        version: 1,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        deletion: None,
    }
}

/// Headers of the whole mail, and the bodies of its parts, decoded.
fn read(mail: &str) -> (String, String, String) {
    let (head, rest) = mail.split_once("\r\n\r\n").unwrap();
    let boundary = head.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let parts: Vec<_> = rest.split(&format!("--{boundary}")).collect();
    let body = |part: &str| {
        let (head, body) = part.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("charset=utf-8"), "{head}");
        match head.contains("quoted-printable") {
            true => unquoted(body),
            false => body.to_owned(),
        }
    };
    (head.to_owned(), body(parts[1]), body(parts[2]))
}

fn unquoted(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((byte, more)) = rest.split_first() {
        if *byte == b'=' {
            let hex = std::str::from_utf8(&more[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &more[2..];
        } else {
            bytes.push(*byte);
            rest = more;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn every_mail_has_its_words() {
    let site = "Škoda & Maps";
    let german = Locale::parse("de").ok();
    for (kind, locale) in
        Kind::ALL.into_iter().flat_map(|kind| [(kind, None), (kind, german.clone())])
    {
        let post = DeliveryWorker::open(&[("VESTIBULE_SITE_NAME", site)]);
        let (hello, device) = match locale {
            None => ("Hello,\r\n", "Firefox on Linux"),
            Some(_) => ("Guten Tag,\r\n", "Firefox unter Linux"),
        };
        let session = Some(*session("(Linux) Firefox/145", 1));
        let letter = Letter { session, ..kind.to(User { locale, ..user(1, false) }) };
        post.mailer.composer.write(letter).await.unwrap();
        let mails = post.mails().await;
        assert_eq!(mails.len(), 1, "{kind:?}");
        assert!(mails[0].is_ascii() && mails[0].lines().all(|line| line.len() < 998));
        let (head, text, html) = read(&mails[0]);
        assert!(head.contains("From: no-reply@localhost\r\nTo: anna@example.org\r\n"), "{head}");
        assert!(head.contains("\r\nMessage-ID: <") && head.contains("\r\nSubject: "), "{head}");
        for body in [&text, &html] {
            assert!(!body.contains("Subject:") && !body.contains("TYPED"), "{body}");
            assert!(!body.contains("{{") && !body.contains("{%"), "{body}");
            assert_eq!(body.contains("?token="), kind.purpose().is_some(), "{kind:?} {body}");
            assert_eq!(body.contains(device), kind == Kind::NewDevice);
        }
        assert!(!text.contains("&amp;") && !text.contains("\r\n\r\n\r\n\r\n"), "{text}");
        assert!(text.starts_with(hello), "{text}");
        assert!(text.trim_end().ends_with(&format!("\r\n{site}")), "{text}");
        let is_short = |line: &str| line.chars().count() < 80 || line.contains("://");
        assert!(text.lines().all(is_short), "{text}");
        assert!(html.starts_with("<!doctype html>") && html.contains("&amp; Maps"), "{html}");
        assert_eq!(html.matches("<h1").count(), 1);
        assert!(!html.contains("&#x2f;") && !html.contains("None"), "{html}");
    }
}

fn session(agent: &str, number: u8) -> Box<Session> {
    let sign_in = SignIn {
        user_id: UserId(1),
        carrier: Carrier::Cookie,
        remembered: false,
        methods: Vec::new(),
        address: "192.0.2.1".to_owned(),
        agent: agent.to_owned(),
        device: Some("TYPED".to_owned()),
    };
    let id = SessionId::from_bytes([number; 16]);
    Box::new(sign_in.begin(id, &Lifetimes::default(), Stopped.now()))
}

#[tokio::test]
async fn every_notice_has_a_mail() {
    let anna = user(1, false);
    let post = DeliveryWorker::open(&[("VESTIBULE_LIMITS__MAIL", "off")]);
    let email = EmailAddress::parse("new@example.org").unwrap();
    post.store.create_session(&session("Firefox/1", 1), None).await.unwrap();
    let asking = SessionId::from_bytes([1; 16]);
    let signed_in = |session| Notice::SignedIn { user: user(1, false), session };
    for (count, notice) in [
        (1, Notice::Registered(anna.clone())),
        (2, Notice::VerifyAddress(anna.clone())),
        (2, Notice::VerifyAddress(user(2, true))),
        (3, Notice::RegisteredAgain(anna.clone())),
        // To the new one, and to the one that the account has.
        (5, Notice::ChangeAddress { user: anna.clone(), email, session: asking }),
        (5, Notice::KeepAddress(anna.clone())),
        (6, Notice::AddressChanged { user: anna.clone(), before: "old@example.org".to_owned() }),
        (7, Notice::PasswordForgotten(anna.clone())),
        (8, Notice::PasswordChanged(anna.clone())),
        (8, signed_in(session("Firefox/2", 1))),
        (8, signed_in(session("Firefox/2", 2))),
        (9, signed_in(session("Edg/2", 3))),
        (10, Notice::TheftNoticed(anna.clone())),
        (11, Notice::Deleted(anna.clone())),
    ] {
        let words = format!("{notice:?}");
        post.mailer.notify(notice).await;
        assert_eq!(post.mails().await.len(), count, "{words}");
    }
    let mails = post.mails().await.concat();
    for to in ["anna@example.org", "new@example.org", "old@example.org"] {
        assert!(mails.contains(&format!("\r\nTo: {to}\r\n")), "{to}");
    }
    let first = DeliveryWorker::open(&[]);
    first.mailer.notify(signed_in(session("Firefox/1", 1))).await;
    assert!(first.mails().await.is_empty(), "the first device is no news");
}

#[tokio::test]
async fn a_site_has_its_own_words() {
    let own = tempfile::tempdir().unwrap();
    let words = "Subject: Hoi\n\nHoi, {{ link }}\n";
    std::fs::write(own.path().join("verify.txt"), words).unwrap();
    let templates = Templates::load_with(None, Some(own.path()), Texts::ours()).unwrap();
    let letter = Kind::VerifyAddress.to(user(1, false));
    let facts = texts::Params {
        site_name: "S",
        public_url: "http://s",
        letter: &letter,
        now: Stopped.now(),
        link: Some("http://s/x"),
    };
    let written = texts::write(&templates, &facts).unwrap();
    assert_eq!((&*written.subject, &*written.text), ("Hoi", "Hoi, http://s/x"));
    assert!(written.html.contains("Is this your address?"), "what is not replaced stays ours");
    std::fs::write(own.path().join("verify.txt"), "{% if %}").unwrap();
    assert!(Templates::load_with(None, Some(own.path()), Texts::ours()).is_err());
}

#[tokio::test]
async fn what_an_owner_must_learn_is_never_held_back() {
    let post = DeliveryWorker::open(&[("VESTIBULE_LIMITS__MAIL", "2/1h")]);
    let user = |number: i64, is_verified| User {
        email: format!("user{number}@example.org"),
        ..user(number, is_verified)
    };
    for _ in 0..5 {
        post.mailer.notify(Notice::RegisteredAgain(user(1, true))).await;
    }
    assert_eq!(post.mails().await.len(), 2);
    post.mailer.notify(Notice::TheftNoticed(user(1, true))).await;
    assert_eq!(post.mails().await.len(), 3);
    post.mailer.notify(Notice::VerifyAddress(user(2, false))).await;
    assert_eq!(post.mails().await.len(), 4, "each account has a limit of its own");
    // An address that may be a stranger's: whoever typed it does not fill their mailbox.
    for _ in 0..5 {
        post.mailer.notify(Notice::PasswordChanged(user(2, false))).await;
    }
    assert_eq!(post.mails().await.len(), 5);
    post.mailer.notify(Notice::VerifyAddress(user(3, true))).await;
    assert_eq!(post.mails().await.len(), 5, "there is nothing to verify");
}

#[tokio::test]
async fn limits_can_be_off() {
    let post = DeliveryWorker::open(&[("VESTIBULE_LIMITS__MAIL", "off")]);
    for _ in 0..20 {
        post.mailer.notify(Notice::VerifyAddress(user(1, false))).await;
    }
    assert_eq!(post.mails().await.len(), 20);
}

#[tokio::test]
async fn an_address_that_is_none_gets_no_mail_and_stops_nothing() {
    let post = DeliveryWorker::open(&[]);
    for bad in ["", "nowhere", "a@b.example\r\nBcc: c@d.example"] {
        let user = User { email: bad.to_owned(), ..user(1, true) };
        post.mailer.notify(Notice::PasswordChanged(user)).await;
    }
    post.mailer.notify(Notice::PasswordChanged(user(1, true))).await;
    assert_eq!(post.mails().await.len(), 1);
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_to_holds_nobody_up_and_loses_nothing() {
    let post = DeliveryWorker::open(&[("VESTIBULE_LIMITS__MAIL", "off")]);
    std::fs::write(post.folder.path().join("mail"), "in the way").unwrap();
    post.mailer.notify(Notice::PasswordChanged(user(1, true))).await;
    post.mailer.flush().await;
    let query = OutboxQuery { limit: 10, ..OutboxQuery::default() };
    let entries = post.store.outbox(&query).await.unwrap();
    assert_eq!((entries.len(), entries[0].state), (1, MailState::Waiting));
    assert!(entries[0].last_error.as_ref().unwrap().contains("make the directory writable"));
    std::fs::remove_file(post.folder.path().join("mail")).unwrap();
    let now = Stopped.now();
    assert!(post.store.retry_mail(entries[0].id, now, now + Duration::from_secs(9)).await.unwrap());
    assert_eq!(post.mails().await.len(), 1);
    let entries = post.store.outbox(&query).await.unwrap();
    assert_eq!(entries[0].state, MailState::Sent);
}

/// A mail holds links that let in whoever reads them.
#[tokio::test]
async fn what_waits_in_the_store_is_sealed() {
    let post = DeliveryWorker::open(&[]);
    let composer = &post.mailer.composer;
    // Nobody sends it meanwhile.
    let _round = post.mailer.post.hold().await;
    composer.write(Kind::PasswordForgotten.to(user(1, true))).await.unwrap();
    let now = Stopped.now();
    let claimed = post.store.claim_mail("reader", now, now + Duration::from_secs(9)).await.unwrap();
    let mail = claimed.unwrap().mail;
    let text = String::from_utf8_lossy(&mail.sealed).into_owned();
    assert!(mail.sealed.len() > 1000 && !text.contains("reset") && !text.contains("Hello"));
    let token = post.store.one_time_of(UserId(1), Purpose::ResetPassword).await.unwrap().unwrap();
    assert_eq!(token.expires_at.since(now), Duration::from_secs(30 * 60));
    assert!(mail.gives_up_at < token.expires_at);
}

/// Of all mails in one store each is sent by one of two nodes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_send_each_mail_once() {
    const MAILS: usize = 60;
    let first = DeliveryWorker::open(&[("VESTIBULE_LIMITS__MAIL", "off")]);
    let data = first.folder.path().display().to_string();
    let variables = [("VESTIBULE_DATA_DIR".to_owned(), data)];
    let settings =
        config::load(&ConfigFlags::default(), variables, first.folder.path()).unwrap().settings;
    let second = Mailer::start(Parts {
        settings: &settings,
        secret: &SiteSecret::new([7; 32]).unwrap(),
        templates: CurrentTemplates::ours(),
        store: Arc::new(first.store.clone()),
        clock: Arc::new(Stopped),
        entropy: Arc::new(SystemEntropy),
        limits: None,
    })
    .unwrap();
    let (held, held_too) = (first.mailer.post.hold().await, second.post.hold().await);
    for _ in 0..MAILS {
        first.mailer.composer.write(Kind::PasswordChanged.to(user(1, true))).await.unwrap();
    }
    drop((held, held_too));
    tokio::join!(first.mailer.flush(), second.flush());
    let mails = first.mails().await;
    assert_eq!(mails.len(), MAILS);
    let ids = mails.iter().map(|mail| {
        let mut lines = mail.lines();
        lines.find(|line| line.starts_with("Message-ID: ")).unwrap()
    });
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), MAILS);
    let query = OutboxQuery { limit: u32::MAX, ..OutboxQuery::default() };
    let entries = first.store.outbox(&query).await.unwrap();
    assert!(entries.iter().all(|entry| (entry.state, entry.tries) == (MailState::Sent, 1)));
}
