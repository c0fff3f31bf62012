//! Writes the file while it is read: at any moment a page of it is in memory, however long it is.

use std::collections::HashMap;

use axum::body::Bytes;
use http_body_util::channel::Sender;
use serde::Serialize;
use vestibule::{
    User,
    core::{
        id::UserId,
        store::{StoreError, StoreResult},
    },
};
use vestibule_site::store::{EventQuery, OutboxQuery};

use super::bodies::{
    ExportedEvent, ExportedFeedback, ExportedMail, ExportedSession, FORMAT, OwnFile, Profile,
    SharedFile,
};
use crate::{services::mail, web::state::Site};

/// How much is read at once.
const PAGE: u32 = 500;

/// Why nothing more is written.
enum Stop {
    /// Nobody reads any more.
    Unread,
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Writes all of it. A file that cannot be ended is broken off, so that nobody takes it for the whole.
pub(super) async fn write(site: Site, user: User, pieces: Sender<Bytes, StoreError>) {
    let mut writer = Writer { site, user, pieces, text: String::new() };
    match writer.all().await {
        Ok(()) | Err(Stop::Unread) => {}
        Err(Stop::Store(error)) => {
            tracing::error!(%error, user = %writer.user.id, "an account export was interrupted");
            writer.pieces.abort(error);
        }
    }
}

struct Writer {
    site: Site,
    user: User,
    pieces: Sender<Bytes, StoreError>,
    text: String,
}

impl Writer {
    async fn all(&mut self) -> Result<(), Stop> {
        let now = self.site.auth.now();
        self.text.push_str("{\n\"format\": ");
        self.value(&FORMAT)?;
        self.text.push_str(",\n\"site\": ");
        let site_name = self.site.settings.site_name.clone();
        self.value(&site_name)?;
        self.text.push_str(",\n\"made_at\": ");
        self.value(&now.seconds())?;
        self.text.push_str(",\n\"profile\": ");
        let profile = Profile::from(&self.user);
        self.value(&profile)?;
        self.sessions().await?;
        self.events().await?;
        self.files().await?;
        self.shared().await?;
        self.feedback().await?;
        self.mails().await?;
        self.text.push_str("\n}\n");
        self.send().await
    }

    async fn sessions(&mut self) -> Result<(), Stop> {
        let (now, auth) = (self.site.auth.now(), self.site.auth.clone());
        let (mut behind, mut is_first) = (None, true);
        self.begin("sessions");
        loop {
            let page = auth.sessions_of(self.user.id, behind).await;
            let page = page.map_err(|problem| StoreError::unavailable(problem.code.name()))?;
            for session in &page.sessions {
                let renewals = auth.store().renewals_of(session.id).await?;
                self.row(is_first, &ExportedSession::of(session, renewals, now))?;
                is_first = false;
                self.send().await?;
            }
            behind = page.next;
            if behind.is_none() {
                break;
            }
        }
        self.end().await
    }

    async fn events(&mut self) -> Result<(), Stop> {
        let owner = self.user.id;
        let mut query = EventQuery { subject: Some(owner), limit: PAGE, ..EventQuery::default() };
        let mut is_first = true;
        self.begin("events");
        loop {
            let events = self.site.store.events(&query).await?;
            let goes_on = is_full(events.len());
            let last = events.last().map(vestibule_site::store::KeptEvent::cursor);
            let mut names = HashMap::new();
            for kept in events {
                let by = match kept.event.actor {
                    Some(actor) => self.name_of(actor, &mut names).await?,
                    None => None,
                };
                self.row(is_first, &ExportedEvent::of(kept.event, by, owner))?;
                is_first = false;
            }
            self.send().await?;
            match last.filter(|_| goes_on) {
                Some(last) => query.behind = Some(last),
                None => break,
            }
        }
        self.end().await
    }

