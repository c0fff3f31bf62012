//! What people have to be told, by mail.
//!
//! A notice becomes a mail in the store, and leaves it once a mail server has taken it, however often this
//! program is stopped in between. While there is no mail server, mails become files.
//!
//! | module | holds |
//! |---|---|
//! | `notices` | who is told what, and how often |
//! | `composer` | a mail is written, with its link, and put into the store |
//! | `texts` | what each kind of mail says |
//! | `message` | a mail as it travels |
//! | `post` | mails are taken from the store and sent |
//! | `smtp`, `before_tls`, `files`, `send_error` | the two ways out, and what stands in the way |
//! | `upkeep` | what is forgotten, and when |
//!
//! # Once, and how sure that is
//!
//! A node claims a mail in the store before it sends it, and no other node gets it for the time of the claim,
//! which is longer than sending is ever given. Each node marks a mail as sent in the same breath in which the
//! server has taken it. If the node dies in between, the claim runs out and the mail is sent a second time:
//! losing it would be worse. It then has the same `Message-ID`, by which mail programs and servers tell that
//! it is the same one.

mod before_tls;
mod composer;
mod feedback;
mod files;
mod message;
mod notices;
mod post;
mod send_error;
mod smtp;
mod texts;
mod upkeep;

#[cfg(test)]
mod tests;

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use vestibule::{
    Composed, Notice, Notifier, SiteSecret, User,
    core::{
        event::Event,
        id::SessionId,
        limit::SharedLimits,
        name::EmailAddress,
        random::Entropy,
        store::{Commit, Consequences, Extension, StoreError, StoreResult},
        time::Clock,
    },
};
use vestibule_site::{
    outbox::{self, MailId, MailState},
    store::{SiteChange, SiteStore},
};

pub(crate) use self::composer::sealing_key;
pub(crate) use self::texts::kind_in_words;
use self::{
    composer::{Draft, MailComposer},
    notices::AskedAddress,
    post::DeliveryWorker,
    texts::Kind,
};
use crate::{config::Settings, error::CommandError, templates::CurrentTemplates};

/// As many notices wait to be written down at most. Beyond it they are lost, and the log says so: no page
/// waits for a mail, and how long it takes does not tell whether there was one.
const QUEUE: usize = 1_024;
/// How long what is not written at once waits. Its work comes when the answer to whoever caused it is out, and
/// weighs on no request in particular.
const ASIDE: Duration = Duration::from_millis(50);
/// How often, once a second, a notice is tried to be written down while the store cannot be used.
const TRIES: u32 = 60;

/// Whether a mail of this kind goes to an address that its account has or had. The others go to one that it asks
/// for, and whether there was one tells whether that address was free.
pub(crate) fn goes_to_owner(kind: &str) -> bool {
    kind != Kind::ChangeAddress.name()
}

/// Brings notices to people by mail. Cloning is cheap; all clones are the same one.
#[derive(Clone)]
pub(crate) struct Mailer {
    composer: Arc<MailComposer>,
    post: Arc<DeliveryWorker>,
    queue: mpsc::Sender<Job>,
    _stop: Arc<DropGuard>,
}

/// What becomes of a mail that is to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It is due.
    Begun,
    /// It was sent, or is being sent at this moment.
    NotNow,
    /// Its link would not work any more, or not for long enough.
    LinkExpired,
}

/// What a mailer works with.
pub(crate) struct Parts<'p> {
    pub(crate) settings: &'p Settings,
    pub(crate) secret: &'p SiteSecret,
    pub(crate) templates: CurrentTemplates,
    pub(crate) store: Arc<dyn SiteStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// What all nodes share, where they do.
    pub(crate) limits: Option<Arc<dyn SharedLimits>>,
}

