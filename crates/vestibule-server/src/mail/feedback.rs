//! Feedback, told to those who run the site.

use minijinja::context;
use vestibule::core::{name::EmailAddress, outbox, store::Feedback, store::StoreResult};

use super::{
    Mailer,
    desk::{Desk, Envelope},
    texts,
};

/// Its name in the log and in listings, as every other mail has one.
pub(super) const KIND: &str = "feedback";

impl Mailer {
    /// Tells those who run the site what somebody said.
    ///
    /// # Errors
    /// Where the store cannot be used: no mail is on its way then.
    pub(crate) async fn bring(
        &self,
        feedback: &Feedback,
        username: Option<&str>,
    ) -> StoreResult<()> {
        self.desk.bring(feedback, username).await
    }
}

impl Desk {
    async fn bring(&self, feedback: &Feedback, username: Option<&str>) -> StoreResult<()> {
        let Some(to) = &self.feedback_to else {
            let id = feedback.id;
            tracing::info!(feedback = id, "not mailed to anybody: feedback.to is not set");
            return Ok(());
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
        let language = self.templates.language(None);
        // The log has it already.
        let Ok(written) = texts::render(&self.templates, language, "feedback", &facts, &facts)
        else {
            return Ok(());
        };
        let (user, tried_for) = (content.user, outbox::TRIED_FOR);
        self.post_it(
            Envelope { kind: KIND, user, to: EmailAddress::clone(to), tried_for },
            &written,
        )
        .await?;
        Ok(())
    }
}
