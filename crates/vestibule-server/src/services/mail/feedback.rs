//! Feedback, told to those who run the site.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::context;
use vestibule::core::{
    name::EmailAddress,
    store::{Commit, Consequences, Extension, StoreResult},
};
use vestibule_site::{
    outbox,
    store::{Feedback, NewFeedback, SiteChange},
};

use super::{
    Mailer,
    composer::{Draft, Envelope, MailComposer},
    texts,
};

/// Its name in the log and in listings, as every other mail has one.
pub(super) const KIND: &str = "feedback";

impl Mailer {
    /// Keeps what somebody said, together with the mail that tells those who run the site.
    ///
    /// # Errors
    /// Where the store cannot be used: nothing is kept then.
    pub(crate) async fn keep_feedback(
        &self,
        new: NewFeedback,
        username: Option<String>,
    ) -> StoreResult<()> {
        let written = Arc::<Mutex<Option<Draft>>>::default();
        let (composer, draft) = (Arc::clone(&self.composer), Arc::clone(&written));
        let extension = Some(SiteChange::AddFeedback(new).into());
        let commit = Commit { extension, ..Commit::default() }.followed_by(move |done| {
            let drawn = Feedback::of(done)
                .and_then(|feedback| composer.tell(feedback, username.as_deref()));
            let rows = drawn.iter().map(|draft| Extension::new(draft.mail.clone())).collect();
            *draft.lock().unwrap_or_else(PoisonError::into_inner) = drawn;
            Consequences { rows, ..Consequences::default() }
        });
        // Nothing is asked, so nothing is in the way.
        let _ = self.composer.store.commit(&commit, self.composer.clock.now()).await?;
        if let Some(draft) = written.lock().unwrap_or_else(PoisonError::into_inner).take() {
            draft.log_kept();
            self.composer.wake();
        }
        Ok(())
    }
}

impl MailComposer {
    /// The mail about feedback; `None` where it goes to nobody, or cannot be written.
    fn tell(&self, feedback: &Feedback, username: Option<&str>) -> Option<Draft> {
        let Some(to) = &self.feedback_to else {
            tracing::info!("feedback is not mailed: feedback.to is not set");
            return None;
        };
        let content = &feedback.content;
        let facts = context! {
            site_name => self.site_name.as_str(),
            public_url => self.public_url.as_str(),
            user => content.user.map(|id| id.0),
            username,
            email => content.email.as_deref(),
            text => content.text.as_str(),
        };
        // Who reads it has no account that would say which language.
        let templates = self.templates.get();
        let language = templates.language(None);
        // The log has it already.
        let written = texts::render(&templates, language, "feedback", &facts, &facts).ok()?;
        let (user, tried_for) = (content.user, outbox::TRIED_FOR);
        let envelope = Envelope { kind: KIND, user, to: EmailAddress::clone(to), tried_for };
        self.seal(envelope, &written).map(Draft::plain)
    }
}