impl Mailer {
    /// Starts it. Must be called within a tokio runtime; it ends with the last clone.
    ///
    /// # Errors
    /// [`CommandError`] where mails cannot leave as the settings say.
    pub(crate) fn start(parts: Parts<'_>) -> Result<Self, CommandError> {
        let post = Arc::new(DeliveryWorker::open(&parts)?);
        let composer = Arc::new(MailComposer::new(parts, Arc::clone(&post)));
        let (queue, jobs) = mpsc::channel(QUEUE);
        let stop = CancellationToken::new();
        tokio::spawn(write_down(Arc::clone(&composer), jobs));
        tokio::spawn(post::work(Arc::clone(&post), stop.clone()));
        tokio::spawn(upkeep::work(Arc::clone(&post), stop.clone()));
        Ok(Self { composer, post, queue, _stop: Arc::new(stop.drop_guard()) })
    }

    /// Waits until everything that was told before is in the store, and was tried to be sent once.
    pub(crate) async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        if self.queue.send(Job::Answer(done)).await.is_ok() {
            // Without an answer there is nobody left to wait for.
            let _ = is_done.await;
        }
        self.post.round().await;
    }

    /// Sends a link by which the owner of an account chooses a new password, because whoever runs the site
    /// wants it so. The password that they have stays until then, and nobody else ever knows one.
    ///
    /// # Errors
    /// Where the store cannot be used: no mail is on its way then.
    pub(crate) async fn start_reset(&self, user: User, event: Event) -> StoreResult<()> {
        let draft = self.composer.draft(&Kind::ResetStarted.to(user));
        self.composer.keep_with(draft.into_iter().collect(), Vec::new(), vec![event]).await
    }

    /// Has a mail tried again, now, and writes `event` with that; `None` where there is none of this number.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(crate) async fn retry(&self, id: MailId, event: Event) -> StoreResult<Option<Retry>> {
        let (store, now) = (&self.composer.store, self.composer.clock.now());
        let Some(mail) = store.mail(id).await? else { return Ok(None) };
        let purpose = Kind::named(&mail.kind).and_then(Kind::purpose);
        let gives_up_at = match purpose {
            Some(purpose) => mail.created_at + composer::worth(purpose.lifetime()),
            None => now + outbox::TRIED_FOR,
        };
        if mail.state != MailState::Sent && gives_up_at <= now {
            return Ok(Some(Retry::LinkExpired));
        }
        let extension = Some(SiteChange::RetryMail { id, gives_up_at }.into());
        let commit = Commit { extension, ..Commit::default() }.followed_by(move |_| Consequences {
            events: vec![event.clone()],
            ..Consequences::default()
        });
        if store.commit(&commit, now).await?.is_err() {
            return Ok(Some(Retry::NotNow));
        }
        self.post.wake();
        Ok(Some(Retry::Begun))
    }

    /// Keeps it from sending anything.
    #[cfg(test)]
    pub(crate) async fn hold(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.post.hold().await
    }

    /// Has what has had its time removed, now.
    #[cfg(test)]
    pub(crate) async fn keep_up(&self) -> StoreResult<()> {
        self.post.keep_up().await
    }

    async fn take(&self, notice: Notice) {
        if let Notice::ChangeAddress { user, email, session } = notice {
            return self.take_change(user, email, session).await;
        }
        if !notices::is_about_a_change(&notice) {
            return self.put_aside(notice, false);
        }
        if !self.composer.admits(&notice).await {
            return;
        }
        if let Err(error) = self.composer.take(&notice).await {
            tracing::warn!(%error, "could not store a mail; retrying");
            self.put_aside(notice, true);
        }
    }

    /// What is done once the mail of a change is in the store.
    fn when_kept(&self, notice: &Notice, draft: Option<Draft>) -> Box<dyn FnOnce() + Send> {
        if let Notice::Registered(user) = notice {
            let (queue, notice) = (self.queue.clone(), Notice::Registered(user.clone()));
            return Box::new(move || {
                if queue.try_send(Job::Kept(Box::new((notice, draft)))).is_err() {
                    tracing::warn!("too many mails wait to be stored: this one is sent later");
                }
            });
        }
        let composer = Arc::clone(&self.composer);
        Box::new(move || {
            if let Some(draft) = draft {
                draft.log_kept();
                composer.wake();
            }
        })
    }

    /// Another address waits from now on, and the present one is told. The other one is written to a moment
    /// later: how long that takes must not tell whether it is free.
    async fn take_change(&self, user: User, email: EmailAddress, session: SessionId) {
        let job = match self.composer.ask_address(&user, &email, session).await {
            Ok(secret) => Job::TellAddress(Box::new(AskedAddress { user, email, secret })),
            Err(error) => {
                tracing::warn!(%error, "could not store a change of address; retrying");
                Job::Write(Box::new(Notice::ChangeAddress { user, email, session }), false)
            }
        };
        self.enqueue(job);
    }

    fn put_aside(&self, notice: Notice, is_admitted: bool) {
        self.enqueue(Job::Write(Box::new(notice), is_admitted));
    }

    fn enqueue(&self, job: Job) {
        if self.queue.try_send(job).is_err() {
            tracing::error!("too many mails wait to be stored: this one is lost");
        }
    }
}

