//! One theft, from the copy to the end.

use std::{sync::Arc, time::Duration};

use vestibule::core::{id::SessionId, session::EndReason};
use vestibule_testkit::visitors::{Answer, Carrier, Visitor};

use super::{HOUR, MINUTE, stage::Stage};
use crate::Outcome;

/// How often the victim does something.
const EVERY: Duration = MINUTE.saturating_mul(5);
/// How long a thief is watched who is not caught.
const WATCHED: Duration = HOUR.saturating_mul(30);

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drill {
    pub(super) carrier: Carrier,
    pub(super) thief: Thief,
    pub(super) victim: Victim,
}

/// What the victim does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Victim {
    /// Opens a page that asks for more, or does the same in an app: new tokens are used as soon as they are
    /// there.
    Busy,
    /// The same, but nothing for so long after the copy was made.
    Away(Duration),
    /// Each visit is one single request: the tokens that it brings are used by the next one.
    Terse,
}

/// What a thief does with the copy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Thief {
    /// Renews one time, so long after the copy.
    Once {
        after: Duration,
        /// Whether the new access token is used.
        uses: bool,
    },
    /// Renews so long after each of the victim's renewals, with the latest token of theirs.
    Following { later: Duration },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Victim,
    Thief,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Whose request ended the session for theft.
    pub(super) caught_by: Option<Who>,
    /// How often the victim renewed from the thief's first use on, the one that ended it included.
    pub(super) victims: u32,
    /// How often the thief did, the first use included.
    pub(super) thiefs: u32,
    /// How long after the copy it ended, or was no longer watched.
    pub(super) after_copy: Duration,
    /// The same after the thief's first use.
    pub(super) after_first_use: Duration,
}

impl Drill {
    pub(super) async fn run(&self) -> Outcome<Found> {
        let stage = Stage::new().await?;
        let is_terse = matches!(self.victim, Victim::Terse);
        let victim = Person { visitor: stage.signed_in(self.carrier).await?, is_terse };
        // Not the tokens of the sign-in: those of a session that has been renewed.
        stage.pass(HOUR);
        victim.goes_on().await?;
        let session = victim.session().await?;
        let thief = Person { visitor: stage.visitor(self.carrier), is_terse: false };
        thief.visitor.hold(None, victim.visitor.refresh_token().as_deref());

        let mut now = Duration::ZERO;
        let mut next_victim = match self.victim {
            Victim::Away(time) => time,
            Victim::Busy | Victim::Terse => EVERY,
        };
        let mut next_thief = match self.thief {
            Thief::Once { after, .. } => Some(after),
            Thief::Following { .. } => None,
        };
        let (mut first_use, mut victims, mut thiefs) = (None, 0, 0);
        loop {
            let (at, who) = match next_thief {
                Some(at) if at <= next_victim => (at, Who::Thief),
                _ => (next_victim, Who::Victim),
            };
            let is_watched = at <= WATCHED;
            stage.pass(at.min(WATCHED).saturating_sub(now));
            now = at.min(WATCHED);
            if is_watched && who == Who::Victim {
                next_victim += EVERY;
                if victim.goes_on().await? {
                    victims += u32::from(first_use.is_some());
                    if let Thief::Following { later } = self.thief {
                        next_thief = Some(now + later);
                    }
                }
            } else if is_watched {
                next_thief = None;
                first_use.get_or_insert(now);
                thiefs += 1;
                thief.steals_on(self.thief).await?;
            }
            let end = stage.end(session).await?;
            if end.is_some_and(|reason| reason != EndReason::Theft) {
                return Err(format!("the session has ended: {end:?}").into());
            }
            if end.is_some() || !is_watched {
                return Ok(Found {
                    caught_by: end.map(|_| who),
                    victims,
                    thiefs,
                    after_copy: now,
                    after_first_use: now.saturating_sub(first_use.unwrap_or(now)),
                });
            }
        }
    }
}

/// Somebody with tokens.
struct Person {
    visitor: Arc<dyn Visitor>,
    /// Whether they leave it at the request that renews.
    is_terse: bool,
}

impl Person {
    /// Does something, and renews for it where that is needed. Says whether it was.
    async fn goes_on(&self) -> Outcome<bool> {
        let before = self.visitor.refresh_token();
        let answer = self.visitor.get("/api/auth/me").await;
        let has_expired = answer.code() == "token_expired";
        let answer = if has_expired { self.visitor.refresh().await } else { answer };
        expected(&answer)?;
        if answer.status == 200 && !self.is_terse {
            expected(&self.visitor.get("/api/auth/me").await)?;
        }
        // A browser renews by itself, and forgets its cookies where the session has ended.
        Ok(has_expired || self.visitor.refresh_token() != before)
    }

    async fn steals_on(&self, how: Thief) -> Outcome<()> {
        let answer = match self.visitor.carrier() {
            // A page renews by itself; there is no access cookie among what was copied.
            Carrier::Cookie => {
                let refresh = self.visitor.refresh_token();
                self.visitor.hold(None, refresh.as_deref());
                self.visitor.get("/api/auth/me").await
            }
            Carrier::Header => self.visitor.refresh().await,
        };
        expected(&answer)?;
        let uses = !matches!(how, Thief::Once { uses: false, .. });
        if uses && answer.status == 200 {
            expected(&self.visitor.get("/api/auth/me").await)?;
        }
        Ok(())
    }

    async fn session(&self) -> Outcome<SessionId> {
        let me = self.visitor.get("/api/auth/me").await.json();
        let id = me.pointer("/session/id").and_then(serde_json::Value::as_str);
        Ok(id.ok_or("an answer without a session")?.parse()?)
    }
}

/// Served, or told that the session has ended.
fn expected(answer: &Answer) -> Outcome<()> {
    match (answer.status.as_u16(), &*answer.code()) {
        (200, _) | (401, "session_ended" | "token_revoked") => Ok(()),
        _ => Err(format!("an unexpected answer: {}", answer.text()).into()),
    }
}
