//! Changes as a whole: what is changed, the events and the notices of it are one transaction of the store, and
//! a flow runs to its end whether or not its client still waits.

use std::{
    borrow::Cow,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::Instrument as _;
use vestibule_core::{
    error::ErrorCode,
    event::{Event, EventName},
    id::{SessionId, UserId},
    one_time::TokenKey,
    renewal::Replacement,
    store::{AccountChange, Changed, Commit, Committed, EndedSession, Ending, Obstacle},
    time::Timestamp,
    user::{User, UserChange},
};

use crate::{
    audit::log_event,
    auth::{Inner, Vestibule},
    metrics,
    notice::{Composed, Notice, Notifier},
    problem::Problem,
};

/// An event, and what the log says of it.
pub(crate) type Told = (Event, Cow<'static, str>);

/// What an application wants carried out together with a change of an account or of sessions: in the same
/// transaction of the store, all of it or nothing.
///
/// Where the users are in a table of the application's own, a transaction cannot hold both: see
/// [`Builder::users`](crate::Builder::users).
#[derive(Clone, Default)]
pub struct Together {
    /// The one-time token that the change uses up. Where it does not work any more, nothing is changed.
    pub token: Option<TokenKey>,
    events: Option<EventsOf>,
}

type EventsOf = Arc<dyn Fn(&Committed) -> Vec<Told> + Send + Sync>;

impl Together {
    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// A one-time token is used up by it.
    #[must_use]
    pub fn using(token: TokenKey) -> Self {
        Self { token: Some(token), ..Self::default() }
    }

    /// The same, with an event that is written with it, worked out from what was done.
    #[must_use]
    pub fn with_event(
        self,
        event: impl Fn(&Committed) -> Event + Send + Sync + 'static,
        in_words: &'static str,
    ) -> Self {
        let before = self.events;
        let events = move |done: &Committed| {
            let mut events = before.as_ref().map(|events| events(done)).unwrap_or_default();
            events.push((event(done), Cow::Borrowed(in_words)));
            events
        };
        Self { token: self.token, events: Some(Arc::new(events)) }
    }

    pub(crate) fn events(&self, done: &Committed) -> Vec<Told> {
        self.events.as_ref().map(|events| events(done)).unwrap_or_default()
    }
}

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

/// What is said of a change once it is made.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) events: Vec<Told>,
    pub(crate) notices: Vec<Notice>,
}

impl Report {
    /// With an event.
    pub(crate) fn event(mut self, event: Event, in_words: &'static str) -> Self {
        self.events.push((event, Cow::Borrowed(in_words)));
        self
    }

    /// With a notice, if there is one.
    pub(crate) fn notice(mut self, notice: Option<Notice>) -> Self {
        self.notices.extend(notice);
        self
    }

    /// With an event for each session that was ended.
    pub(crate) fn ended(
        mut self,
        done: &Committed,
        event: impl Fn(&EndedSession) -> Event,
    ) -> Self {
        for session in &done.ended {
            self.events.push((event(session), Cow::Borrowed("a session was ended")));
        }
        self
    }

    /// With what an application wants said.
    pub(crate) fn together(mut self, with: &Together, done: &Committed) -> Self {
        self.events.extend(with.events(done));
        self
    }
}

/// That a session was ended, as it is said of all that end without a request of their own user.
pub(crate) fn ended_event(ended: &EndedSession, at: Timestamp) -> Event {
    let event = Event::new(EventName::SessionLogout, at).in_session(ended.id).about(ended.user);
    event.with("reason", ended.reason.name())
}

impl Vestibule {
    /// Carries out `work` to its end, whether or not the caller goes on waiting for it: a handler is dropped
    /// wherever it waits when its client hangs up. [`Vestibule::settled`] waits for what still runs.
    ///
    /// Every flow of the library that changes something is carried out like this by itself.
    ///
    /// # Errors
    /// Those of `work`; `internal` where it panics.
    pub async fn uncancelled<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let running = self.0.running.spawn(work.in_current_span());
        running.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a change was interrupted");
            Err(Problem::new(ErrorCode::Internal))
        })
    }

    /// Carries out a commit of the application's own, together with something else. Notices are the library's
    /// business; whatever mails and tokens follow from it, the commit says itself.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn commit(
        &self,
        commit: Commit,
        with: Together,
    ) -> Result<Result<Committed, Obstacle>, Problem> {
        let auth = self.clone();
        let work = async move {
            let commit = Commit { token: with.token.or(commit.token), ..commit };
            auth.0.commit(commit, move |done| Report::default().together(&with, done)).await
        };
        self.uncancelled(work).await
    }

    /// Carries out what nobody waits for, likewise.
    pub(crate) fn spawn_tracked(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.running.spawn(work.in_current_span());
    }
}

