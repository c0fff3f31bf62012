//! What people have to be told, by mail: as files, while there is no mail server.
//!
//! | module | holds |
//! |---|---|
//! | `verification` | the token of the link that verifies an address |
//! | `texts` | which notice says what |
//! | `message` | a mail as it travels |
//! | `files` | where mails lie |

mod feedback;
mod files;
mod message;
mod texts;
pub(crate) mod verification;

#[cfg(test)]
mod tests;

use std::{
    future,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::sync::{mpsc, oneshot};
use vestibule::{
    Messenger, Notice, SiteSecret, User,
    core::{
        event::EventName,
        id::UserId,
        limit::{Outcome, SlidingWindow},
        name::EmailAddress,
        random::{self, Entropy},
        store::Feedback,
        time::Clock,
    },
};

use self::{
    message::{Message, Sender},
    texts::{Facts, Kind},
    verification::VerificationKey,
};
use crate::{
    config::{self, Profile, Settings},
    open,
    pages::Templates,
};

/// As many mails wait to be written at most. Beyond it they are lost, and the log says so: no page waits
/// for a mail, and how long it takes does not tell whether there was one.
const QUEUE: usize = 1_024;
/// As many accounts are remembered at most for their limit.
const ACCOUNTS: usize = 100_000;

/// Brings notices to people by writing mails into a folder. Cloning is cheap; all clones are the same one.
#[derive(Clone)]
pub(crate) struct FileMailer {
    queue: mpsc::Sender<Job>,
    allowance: Option<Arc<Allowance>>,
}

impl FileMailer {
    /// Starts it. Must be called within a tokio runtime; it ends with the last clone.
    pub(crate) fn start(
        settings: &Settings,
        secret: &SiteSecret,
        templates: Arc<Templates>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let rate = open::rate(settings.limits.mail);
        let allowance = rate.map(|rate| {
            let sent = Mutex::new(SlidingWindow::new(rate, ACCOUNTS));
            Arc::new(Allowance { sent, clock: Arc::clone(&clock) })
        });
        let desk = Desk {
            templates,
            site_name: settings.site_name.clone(),
            public_url: settings.public_url.to_string(),
            from: Sender::parse(&settings.mail.from),
            feedback_to: EmailAddress::parse(config::address_of(&settings.feedback.to)).ok(),
            folder: settings.mail_dir(),
            shows_links: settings.profile == Profile::Development,
            key: VerificationKey::new(secret),
            clock,
            entropy,
        };
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(work(Arc::new(desk), jobs));
        Self { queue, allowance }
    }

    /// Waits until everything that was told before is written.
    pub(crate) async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        if self.queue.send(Job::Answer(done)).await.is_ok() {
            // Without an answer there is nobody left to wait for.
            let _ = is_done.await;
        }
    }

    fn put(&self, notice: Notice) {
        let Some((kind, user)) = Kind::of(notice) else { return };
        if kind.is_limited(&user)
            && let Some(allowance) = &self.allowance
            && !allowance.take(user.id)
        {
            tracing::warn!(
                event = EventName::ExcessRateLimitExceeded.name(),
                of = "mail",
                mail = kind.name(),
                user = %user.id,
                "too many mails to one account: this one is not sent"
            );
            return;
        }
        let id = user.id;
        if self.queue.try_send(Job::Write(kind, Box::new(user))).is_err() {
            tracing::error!(mail = kind.name(), user = %id, "too many mails wait: this one is lost");
        }
    }
}

/// Written out: the one method that would need `async_trait`, and it awaits nothing.
impl Messenger for FileMailer {
    fn tell<'mailer, 'told>(
        &'mailer self,
        notice: Notice,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'told>>
    where
        'mailer: 'told,
        Self: 'told,
    {
        self.put(notice);
        Box::pin(future::ready(()))
    }
}

enum Job {
    Write(Kind, Box<User>),
    Bring(Box<(Feedback, Option<String>)>),
    Answer(oneshot::Sender<()>),
}

/// Mails to each account within the window, by the clock that never goes backwards.
struct Allowance {
    sent: Mutex<SlidingWindow<UserId>>,
    clock: Arc<dyn Clock>,
}

impl Allowance {
    /// Counts a mail, unless there were too many.
    fn take(&self, user: UserId) -> bool {
        let now = self.clock.monotonic();
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_allowed = sent.begin(&user, now).is_ok();
        if is_allowed {
            sent.settle(&user, Outcome::Failed, now);
        }
        is_allowed
    }
}

/// Writes one mail after the other, on threads that may wait for the disk.
async fn work(desk: Arc<Desk>, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Write(kind, user) => {
                let desk = Arc::clone(&desk);
                let written = tokio::task::spawn_blocking(move || desk.write(kind, &user)).await;
                if let Err(error) = written {
                    tracing::error!(%error, mail = kind.name(), "a mail was not written");
                }
            }
            Job::Bring(feedback) => {
                let desk = Arc::clone(&desk);
                let written = tokio::task::spawn_blocking(move || {
                    let (feedback, username) = &*feedback;
                    desk.bring(feedback, username.as_deref());
                });
                if let Err(error) = written.await {
                    tracing::error!(%error, "a mail of feedback was not written");
                }
            }
            Job::Answer(done) => {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
    }
}

/// Where mails are written.
struct Desk {
    templates: Arc<Templates>,
    site_name: String,
    public_url: String,
    from: Sender,
    /// Where feedback goes; on one's own machine there is often nobody.
    feedback_to: Option<EmailAddress>,
    folder: PathBuf,
    /// Whether the log shows links, which let in whoever reads it: on one's own machine only.
    shows_links: bool,
    key: VerificationKey,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Desk {
    /// What makes a `Message-ID` unique.
    fn draw_id(&self) -> String {
        let random: [u8; 15] = random::draw(&*self.entropy);
        URL_SAFE_NO_PAD.encode(random)
    }

    /// Writes a mail. What goes wrong is logged: nobody waits for it.
    fn write(&self, kind: Kind, user: &User) {
        let now = self.clock.now();
        let to = match EmailAddress::parse(&user.email) {
            Ok(to) => to,
            Err(error) => {
                tracing::error!(%error, user = %user.id, mail = kind.name(), "no mail can be sent to the address of this account");
                return;
            }
        };
        let token = (kind == Kind::VerifyAddress).then(|| self.key.token(user.id, &to, now));
        let facts = Facts {
            site_name: &self.site_name,
            public_url: &self.public_url,
            user,
            now,
            token: token.as_deref(),
        };
        // The log has it already.
        let Ok((subject, body)) = texts::write(&self.templates, kind, &facts) else { return };
        let id = self.draw_id();
        let mail = Message {
            from: &self.from,
            to: &to,
            subject: &subject,
            date: now,
            id: &id,
            body: &body,
        };
        match files::write(&self.folder, now, &mail.to_text(), &*self.entropy) {
            Ok(path) => tracing::info!(
                mail = kind.name(),
                user = %user.id,
                file = %path.display(),
                link = facts.link().filter(|_| self.shows_links),
                "a mail was written"
            ),
            Err(error) => tracing::error!(
                %error,
                mail = kind.name(),
                user = %user.id,
                folder = %self.folder.display(),
                "a mail was not written; make the folder one that this user may write to"
            ),
        }
    }
}