/// Written out: the methods that would need `async_trait`.
impl Notifier for Mailer {
    fn notify<'mailer, 'told>(
        &'mailer self,
        notice: Notice,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'told>>
    where
        'mailer: 'told,
        Self: 'told,
    {
        Box::pin(self.take(notice))
    }

    fn compose(&self, notice: &Notice) -> Option<Composed> {
        if !notices::is_about_a_change(notice) {
            return None;
        }
        let draft = self.composer.compose(notice);
        let rows = draft.as_ref().map(|draft| (draft.token.clone(), draft.mail.clone()));
        let (token, mail) = rows.unzip();
        Some(Composed {
            tokens: token.flatten().into_iter().collect(),
            rows: mail.into_iter().map(Extension::new).collect(),
            when_kept: Some(self.when_kept(notice, draft)),
        })
    }

    fn admits<'mailer, 'notice, 'asked>(
        &'mailer self,
        notice: &'notice Notice,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'asked>>
    where
        'mailer: 'asked,
        'notice: 'asked,
        Self: 'asked,
    {
        Box::pin(self.composer.admits(notice))
    }
}

enum Job {
    /// A notice, and whether it was held against the limit already.
    Write(Box<Notice>, bool),
    /// A notice whose mail is in the store. Sending it begins a moment later as well, when the answer is out: it
    /// must not tell by its weight that an address was new.
    Kept(Box<(Notice, Option<Draft>)>),
    /// The mail to another address that was asked for.
    TellAddress(Box<AskedAddress>),
    Answer(oneshot::Sender<()>),
}

/// Puts one notice after the other into the store, a moment after it came.
async fn write_down(composer: Arc<MailComposer>, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.recv().await {
        let mut came = vec![first];
        let over = tokio::time::sleep(ASIDE);
        tokio::pin!(over);
        while !matches!(came.last(), Some(Job::Answer(_))) && came.len() < QUEUE {
            tokio::select! {
                job = jobs.recv() => match job {
                    Some(job) => came.push(job),
                    None => break,
                },
                () = &mut over => break,
            }
        }
        for job in came {
            match job {
                Job::Write(ref notice, is_admitted) => {
                    if is_admitted || composer.admits(notice).await {
                        write_down_one(&composer, &job).await;
                    }
                }
                Job::TellAddress(ref asked) => {
                    if composer.admits_address(asked).await {
                        write_down_one(&composer, &job).await;
                    }
                }
                Job::Kept(kept) => {
                    let (notice, draft) = *kept;
                    // A new account has sent nothing yet: this is the first that counts.
                    let _ = composer.admits(&notice).await;
                    if let Some(draft) = draft {
                        draft.log_kept();
                        composer.wake();
                    }
                }
                Job::Answer(done) => {
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(());
                }
            }
        }
    }
}

async fn write_down_one(composer: &MailComposer, job: &Job) {
    for _ in 0..TRIES {
        let written = match job {
            Job::Write(notice, _) => composer.take(notice).await,
            Job::TellAddress(asked) => composer.tell_address(asked).await,
            Job::Kept(_) | Job::Answer(_) => Ok(()),
        };
        match written {
            Ok(()) => return,
            Err(error @ StoreError::Unreadable(_)) => {
                tracing::error!(%error, "could not store a mail; it is lost");
                return;
            }
            Err(error @ StoreError::Unavailable(_)) => {
                tracing::warn!(%error, "could not store a mail; retrying");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
    tracing::error!("could not store a mail for too long; it is lost");
}