/// The session that goes on when a change of the account ends the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) id: SessionId,
    /// What its tokens give way to, if they do.
    pub(crate) replacement: Option<Replacement>,
}

impl Vestibule {
    /// Changes an account, and ends its sessions but for the one that is `kept` where nobody may go on with it as
    /// before, with what is said of every such change and what `report` adds to that.
    pub(crate) async fn change_account(
        &self,
        id: UserId,
        change: UserChange,
        kept: Option<Kept>,
        with: Together,
        report: impl Fn(&Committed, Report) -> Report + Send + Sync + 'static,
    ) -> Result<Result<Committed, Obstacle>, Problem> {
        let now = self.now();
        let except = kept.map(|kept| kept.id);
        let ending = change.ends_sessions().map(|reason| Ending::OfUser { id, except, reason });
        let commit = Commit {
            token: with.token,
            account: Some(AccountChange::Change { id, change }),
            endings: ending.into_iter().collect(),
            replacement: kept.and_then(|kept| kept.replacement),
            ..Commit::default()
        };
        let report = move |done: &Committed| {
            let event = Event::new(EventName::UserUpdated, now).about(id);
            let version = done.user.as_ref().map(|user| user.version).unwrap_or_default();
            let said =
                Report::default().event(event.with("version", version), "an account was changed");
            let said = said.ended(done, |ended| ended_event(ended, now));
            report(done, said).together(&with, done)
        };
        self.0.commit(commit, report).await
    }

    /// Whether the messenger wants this notice.
    pub(crate) async fn admitted(&self, notice: Notice) -> bool {
        self.0.notifier.admits(&notice).await
    }
}

/// The account as it is after a change; `None` where there is none.
pub(crate) fn changed_user(outcome: Result<Committed, Obstacle>) -> Result<Option<User>, Problem> {
    match outcome {
        Ok(done) => Ok(done.user),
        Err(Obstacle::NoAccount) => Ok(None),
        Err(obstacle) => Err(obstacle.into()),
    }
}

impl Inner {
    /// Carries out a change with what `report` says of it, and knows it at once. Events and mails are rows of
    /// the same transaction where the messenger and the audit sink keep theirs in the store; otherwise they
    /// are told of it when it is made.
    ///
    /// # Errors
    /// `unavailable`.
    pub(crate) async fn commit(
        &self,
        commit: Commit,
        report: impl Fn(&Committed) -> Report + Send + Sync + 'static,
    ) -> Result<Result<Committed, Obstacle>, Problem> {
        let commit = match self.own_users {
            false => commit,
            true => match self.change_elsewhere(commit).await? {
                Ok(rest) => rest,
                Err(obstacle) => return Ok(Err(obstacle)),
            },
        };
        let is_new = matches!(commit.account, Some(AccountChange::Create(_)));
        let (endings, rotates) = (commit.endings.clone(), commit.key_ring.is_some());
        let writer = ReportWriter::new(self);
        let done = self.store.commit(&writer.attach(commit, report), self.now()).await?;
        let Ok(done) = done else { return Ok(done) };
        if let Some(user) = done.user.as_ref().filter(|_| !is_new) {
            self.apply_local(Changed::User { id: user.id, version: user.version });
        }
        for session in &done.ended {
            self.apply_local(Changed::SessionEnded(session.id));
            metrics::session_ended(session.reason);
        }
        for ending in endings {
            // Where it had ended before, this node may not have heard of it yet.
            if let Ending::Session { id, .. } = ending {
                self.apply_local(Changed::SessionEnded(id));
            }
        }
        let is_in_feed = done.user.is_some() && !is_new || !done.ended.is_empty() || rotates;
        if is_in_feed {
            self.notify_peers().await;
        }
        self.publish(writer.take()).await;
        Ok(Ok(done))
    }

