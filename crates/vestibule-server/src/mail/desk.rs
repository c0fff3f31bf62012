//! A mail is written, with its link, and put into the store.

use std::{sync::Arc, time::Duration};

use vestibule::{
    Rate, RateLimit, SiteSecret,
    core::{
        id::UserId,
        limit::SharedLimits,
        name::{EmailAddress, LoginKey},
        one_time::{OneTime, OneTimeToken},
        outbox::{self, MailId, OutgoingMail},
        random::Entropy,
        secret::SealingKey,
        store::{SiteStore, StoreError, StoreResult},
        time::Clock,
    },
};

use super::{
    Parts,
    message::{Message, Sender, recipient},
    post::Post,
    texts::{self, Facts, Letter, Written},
};
use crate::{
    config::{self, Profile},
    open,
    pages::Templates,
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
pub(super) struct Desk {
    pub(super) store: Arc<dyn SiteStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    /// Mails to each account, and to each address: an account can ask for mails to the addresses of others.
    pub(super) allowance: Allowance,
    pub(super) templates: Arc<Templates>,
    pub(super) site_name: String,
    pub(super) public_url: String,
    from: Sender,
    /// Where feedback goes; on one's own machine there is often nobody.
    pub(super) feedback_to: Option<EmailAddress>,
    seal: SealingKey,
    /// Whether the log shows links, which let in whoever reads it: on one's own machine only, and only while
    /// mails reach nobody.
    shows_links: bool,
    post: Arc<Post>,
}

impl Desk {
    pub(super) fn new(parts: Parts<'_>, post: Arc<Post>) -> Self {
        let settings = parts.settings;
        let rate = open::rate(settings.limits.mail);
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

    /// Writes a mail and has it sent. A letter that cannot be written is logged: nobody can mend it by trying
    /// again.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(super) async fn write(&self, letter: Letter) -> StoreResult<()> {
        let (kind, user, now) = (letter.kind, letter.user.id, self.clock.now());
        let to = match EmailAddress::parse(&letter.to) {
            Ok(to) => to,
            Err(error) => {
                tracing::error!(%error, %user, mail = kind.name(), "no mail can be sent to the address of this account");
                return Ok(());
            }
        };
        let token = kind.purpose().map(|purpose| (purpose, OneTimeToken::draw(&*self.entropy)));
        let link = token.as_ref().map(|(purpose, token)| {
            format!("{}{}?token={}", self.public_url, texts::path(*purpose), token.encode())
        });
        let facts = Facts {
            site_name: &self.site_name,
            public_url: &self.public_url,
            letter: &letter,
            now,
            link: link.as_deref(),
        };
        // The log has it already.
        let Ok(written) = texts::write(&self.templates, &facts) else { return Ok(()) };
        let tried_for =
            token.as_ref().map_or(outbox::TRIED_FOR, |(purpose, _)| worth(purpose.lifetime()));
        // The link works before it is on its way.
        if let Some((purpose, token)) = &token {
            self.store.put_one_time(&OneTime::new(token, *purpose, user, &to, now)).await?;
        }
        let envelope = Envelope { kind: kind.name(), user: Some(user), to, tried_for };
        let id = self.post_it(envelope, &written).await?;
        if let Some(link) = link.filter(|_| self.shows_links) {
            tracing::info!(%id, link, "what this mail asks to open");
        }
        Ok(())
    }

    /// Puts a mail into the store and has it sent.
    ///
    /// # Errors
    /// Where the store cannot be used.
    pub(super) async fn post_it(
        &self,
        envelope: Envelope,
        written: &Written,
    ) -> StoreResult<MailId> {
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
        let sealed = self
            .seal
            .seal(&id.to_string(), message.to_text().as_bytes(), &*self.entropy)
            .map_err(StoreError::unreadable)?;
        let mail = OutgoingMail {
            id,
            kind: kind.to_owned(),
            user,
            recipient: recipient(&to),
            sealed,
            created_at: now,
            gives_up_at: now + tried_for,
        };
        self.store.enqueue_mail(&mail).await?;
        let user = user.map(tracing::field::display);
        tracing::info!(mail = kind, %id, user, "a mail was written");
        self.post.wake();
        Ok(id)
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