    async fn files(&mut self) -> Result<(), Stop> {
        let (owner, public_url) = (self.user.id, self.public_url());
        let (mut after, mut is_first) = (None, true);
        self.begin("files");
        loop {
            let files = self.site.store.files_of(owner, after, PAGE).await?;
            let ids: Vec<_> = files.iter().map(|seen| seen.file.id).collect();
            let shares = self.site.store.shares_of(&ids).await?;
            for seen in &files {
                self.row(is_first, &OwnFile::of(seen, &shares, &public_url))?;
                is_first = false;
            }
            self.send().await?;
            after = files.last().map(vestibule_site::store::SeenFile::place);
            if !is_full(files.len()) {
                break;
            }
        }
        self.end().await
    }

    async fn shared(&mut self) -> Result<(), Stop> {
        let (reader, public_url) = (self.user.id, self.public_url());
        let (mut after, mut is_first) = (None, true);
        self.begin("shared_with_me");
        loop {
            let files = self.site.store.files_shared_with(reader, after, PAGE).await?;
            for seen in &files {
                self.row(is_first, &SharedFile::of(seen, &public_url))?;
                is_first = false;
            }
            self.send().await?;
            after = files.last().map(vestibule_site::store::SeenFile::place);
            if !is_full(files.len()) {
                break;
            }
        }
        self.end().await
    }

    async fn feedback(&mut self) -> Result<(), Stop> {
        let (mut before, mut is_first) = (None, true);
        self.begin("feedback");
        loop {
            let said = self.site.store.feedback_of(self.user.id, before, PAGE).await?;
            before = said.last().map(|last| last.id);
            let goes_on = is_full(said.len());
            for feedback in said {
                self.row(is_first, &ExportedFeedback::from(feedback))?;
                is_first = false;
            }
            self.send().await?;
            if !goes_on {
                break;
            }
        }
        self.end().await
    }

    async fn mails(&mut self) -> Result<(), Stop> {
        let user = Some(self.user.id);
        let mut query = OutboxQuery { user, limit: PAGE, ..OutboxQuery::default() };
        let mut is_first = true;
        self.begin("mails");
        loop {
            let mails = self.site.store.outbox(&query).await?;
            query.after = mails.last().map(|last| (last.created_at, last.id));
            let goes_on = is_full(mails.len());
            for sent in mails.into_iter().filter(|sent| mail::goes_to_owner(&sent.kind)) {
                self.row(is_first, &ExportedMail::from(sent))?;
                is_first = false;
            }
            self.send().await?;
            if !goes_on {
                break;
            }
        }
        self.end().await
    }

    /// The present user name of who did something.
    async fn name_of(
        &self,
        id: UserId,
        known: &mut HashMap<UserId, Option<String>>,
    ) -> StoreResult<Option<String>> {
        if id == self.user.id {
            return Ok(Some(self.user.username.clone()));
        }
        if let Some(name) = known.get(&id) {
            return Ok(name.clone());
        }
        let name = self.site.store.user(id).await?.map(|user| user.username);
        known.insert(id, name.clone());
        Ok(name)
    }

    fn public_url(&self) -> String {
        self.site.settings.public_url.to_string()
    }

    fn begin(&mut self, name: &str) {
        self.text.push_str(",\n\"");
        self.text.push_str(name);
        self.text.push_str("\": [");
    }

    fn row(&mut self, is_first: bool, row: &impl Serialize) -> Result<(), Stop> {
        self.text.push_str(if is_first { "\n" } else { ",\n" });
        self.value(row)
    }

    async fn end(&mut self) -> Result<(), Stop> {
        self.text.push_str("\n]");
        self.send().await
    }

    fn value(&mut self, value: &impl Serialize) -> Result<(), Stop> {
        let text = serde_json::to_string(value).map_err(StoreError::unreadable)?;
        self.text.push_str(&text);
        Ok(())
    }

    /// Hands over what is written so far.
    async fn send(&mut self) -> Result<(), Stop> {
        if self.text.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.text);
        self.pieces.send_data(piece.into()).await.map_err(|_| Stop::Unread)
    }
}

/// Whether there may be more behind a page.
fn is_full(rows: usize) -> bool {
    rows >= usize::try_from(PAGE).unwrap_or(usize::MAX)
}