    /// Carries out what a transaction of the store cannot hold, the change of an account in a table of the
    /// application's own, and gives the rest.
    ///
    /// The token is used up first, so that it works once; sessions end before, so that an outage leaves the
    /// account as it was, and once more with the rest, for a sign-in that was on its way.
    async fn change_elsewhere(&self, commit: Commit) -> Result<Result<Commit, Obstacle>, Problem> {
        let Some(change) = commit.account else { return Ok(Ok(commit)) };
        let now = self.now();
        let first =
            Commit { token: commit.token, endings: commit.endings.clone(), ..Commit::default() };
        if first.token.is_some() || !first.endings.is_empty() {
            let report = move |done: &Committed| {
                Report::default().ended(done, |ended| ended_event(ended, now))
            };
            let writer = ReportWriter::new(self);
            let done = self.store.commit(&writer.attach(first, report), now).await?;
            let Ok(done) = done else { return Ok(done.map(|_| Commit::default())) };
            for session in &done.ended {
                self.apply_local(Changed::SessionEnded(session.id));
                metrics::session_ended(session.reason);
            }
            self.publish(writer.take()).await;
        }
        let account = match change {
            AccountChange::Create(new) => match self.users.create_user(&new, now).await? {
                Ok(user) => AccountChange::Elsewhere { before: None, user, raises_version: false },
                Err(taken) => return Ok(Err(taken.into())),
            },
            AccountChange::Change { id, change } => {
                let before = self.users.user(id).await?;
                match self.users.change_user(id, &change, now).await? {
                    Some(Ok(user)) => {
                        // Known here even where what follows fails.
                        self.apply_local(Changed::User { id, version: user.version });
                        let raises_version = change.raises_version();
                        AccountChange::Elsewhere { before, user, raises_version }
                    }
                    Some(Err(refusal)) => return Ok(Err(refusal.into())),
                    None => return Ok(Err(Obstacle::NoAccount)),
                }
            }
            elsewhere @ AccountChange::Elsewhere { .. } => elsewhere,
        };
        Ok(Ok(Commit { token: None, account: Some(account), ..commit }))
    }

    async fn publish(&self, said: Written) {
        for (event, in_words) in said.report.events {
            log_event(&event, &in_words);
            if let Some(sink) = self.audit.as_ref().filter(|sink| !sink.is_in_store()) {
                sink.note(event);
            }
        }
        for then in said.then {
            then();
        }
        for notice in said.report.notices {
            self.notifier.notify(notice).await;
        }
    }
}

/// Where the report of a change is written for the store, and kept until the change is made.
struct ReportWriter {
    notifier: Arc<dyn Notifier>,
    keeps_events: bool,
    written: Arc<Mutex<Written>>,
}

/// What is still to be done when a change is made. A transaction that is carried out again writes it anew.
#[derive(Default)]
struct Written {
    /// Its notices are those that are no mails yet.
    report: Report,
    then: Vec<Box<dyn FnOnce() + Send>>,
}

impl ReportWriter {
    fn new(auth: &Inner) -> Self {
        Self {
            notifier: Arc::clone(&auth.notifier),
            keeps_events: auth.audit.as_ref().is_some_and(|sink| sink.is_in_store()),
            written: Arc::default(),
        }
    }

    /// The commit, with the rows that its report becomes.
    fn attach(
        &self,
        commit: Commit,
        report: impl Fn(&Committed) -> Report + Send + Sync + 'static,
    ) -> Commit {
        let (notifier, keeps_events) = (Arc::clone(&self.notifier), self.keeps_events);
        let written = Arc::clone(&self.written);
        let own = commit.follow.clone();
        commit.followed_by(move |done| {
            let mut report = report(done);
            let mut rows = own.as_ref().map(|follow| follow(done)).unwrap_or_default();
            if keeps_events {
                rows.events.extend(report.events.iter().map(|(event, _)| event.clone()));
            }
            let mut then = Vec::new();
            for notice in mem::take(&mut report.notices) {
                match notifier.compose(&notice) {
                    Some(Composed { tokens, rows: mails, when_kept }) => {
                        rows.tokens.extend(tokens);
                        rows.rows.extend(mails);
                        then.extend(when_kept);
                    }
                    None => report.notices.push(notice),
                }
            }
            *written.lock().unwrap_or_else(PoisonError::into_inner) = Written { report, then };
            rows
        })
    }

    fn take(&self) -> Written {
        mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
