//! A site in memory for the tests of the commands.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use clap::Parser as _;
use vestibule::{
    Config, SiteSecret, SystemEntropy,
    core::{
        id::SessionId,
        name::{EmailAddress, UserName},
        random::draw,
        session::{Carrier, Lifetimes, Session, SignIn},
        store::{SessionStore as _, UserStore as _},
        time::{Clock, Timestamp},
        user::{NewUser, User, UserStatus},
    },
};
use vestibule_site::memory::MemoryStore;

use super::CommandContext;
use crate::{
    cli::{
        arguments::{Command, CommandLine},
        output::Console,
    },
    error::CommandError,
};

/// 15 June 2025, 15:06:40 UTC.
pub(in crate::cli) const START: i64 = 1_750_000_000;

/// A store, rules with a cheap hash, and a clock that stands still.
pub(in crate::cli) struct Site {
    pub(in crate::cli) store: MemoryStore,
    pub(in crate::cli) config: Config,
    pub(in crate::cli) clock: FixedClock,
}

/// What a command said, and how it ended.
pub(in crate::cli) struct Detail {
    pub(in crate::cli) results: String,
    pub(in crate::cli) messages: String,
    pub(in crate::cli) ended: Result<(), CommandError>,
}

impl Site {
    pub(in crate::cli) fn new() -> Self {
        let secret = SiteSecret::new([7; 32]).unwrap();
        let mut config = Config::development("Star Maps", "127.0.0.1:5000", secret).unwrap();
        config.password_parameters = "m=64,t=1,p=1".parse().unwrap();
        Self { store: MemoryStore::new(), config, clock: FixedClock(AtomicI64::new(START)) }
    }

    pub(in crate::cli) fn context(&self) -> CommandContext<'_> {
        CommandContext {
            store: &self.store,
            config: &self.config,
            clock: &self.clock,
            entropy: &SystemEntropy,
        }
    }

    /// Runs `work` with streams that are kept.
    pub(in crate::cli) async fn hear(
        &self,
        work: impl AsyncFnOnce(&CommandContext<'_>, &mut Console<'_>) -> Result<(), CommandError>,
    ) -> Detail {
        let (mut results, mut messages) = (Vec::new(), Vec::new());
        let ended = work(&self.context(), &mut Console::new(&mut results, &mut messages)).await;
        Detail {
            results: String::from_utf8(results).unwrap(),
            messages: String::from_utf8(messages).unwrap(),
            ended,
        }
    }

    pub(in crate::cli) async fn user(&self, name: &str, is_super_user: bool) -> User {
        let new = NewUser {
            username: UserName::parse(name).unwrap(),
            email: EmailAddress::parse(&format!("{name}@example.org")).unwrap(),
            email_verified_at: None,
            password_hash: None,
            is_super_user,
            roles: std::collections::BTreeSet::new(),
            status: UserStatus::Active,
            created_at: None,
            locale: None,
        };
        let now = self.clock.now();
        self.store.create_user(&new, now).await.unwrap().unwrap()
    }

    /// A session of an app that calls its device `device`.
    pub(in crate::cli) async fn session(&self, user: &User, device: &str) -> Session {
        let session = SignIn {
            user_id: user.id,
            carrier: Carrier::Header,
            remembered: true,
            methods: vec!["pwd".to_owned()],
            address: "192.0.2.1".to_owned(),
            agent: "App/1.0".to_owned(),
            device: Some(device.to_owned()),
        }
        .begin(
            SessionId::from_bytes(draw(&SystemEntropy)),
            &Lifetimes::default(),
            self.clock.now(),
        );
        assert!(self.store.create_session(&session, None).await.unwrap());
        session
    }

    /// Why a session ended, by the reason's name.
    pub(in crate::cli) async fn end_of(&self, session: &Session) -> Option<&'static str> {
        let session = self.store.session(session.id).await.unwrap().unwrap();
        session.end.map(|end| end.reason.name())
    }
}

impl Detail {
    /// The message of a command that failed with status 1.
    pub(in crate::cli) fn failure(&self) -> &str {
        match &self.ended {
            Err(CommandError::Failed(message)) => message,
            other => panic!("not a failure: {other:?}"),
        }
    }

    /// The results of a command that did its work.
    pub(in crate::cli) fn success(&self) -> &str {
        assert_eq!(self.ended, Ok(()));
        &self.results
    }

    pub(in crate::cli) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.success()).unwrap()
    }
}

/// What stands behind `vestibule` on a command line.
pub(in crate::cli) fn parse(line: &str) -> Command {
    let words = std::iter::once("vestibule").chain(line.split_whitespace());
    CommandLine::try_parse_from(words).unwrap().into_parts().1
}

/// A clock that moves only when it is told to.
pub(in crate::cli) struct FixedClock(AtomicI64);

impl FixedClock {
    pub(in crate::cli) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}
