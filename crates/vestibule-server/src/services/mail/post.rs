//! Mails are taken from the store and sent.

use std::{path::PathBuf, sync::Arc, time::Duration};

use metrics::{counter, describe_counter};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use vestibule::core::{
    random::{self, Entropy},
    secret::SealingKey,
    time::Clock,
};
use vestibule_site::{
    outbox::{self, ClaimedMail, Failure, Next, OutgoingMail},
    store::SiteStore,
};

use super::{
    Parts,
    composer::sealing_key,
    files,
    send_error::SendError,
    smtp::{SmtpConnection, SmtpServer},
};
use crate::error::CommandError;

/// Within this time a mail is handed over, or the try has failed.
const SEND_WITHIN: Duration = Duration::from_secs(60);
/// For this long nobody else sends a mail that this node has begun with: longer than sending it and writing
/// down what became of it takes.
const CLAIM: Duration = Duration::from_secs(2 * 60);
/// How often it is looked whether mails are due that other nodes have written, or whose time has come.
const LOOK: Duration = Duration::from_secs(2);
/// The longest pause after the mail server could not be reached.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often, and how long apart, it is tried to write down that a mail was sent: within the claim.
const MARKS: (u32, Duration) = (100, Duration::from_millis(200));

const MAILS: &str = "vestibule_mails_total";

/// Sends what is due.
pub(super) struct DeliveryWorker {
    pub(super) store: Arc<dyn SiteStore>,
    pub(super) clock: Arc<dyn Clock>,
    /// What this node calls itself in claims and leases.
    pub(super) node: String,
    entropy: Arc<dyn Entropy>,
    seal: SealingKey,
    way: Delivery,
    written: Notify,
    /// One round at a time: mails go out one after the other.
    round: Mutex<()>,
}

/// Where mails go.
enum Delivery {
    Folder(PathBuf),
    Server(Box<SmtpServer>),
}

/// Sends what is due, until `stop`.
pub(super) async fn work(post: Arc<DeliveryWorker>, stop: CancellationToken) {
    let mut failed_rounds = 0;
    loop {
        // Not cut off: a mail that the server has taken is marked.
        failed_rounds = if post.round().await { 0 } else { failed_rounds + 1 };
        tokio::select! {
            () = post.pause(failed_rounds) => {}
            () = stop.cancelled() => return,
        }
    }
}

impl DeliveryWorker {
    pub(super) fn open(parts: &Parts<'_>) -> Result<Self, CommandError> {
        let settings = parts.settings;
        let way = match &settings.mail.url {
            None => Delivery::Folder(settings.mail_dir()),
            Some(_) => Delivery::Server(Box::new(SmtpServer::of(settings)?)),
        };
        describe_counter!(MAILS, "Tries to send a mail, by how they ended");
        for outcome in ["sent", "delayed", "given_up"] {
            counter!(MAILS, "outcome" => outcome).absolute(0);
        }
        let node: [u8; 12] = random::draw(&*parts.entropy);
        Ok(Self {
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            node: node.iter().map(|byte| format!("{byte:02x}")).collect(),
            seal: sealing_key(parts.secret),
            way,
            written: Notify::new(),
            round: Mutex::default(),
        })
    }

    /// There is something to send.
    pub(super) fn wake(&self) {
        self.written.notify_one();
    }

    /// Sends everything that is due now; whether the way out is open.
    pub(super) async fn round(&self) -> bool {
        let _alone = self.round.lock().await;
        let mut line = None;
        let is_open = loop {
            let claimed = match self.claim().await {
                Ok(Some(claimed)) => claimed,
                Ok(None) => break true,
                Err(error) => {
                    tracing::warn!(%error, "could not read the mail queue");
                    break false;
                }
            };
            if !self.deliver(claimed, &mut line).await {
                break false;
            }
        };
        if let Some(line) = line {
            line.close().await;
        }
        is_open
    }

    /// Keeps this node from sending anything.
    #[cfg(test)]
    pub(super) async fn hold(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.round.lock().await
    }

