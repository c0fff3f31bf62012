//! Feedback, told to those who run the site.

use minijinja::context;
use vestibule::core::store::Feedback;

use super::{Desk, FileMailer, Job, files, message::Message};

impl FileMailer {
    /// Tells those who run the site what somebody said. It is kept already: where too many mails wait, this
    /// one is lost, and the log says so.
    pub(crate) fn bring(&self, feedback: Feedback, username: Option<String>) {
        let id = feedback.id;
        if self.queue.try_send(Job::Bring(Box::new((feedback, username)))).is_err() {
            tracing::error!(feedback = id, "too many mails wait: this one is lost");
        }
    }
}

impl Desk {
    /// Writes the mail. What goes wrong is logged: nobody waits for it.
    pub(super) fn bring(&self, feedback: &Feedback, username: Option<&str>) {
        let Some(to) = &self.feedback_to else {
            let id = feedback.id;
            tracing::info!(feedback = id, "not mailed to anybody: feedback.to is not set");
            return;
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
        // The log has it already.
        let Ok(text) = self.templates.render("mail/feedback.txt", facts) else { return };
        let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
        let id = self.draw_id();
        let now = self.clock.now();
        let mail = Message {
            from: &self.from,
            to,
            subject: subject.strip_prefix("Subject:").unwrap_or(subject).trim(),
            date: now,
            id: &id,
            body: body.trim(),
        };
        let written = files::write(&self.folder, now, &mail.to_text(), &*self.entropy);
        match written {
            Ok(path) => {
                tracing::info!(feedback = feedback.id, file = %path.display(), "a mail was written")
            }
            Err(error) => tracing::error!(%error, feedback = feedback.id, "a mail was not written"),
        }
    }
}
