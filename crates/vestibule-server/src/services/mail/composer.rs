//! A mail is written, with its link, and put into the store.

use std::{sync::Arc, time::Duration};

use vestibule::{
    Rate, RateLimit, SiteSecret,
    core::{
        event::Event,
        id::UserId,
        limit::SharedLimits,
        name::{EmailAddress, LoginKey},
        one_time::{LinkSecret, OneTime},
        random::Entropy,
        secret::SealingKey,
        store::{Commit, Consequences, StoreResult},
        time::Clock,
    },
};
use vestibule_site::{
    outbox::{self, MailId, OutgoingMail},
    store::SiteStore,
};

use super::{
    Parts,
    message::{Message, Sender, recipient},
    post::DeliveryWorker,
    texts::{self, Letter, Params, Written},
};
use crate::{
    config::{self, Profile},
    templates::CurrentTemplates,
};

/// Where a mail goes, and for how long it is worth trying.
pub(super) struct Envelope {
    pub(super) kind: &'static str,
    /// Whose it is.
    pub(super) user: Option<UserId>,
    pub(super) to: EmailAddress,
    pub(super) tried_for: Duration,
}

/// Where mails are written.
pub(super) struct MailComposer {
    pub(super) store: Arc<dyn SiteStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    /// Mails to each account, and to each address: an account can ask for mails to the addresses of others.
    pub(super) allowance: Allowance,
    pub(super) templates: CurrentTemplates,
    pub(super) site_name: String,
    pub(super) public_url: String,
    from: Sender,
    /// Where feedback goes; on one's own machine there is often nobody.
    pub(super) feedback_to: Option<EmailAddress>,
    seal: SealingKey,
    /// Whether the log shows links, which let in whoever reads it: on one's own machine only, and only while
    /// mails reach nobody.
    shows_links: bool,
    post: Arc<DeliveryWorker>,
}

impl MailComposer {
    pub(super) fn new(parts: Parts<'_>, post: Arc<DeliveryWorker>) -> Self {
        let settings = parts.settings;
        let rate = settings.limits.mail.as_limit();
        Self {
            site_name: settings.site_name.clone(),
            public_url: settings.public_url.to_string(),
            from: Sender::parse(&settings.mail.from),
            feedback_to: EmailAddress::parse(config::address_of(&settings.feedback.to)).ok(),
            seal: sealing_key(parts.secret),
            shows_links: settings.profile == Profile::Development && settings.mail.url.is_none(),
            templates: parts.templates,
            store: parts.store,
            entropy: parts.entropy,
            allowance: Allowance::new(rate, parts.limits, &parts.clock),
            clock: parts.clock,
            post,
        }
    }

