//! Feedback on its way in: so much from each network, kept, and told by mail.

use std::sync::Arc;

use vestibule::{
    Detail, Problem, RateLimit, Vestibule, Visit,
    core::{event::EventName, limit::SharedLimits, name::EmailAddress, time::Clock},
};
use vestibule_site::store::NewFeedback;

use crate::{config::Settings, services::mail::Mailer};

/// The longest message, in characters.
pub(crate) const MOST: usize = 5_000;

/// Where feedback comes in.
pub(crate) struct FeedbackService {
    /// From each network.
    sent: RateLimit,
    mailer: Mailer,
    auth: Vestibule,
}

impl FeedbackService {
    pub(crate) fn new(
        settings: &Settings,
        limits: Option<Arc<dyn SharedLimits>>,
        clock: Arc<dyn Clock>,
        mailer: Mailer,
        auth: Vestibule,
    ) -> Self {
        let rate = settings.limits.feedback.as_limit();
        Self { sent: RateLimit::new("feedback", rate, limits, clock), mailer, auth }
    }

    /// Takes in feedback of whoever is there.
    ///
    /// # Errors
    /// `invalid_input` with the fields, `rate_limited`, `unavailable`.
    pub(crate) async fn take(&self, visit: &Visit, text: &str, email: &str) -> Result<(), Problem> {
        let (text, email) = checked(text, email)?;
        self.count(visit).await?;
        let user = visit.known_caller().map(|caller| caller.user_id());
        let new = NewFeedback {
            user,
            email,
            text,
            address: visit.address().map(|address| address.to_string()).unwrap_or_default(),
            agent: visit.agent().to_owned(),
        };
        let username = visit.known_caller().map(|caller| caller.username().to_owned());
        let mailer = self.mailer.clone();
        let work = async move { Ok(mailer.keep_feedback(new, username).await?) };
        self.auth.uncancelled(work).await
    }

    /// Every message counts, not only those that fail.
    async fn count(&self, visit: &Visit) -> Result<(), Problem> {
        self.sent.count(&visit.network()?.to_string()).await.map_err(|limited| {
            let event = visit.event(EventName::ExcessRateLimitExceeded).with("of", "feedback");
            visit.record(event, "refused feedback: too many messages from one address");
            limited.into()
        })
    }
}

fn checked(text: &str, email: &str) -> Result<(String, Option<String>), Problem> {
    let (text, email) = (text.trim(), email.trim());
    let mut problems = Vec::new();
    if text.is_empty() {
        let wrong = Detail::new("feedback_empty", "The message is empty: write one.");
        problems.push(Problem::fault("text", &wrong));
    } else if text.chars().count() > MOST {
        let wrong = format!("The message is too long: use at most {MOST} characters.");
        let wrong = Detail::new("feedback_too_long", wrong).with("max", MOST);
        problems.push(Problem::fault("text", &wrong));
    }
    let address = (!email.is_empty()).then(|| EmailAddress::parse(email));
    if let Some(Err(error)) = &address {
        problems.push(Problem::fault("email", error));
    }
    let fields: Vec<_> = problems.into_iter().flat_map(|problem| problem.fields).collect();
    if !fields.is_empty() {
        return Err(Problem { fields, ..Problem::new(vestibule::ErrorCode::InvalidInput) });
    }
    // Line ends as forms send them, and no other control character.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.chars().filter(|letter| !letter.is_control() || "\n\t".contains(*letter));
    Ok((text.collect(), address.and_then(Result::ok).map(|address| address.as_str().to_owned())))
}
