//! Where it happens: the library on a store in memory, with a clock that is moved.

use std::{sync::Arc, time::Duration};

use axum::Router;
use vestibule::{
    Config, Registrant, SiteSecret, Vestibule,
    core::{
        id::SessionId,
        memory::MemoryStore,
        session::{EndReason, Session},
        time::{Clock, Timestamp},
    },
};
use vestibule_testkit::{
    FakeClock, SeededEntropy,
    visitors::{App, Browser, Carrier, CookieNames, InProcess, Visitor},
};

use crate::{Outcome, target::PASSWORD};

const ORIGIN: &str = "https://app.test";
const HOST: &str = "app.test";
const USER: &str = "anna";

/// A site with one account.
pub(super) struct Stage {
    auth: Vestibule,
    router: Router,
    clock: Arc<FakeClock>,
}

impl Stage {
    pub(super) async fn new() -> Outcome<Self> {
        let secret = SiteSecret::new(b"a secret of thirty-two bytes or more")?;
        let mut config = Config::new("Stage", ORIGIN, secret)?;
        config.password_parameters = "m=8,t=1,p=1".parse()?;
        let clock = Arc::new(FakeClock::default());
        let auth = Vestibule::builder(MemoryStore::default())
            .config(config)
            .clock(Moved(Arc::clone(&clock)))
            .entropy(SeededEntropy::default())
            .build()
            .await?;
        let registrant = Registrant {
            username: USER.to_owned(),
            email: "anna@people.test".to_owned(),
            password: PASSWORD.into(),
        };
        let new = auth.prepare_user(registrant).await.map_err(|problem| format!("{problem:?}"))?;
        auth.users().create_user(&new, clock.now()).await?.map_err(|taken| format!("{taken:?}"))?;
        let router = auth.routes().layer(auth.layer());
        Ok(Self { auth, router, clock })
    }

    /// Somebody who has not signed in.
    pub(super) fn visitor(&self, carrier: Carrier) -> Arc<dyn Visitor> {
        let way = InProcess::new(self.router.clone());
        match carrier {
            Carrier::Cookie => Arc::new(Browser::new(
                way,
                ORIGIN,
                CookieNames::default(),
                Arc::new(Moved(Arc::clone(&self.clock))),
            )),
            Carrier::Header => Arc::new(App::new(way, HOST)),
        }
    }

    /// Somebody who has.
    pub(super) async fn signed_in(&self, carrier: Carrier) -> Outcome<Arc<dyn Visitor>> {
        let visitor = self.visitor(carrier);
        let answer = visitor.sign_in(USER, PASSWORD).await;
        if answer.status != 200 {
            return Err(format!("the sign-in was answered {}", answer.text()).into());
        }
        Ok(visitor)
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Why the session of this visitor has ended, if it has.
    pub(super) async fn end(&self, session: SessionId) -> Outcome<Option<EndReason>> {
        let row: Option<Session> = self.auth.store().session(session).await?;
        Ok(row.ok_or("the session is not there")?.end.map(|end| end.reason))
    }
}

struct Moved(Arc<FakeClock>);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}
