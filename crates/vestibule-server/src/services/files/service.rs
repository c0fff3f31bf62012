//! What may be done with a file, by whichever door somebody comes.

use axum::extract::Request;
use vestibule::{
    Detail, ErrorCode, Principal, Problem, Visit,
    core::{
        event::EventName,
        id::UserId,
        limit::Limited,
        name::{LoginKey, UserName},
    },
};
use vestibule_site::{
    file::{Access, AccessRefused, File, NewFile, ShareAccess, Stale, Tags, check_overwrite},
    id::FileId,
    store::{NotKept, Replacement, SeenFile, Shared},
};

use super::{
    Files,
    receive::{over_quota, receive},
};

/// How often a content is put in the place of one that keeps changing.
const ATTEMPTS: usize = 5;

impl Files {
    /// The file, where `caller` may do with it what needs `wanted`.
    ///
    /// # Errors
    /// `not_found` for those who may not know of it, `forbidden` for those who may do less.
    pub(crate) async fn file_for(
        &self,
        caller: UserId,
        id: FileId,
        wanted: Access,
    ) -> Result<SeenFile, Problem> {
        let seen = self.catalogue.file(id, caller).await?;
        let seen = seen.ok_or(Problem::new(ErrorCode::NotFound))?;
        let access = seen.access(caller);
        if access.is_none() {
            return Err(Problem::not_theirs(seen.file.owner, "file", id));
        }
        wanted.check(access).map_err(access_refused)?;
        Ok(seen)
    }

    /// Takes in the file of a request and keeps it for `owner`.
    ///
    /// # Errors
    /// What is wrong with the request; nothing is kept then.
    pub(crate) async fn keep_file(&self, owner: UserId, request: Request) -> Result<File, Problem> {
        let usage = self.catalogue.file_usage(owner).await?;
        let room = self.room(usage, None);
        let received = receive(self, owner, request, None, room).await?;
        let new = NewFile {
            id: FileId::draw(self.auth.entropy()),
            owner,
            name: received.name,
            content: received.content,
        };
        let made = self.catalogue.create_file(&new, self.quota(), self.auth.now());
        match made.await {
            Ok(Ok(file)) => {
                tracing::info!(user = %owner, file = %file.id, size = file.size, "a file was stored");
                Ok(file)
            }
            Ok(Err(refused)) => {
                self.blobs.discard(&new.content.blobs);
                Err(not_kept(refused))
            }
            // It may have been carried out after all: if not, the next clean-up finds the blobs.
            Err(error) => Err(error.into()),
        }
    }

    /// Takes in the content of a request and puts it in the place of a file's present one.
    ///
    /// # Errors
    /// `precondition_failed` where that is not the one which the caller has seen.
    pub(crate) async fn replace_file(
        &self,
        caller: UserId,
        id: FileId,
        if_match: Option<&Tags>,
        request: Request,
    ) -> Result<File, Problem> {
        let mut seen = self.file_for(caller, id, Access::Write).await?;
        check_overwrite(&seen.file, caller, if_match).map_err(stale)?;
        let usage = self.catalogue.file_usage(seen.file.owner).await?;
        let room = self.room(usage, Some(seen.file.size));
        let received = receive(self, caller, request, Some(&seen.file.name), room).await?;
        let mut replacement =
            Replacement { from: seen.file.version, content: received.content, by: caller };
        for _ in 0..ATTEMPTS {
            let replaced =
                self.catalogue.replace_content(id, &replacement, self.quota(), self.auth.now());
            match replaced.await? {
                Ok(Some(file)) => return Ok(file),
                Err(over) => {
                    self.blobs.discard(&replacement.content.blobs);
                    return Err(over_quota(over));
                }
                Ok(None) => {}
            }
            // It has changed while the content arrived: perhaps not to what the caller has seen.
            let again = self.file_for(caller, id, Access::Write).await.and_then(|again| {
                check_overwrite(&again.file, caller, if_match).map_err(stale)?;
                Ok(again)
            });
            seen = again.inspect_err(|_| self.blobs.discard(&replacement.content.blobs))?;
            replacement.from = seen.file.version;
        }
        self.blobs.discard(&replacement.content.blobs);
        Err(stale(Stale))
    }

    /// Deletes a file of the caller's own.
    ///
    /// # Errors
    /// `precondition_failed` where the caller has seen another content.
    pub(crate) async fn delete_file(
        &self,
        caller: UserId,
        id: FileId,
        if_match: Option<&Tags>,
    ) -> Result<(), Problem> {
        let seen = self.file_for(caller, id, Access::Own).await?;
        if if_match.is_some_and(|tags| !tags.hold_weakly(&seen.file.tag())) {
            return Err(stale(Stale));
        }
        let version = if_match.map(|_| seen.file.version);
        let deleted = self.catalogue.delete_file(id, version, self.auth.now()).await?;
        match (deleted, version) {
            (true, _) => {
                tracing::info!(user = %caller, file = %id, "a file was deleted");
                Ok(())
            }
            (false, Some(_)) => Err(stale(Stale)),
            (false, None) => Err(Problem::new(ErrorCode::NotFound)),
        }
    }