    /// Writes a mail, with its link, into the store and has it sent. A letter that cannot be written is logged:
    /// nobody can mend it by trying again.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(super) async fn write(&self, letter: Letter) -> StoreResult<()> {
        match self.draft(&letter) {
            Some(draft) => self.keep(vec![draft], Vec::new()).await,
            None => Ok(()),
        }
    }

    /// A mail with its link, as it lies in the store; `None` where it cannot be written.
    pub(super) fn draft(&self, letter: &Letter) -> Option<Draft> {
        let (kind, user, now) = (letter.kind, letter.user.id, self.clock.now());
        let to = match EmailAddress::parse(&letter.to) {
            Ok(to) => to,
            Err(error) => {
                tracing::error!(%error, %user, mail = kind.name(), "mail cannot be sent to the address of this account");
                return None;
            }
        };
        let is_kept = letter.secret.is_some();
        let token = kind.purpose().map(|purpose| {
            let known = letter.secret.clone();
            (purpose, known.unwrap_or_else(|| LinkSecret::draw(&*self.entropy)))
        });
        let link = token.as_ref().map(|(purpose, token)| {
            format!("{}{}?token={}", self.public_url, texts::path(*purpose), token.encode())
        });
        let facts = Params {
            site_name: &self.site_name,
            public_url: &self.public_url,
            letter,
            now,
            link: link.as_deref(),
        };
        // The log has it already.
        let written = texts::write(&self.templates.get(), &facts).ok()?;
        let tried_for =
            token.as_ref().map_or(outbox::TRIED_FOR, |(purpose, _)| worth(purpose.lifetime()));
        let kept = token
            .filter(|_| !is_kept)
            .map(|(purpose, token)| OneTime::new(&token, purpose, user, &to, now));
        let envelope = Envelope { kind: kind.name(), user: Some(user), to, tried_for };
        let mail = self.seal(envelope, &written)?;
        let shown_link = link.filter(|_| self.shows_links);
        Some(Draft { token: kept, mail, shown_link })
    }

    /// A mail as it lies in the store; `None` where it cannot be sealed.
    pub(super) fn seal(&self, envelope: Envelope, written: &Written) -> Option<OutgoingMail> {
        let Envelope { kind, user, to, tried_for } = envelope;
        let (id, now) = (MailId::draw(&*self.entropy), self.clock.now());
        let message = Message {
            from: &self.from,
            to: &to,
            subject: &written.subject,
            date: now,
            id: &id.to_string(),
            text: &written.text,
            html: &written.html,
        };
        let text = message.to_text();
        let sealed = match self.seal.seal(&id.to_string(), text.as_bytes(), &*self.entropy) {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::error!(%error, mail = kind, "could not seal a mail; it is lost");
                return None;
            }
        };
        Some(OutgoingMail {
            id,
            kind: kind.to_owned(),
            user,
            recipient: recipient(&to),
            sealed,
            created_at: now,
            gives_up_at: now + tried_for,
        })
    }

    /// Puts mails into the store, with the tokens of their links and others, and has them sent: the link works
    /// before it is on its way.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(super) async fn keep(&self, drafts: Vec<Draft>, others: Vec<OneTime>) -> StoreResult<()> {
        self.keep_with(drafts, others, Vec::new()).await
    }

    /// The same, with what happened by it.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(super) async fn keep_with(
        &self,
        drafts: Vec<Draft>,
        others: Vec<OneTime>,
        events: Vec<Event>,
    ) -> StoreResult<()> {
        let mut rows = Consequences { tokens: others, events, ..Consequences::default() };
        for draft in &drafts {
            rows.tokens.extend(draft.token.clone());
            rows.rows.push(draft.mail.clone().into());
        }
        let commit = Commit::default().followed_by(move |_| rows.clone());
        // Nothing is asked, so nothing is in the way.
        let _ = self.store.commit(&commit, self.clock.now()).await?;
        for draft in &drafts {
            draft.log_kept();
        }
        self.post.wake();
        Ok(())
    }

    /// There is something to send.
    pub(super) fn wake(&self) {
        self.post.wake();
    }
}

/// A mail that is ready for the store.
pub(super) struct Draft {
    /// The token of its link, if it has one.
    pub(super) token: Option<OneTime>,
    pub(super) mail: OutgoingMail,
    shown_link: Option<String>,
}

impl Draft {
    /// A mail without a link.
    pub(super) const fn plain(mail: OutgoingMail) -> Self {
        Self { token: None, mail, shown_link: None }
    }

    /// Says that it is in the store.
    pub(super) fn log_kept(&self) {
        let OutgoingMail { id, kind, user, .. } = &self.mail;
        let user = user.map(tracing::field::display);
        tracing::info!(mail = kind, %id, user, "a mail was queued");
        if let Some(link) = &self.shown_link {
            tracing::info!(%id, link, "the link in this mail");
        }
    }
}

/// How many mails are sent that others may have asked for.
pub(super) struct Allowance {
    accounts: RateLimit,
    recipients: RateLimit,
}

impl Allowance {
    fn new(
        rate: Option<Rate>,
        shared: Option<Arc<dyn SharedLimits>>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        Self {
            accounts: RateLimit::new("mail", rate, shared.clone(), Arc::clone(clock)),
            recipients: RateLimit::new("mail_recipient", rate, shared, Arc::clone(clock)),
        }
    }

    /// Counts a mail of an account, and says whether it may be sent.
    pub(super) async fn of_account(&self, user: UserId) -> bool {
        self.accounts.count(&user.to_string()).await.is_ok()
    }

    /// Counts a mail to an address, however it is spelled, and says whether it may be sent.
    pub(super) async fn to_recipient(&self, address: &str) -> bool {
        self.recipients.count(LoginKey::from_typed(address).as_str()).await.is_ok()
    }
}

/// How long a mail is worth sending whose link lives for so long: whoever gets it needs time to follow it.
pub(super) fn worth(lifetime: Duration) -> Duration {
    lifetime.mul_f64(0.8)
}

/// What mails are sealed under while they lie in the store.
pub(crate) fn sealing_key(secret: &SiteSecret) -> SealingKey {
    secret.sealing_key_of(b"mails v1")
}