    /// Waits for something to do. While the mail server cannot be reached, not before a while has passed.
    async fn pause(&self, failed_rounds: u32) {
        if failed_rounds > 0 {
            let wait =
                Duration::from_secs(1_u64.checked_shl(failed_rounds - 1).unwrap_or(u64::MAX));
            return tokio::time::sleep(wait.min(LONGEST_PAUSE)).await;
        }
        tokio::select! {
            () = self.written.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }

    /// A mail to send. Asked by a look first: claiming is a write, and most of the time there is nothing.
    async fn claim(&self) -> vestibule::core::store::StoreResult<Option<ClaimedMail>> {
        let now = self.clock.now();
        if self.store.next_mail_at().await?.is_none_or(|at| at > now) {
            return Ok(None);
        }
        self.store.claim_mail(&self.node, now, now + CLAIM).await
    }

    /// Sends one mail and writes down what became of it; whether others can be sent after it.
    async fn deliver(&self, claimed: ClaimedMail, line: &mut Option<SmtpConnection>) -> bool {
        let ClaimedMail { mail, tries } = claimed;
        let sent = match self.clock.now() < mail.gives_up_at {
            true => tokio::time::timeout(SEND_WITHIN, self.send(&mail, line)).await,
            false => Ok(Err(SendError::lasting("it could not be sent in time"))),
        };
        let send_error = match sent {
            Ok(Ok(())) => {
                self.mark_sent(&mail).await;
                return true;
            }
            Ok(Err(send_error)) => send_error,
            Err(_) => SendError {
                failure: Failure::Passing,
                reason: format!("it took longer than {} s", SEND_WITHIN.as_secs()),
                is_general: true,
            },
        };
        // What was said on this line is not known any more.
        *line = None;
        self.mark_failed(&mail, tries, &send_error).await;
        !send_error.is_general
    }

    async fn send(
        &self,
        mail: &OutgoingMail,
        line: &mut Option<SmtpConnection>,
    ) -> Result<(), SendError> {
        let content = self
            .seal
            .open(&mail.id.to_string(), &mail.sealed)
            .map_err(|error| SendError::lasting(&error.to_string()))?;
        match &self.way {
            Delivery::Server(server) => server.send(line, &mail.recipient, &content).await,
            Delivery::Folder(folder) => self.write_file(folder.clone(), mail, &content).await,
        }
    }

    async fn write_file(
        &self,
        folder: PathBuf,
        mail: &OutgoingMail,
        content: &[u8],
    ) -> Result<(), SendError> {
        let (date, entropy) = (mail.created_at, Arc::clone(&self.entropy));
        let content = String::from_utf8_lossy(content).into_owned();
        let shown = folder.display().to_string();
        let written =
            tokio::task::spawn_blocking(move || files::write(&folder, date, &content, &*entropy));
        match written.await.map_err(std::io::Error::other).flatten() {
            Ok(path) => {
                tracing::info!(id = %mail.id, file = %path.display(), "a mail was written to a file");
                Ok(())
            }
            Err(error) => Err(SendError::general(format!(
                "it could not be written to {shown} ({error}); set mail.url, or make the directory \
                 writable for this user"
            ))),
        }
    }

    /// The mail server has the mail: nothing comes between that and this.
    async fn mark_sent(&self, mail: &OutgoingMail) {
        let (tries, wait) = MARKS;
        for _ in 0..tries {
            match self.store.mail_sent(mail.id, &self.node, self.clock.now()).await {
                Ok(is_marked) => {
                    counter!(MAILS, "outcome" => "sent").increment(1);
                    tracing::info!(mail = mail.kind, id = %mail.id, "a mail was sent");
                    if !is_marked {
                        tracing::warn!(id = %mail.id, "another node has claimed the mail and may send it again");
                    }
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, id = %mail.id, "could not record that a mail was sent; retrying");
                    tokio::time::sleep(wait).await;
                }
            }
        }
        tracing::error!(id = %mail.id, "could not record that a mail was sent: it will be sent again");
    }

    async fn mark_failed(&self, mail: &OutgoingMail, tries: u32, send_error: &SendError) {
        let now = self.clock.now();
        let next =
            outbox::after_failure(send_error.failure, tries, mail.gives_up_at, now, &*self.entropy);
        let reason = outbox::reason(&send_error.reason);
        let (kind, id) = (mail.kind.as_str(), mail.id);
        match next {
            Next::TryAt(at) => {
                counter!(MAILS, "outcome" => "delayed").increment(1);
                let wait = at.since(now).as_secs();
                tracing::warn!(mail = kind, %id, reason, wait, "could not send a mail; retrying later");
            }
            Next::GiveUp => {
                counter!(MAILS, "outcome" => "given_up").increment(1);
                tracing::error!(mail = kind, %id, reason, "gave up sending a mail");
            }
        }
        if let Err(error) = self.store.mail_failed(id, &self.node, &reason, next, now).await {
            tracing::warn!(%error, %id, "could not record that a mail was not sent");
        }
    }
}