    /// Offers to share a file of the caller's own with whoever has this user name. Whether somebody has it, the
    /// answer does not tell, and neither does the list of shares.
    ///
    /// # Errors
    /// `invalid_input` where it is no user name or the caller's own, `rate_limited`.
    pub(crate) async fn share_file(
        &self,
        visit: &Visit,
        caller: &Principal,
        id: FileId,
        username: &str,
        access: ShareAccess,
    ) -> Result<UserName, Problem> {
        self.file_for(caller.user_id(), id, Access::Own).await?;
        let to = UserName::parse(username).map_err(|error| Problem::fault("username", &error))?;
        let own = self.auth.users().user(caller.user_id()).await?;
        if own.is_some_and(|own| UserName::parse(&own.username).is_ok_and(|own| own == to)) {
            let text = "this file is already yours; choose another user";
            return Err(Problem::fault("username", &Detail::new("share_with_self", text)));
        }
        let counted = self.offers.count(&caller.user_id().to_string()).await;
        counted.map_err(|limited| too_many_offers(visit, caller, limited))?;
        match self.catalogue.offer_file(id, &to, access, self.auth.now()).await? {
            Shared::Done => {
                tracing::info!(user = %caller.user_id(), file = %id, %access, "a file was offered to a user");
                Ok(to)
            }
            Shared::Nobody => Err(Problem::new(ErrorCode::NotFound)),
            Shared::TooMany => {
                let text =
                    "the file has reached its maximum number of shares; end one of them first";
                Err(Problem::fault("username", &Detail::new("too_many_shares", text)))
            }
        }
    }

    /// Takes a file that is offered to the caller into their list.
    ///
    /// # Errors
    /// `not_found` where there is none, or it is there already.
    pub(crate) async fn accept_file(
        &self,
        caller: UserId,
        id: FileId,
    ) -> Result<SeenFile, Problem> {
        if self.catalogue.accept_offer(id, caller).await? {
            tracing::info!(user = %caller, file = %id, "a shared file was accepted");
        }
        let seen = self.file_for(caller, id, Access::Read).await?;
        if seen.file.owner == caller {
            return Err(Problem::new(ErrorCode::NotFound));
        }
        Ok(seen)
    }

    /// Shares a file no longer with the user of this name, or takes the offer back. Its owner may do so, and
    /// that user.
    ///
    /// # Errors
    /// `not_found` where it was neither shared with them nor offered to them.
    pub(crate) async fn unshare_file(
        &self,
        caller: UserId,
        id: FileId,
        username: &str,
    ) -> Result<(), Problem> {
        let not_shared = || {
            let reason = Detail::new("not_shared", "The file is not shared with this user.");
            Problem::new(ErrorCode::NotFound).because(&reason)
        };
        let seen = self.file_for(caller, id, Access::Read).await?;
        let name = UserName::parse(username).map_err(|_| not_shared())?;
        let named = self.auth.users().credentials(&LoginKey::from_typed(username)).await?;
        let with = named.map(|named| named.user.id);
        let wanted = if with == Some(caller) { Access::Read } else { Access::Own };
        wanted.check(seen.access(caller)).map_err(access_refused)?;
        let was_offered = self.catalogue.withdraw_offer(id, &name).await?;
        let was_shared = match with {
            Some(with) => self.catalogue.unshare_file(id, with).await?,
            None => false,
        };
        if !was_offered && !was_shared {
            return Err(not_shared());
        }
        tracing::info!(user = %caller, file = %id, "a file is no longer shared with a user");
        Ok(())
    }
}

fn too_many_offers(visit: &Visit, caller: &Principal, limited: Limited) -> Problem {
    let event = visit.event(EventName::ExcessRateLimitExceeded).of(caller.user_id());
    let event = event.in_session(caller.session_id()).with("of", "shares");
    visit.record(event, "refused a share: too many by one user");
    limited.into()
}

/// The catalogue does not take a file.
pub(crate) fn not_kept(refused: NotKept) -> Problem {
    match refused {
        NotKept::OverQuota(over) => over_quota(over),
        // Their session ends in this moment.
        NotKept::NoOwner => Problem::new(ErrorCode::TokenRevoked),
    }
}

fn access_refused(refused: AccessRefused) -> Problem {
    match refused {
        AccessRefused::Unknown => Problem::new(ErrorCode::NotFound),
        AccessRefused::TooLittle => {
            let text = "Your access to this shared file does not allow this. Ask its owner.";
            Problem::new(ErrorCode::Forbidden).because(&Detail::new("shared_for_less", text))
        }
    }
}

fn stale(_: Stale) -> Problem {
    Problem::new(ErrorCode::PreconditionFailed).detail(
        "The file has changed since you read it. Read it again, merge, and send the new `ETag` in `If-Match`.",
    )
}
