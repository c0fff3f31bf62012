//! One's files.

use std::cmp::Reverse;

use axum::{
    extract::{FromRequest as _, Request, State},
    http::header,
    response::Response,
};
use minijinja::{Value, context};
use vestibule::{ErrorCode, FieldProblem, Principal, Problem, core::id::UserId};
use vestibule_site::{
    file::{Access, ShareAccess, is_image},
    id::FileId,
    store::{Offer, SeenFile, Share},
};

use super::{flash::Flash, form::FormBody, refusal::Refusal, view::View};
use crate::{
    i18n::Language,
    web::{
        files::{cursor, read_cursor},
        state::Site,
    },
};

const PAGE: &str = "/uploads";
/// Of one's own on a page, and as many of others.
const SHOWN: u32 = 50;
/// Larger pictures are not shown in the list: a page of them would be slow to load.
const LARGEST_PICTURE: u64 = 5 * 1024 * 1024;

/// `GET /uploads`
pub(super) async fn show(caller: Principal, view: View) -> Result<Response, Problem> {
    let content = content(&caller, &view, None).await?;
    view.show("uploads.html", content)
}

/// `POST /uploads`: form data brings a file; other forms say in `action` what to do with one.
pub(super) async fn change(
    caller: Principal,
    view: View,
    State(site): State<Site>,
    request: Request,
) -> Result<Response, Problem> {
    if is_form_data(&request) {
        return match site.files.keep_file(caller.user_id(), request).await {
            Ok(_) => Ok(view.go(PAGE, Some(Flash::FileKept))),
            Err(problem) => {
                let refusal = of_upload(problem)?;
                view.refuse("uploads.html", &refusal, content(&caller, &view, None).await?)
            }
        };
    }
    let form = FormBody::from_request(request, &site).await?;
    let id = form.text("id").parse().map_err(|_| Problem::new(ErrorCode::NotFound))?;
    match form.text("action") {
        "share" => share(&caller, &view, &form, id).await,
        "accept" => {
            site.files.accept_file(caller.user_id(), id).await?;
            Ok(view.go(PAGE, Some(Flash::FileAccepted)))
        }
        "unshare" => {
            site.files.unshare_file(caller.user_id(), id, form.text("username")).await?;
            Ok(view.go(PAGE, Some(Flash::FileUnshared)))
        }
        "delete" => {
            site.files.delete_file(caller.user_id(), id, None).await?;
            Ok(view.go(PAGE, Some(Flash::FileDeleted)))
        }
        _ => Err(Problem::new(ErrorCode::MalformedRequest)),
    }
}

async fn share(
    caller: &Principal,
    view: &View,
    form: &FormBody,
    id: FileId,
) -> Result<Response, Problem> {
    let site = &view.site;
    // Whether it is there and theirs: what is refused after that is about the other person.
    site.files.file_for(caller.user_id(), id, Access::Own).await?;
    let access = form.text("access").parse().map_err(|error| Problem::field("access", error))?;
    let username = form.text("username");
    let refusal = match site.files.share_file(&view.visit, caller, id, username, access).await {
        Ok(_) => return Ok(view.go(PAGE, Some(Flash::FileShared))),
        Err(problem) => Refusal::of(problem)?,
    };
    let content = content(caller, view, Some((id, username))).await?;
    view.refuse("uploads.html", &refusal, content)
}

/// Why a file that was sent with the form is not kept.
fn of_upload(problem: Problem) -> Result<Refusal, Problem> {
    match problem.code {
        ErrorCode::TooLarge => Ok(Refusal::reason_beside(problem, "file")),
        ErrorCode::InvalidInput => match problem.fields.first().cloned() {
            Some(wrong) if !matches!(wrong.code, "file_name_empty" | "missing") => {
                let fields = vec![FieldProblem { field: "file".to_owned(), ..wrong }];
                Refusal::of(Problem { fields, ..problem })
            }
            Some(_) | None => Ok(Refusal::field(problem, "file", "files-choose-first")),
        },
        _ => Refusal::of(problem),
    }
}

fn is_form_data(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
}

/// What the page shows. `sharing` names a file whose share was refused, and whom it was for.
async fn content(
    caller: &Principal,
    view: &View,
    sharing: Option<(FileId, &str)>,
) -> Result<Value, Problem> {
    let (who, files) = (caller.user_id(), &view.site.files);
    let after = |name| view.query(name).and_then(|place| read_cursor(&place));
    let own = files.catalogue.files_of(who, after("own"), SHOWN + 1).await?;
    let shared = files.catalogue.files_shared_with(who, after("shared"), SHOWN + 1).await?;
    let offered = files.catalogue.files_offered_to(who, after("offered"), SHOWN + 1).await?;
    let ids: Vec<_> = own.iter().map(|seen| seen.file.id).collect();
    let shares = Shares {
        accepted: files.catalogue.shares_of(&ids).await?,
        offered: files.catalogue.offers_of(&ids).await?,
    };
    let usage = files.catalogue.file_usage(who).await?;
    let quota = files.quota().bytes;
    let language = view.language();
    Ok(context! {
        user_id => who.to_string(),
        csrf_cookie => view.site.auth.config().cookies.csrf.as_str(),
        own => page(&own, |seen| value(seen, who, &shares, language)),
        shared => page(&shared, |seen| value(seen, who, &Shares::default(), language)),
        offered => page(&offered, |seen| value(seen, who, &Shares::default(), language)),
        is_continued => ["own", "shared", "offered"].iter().any(|list| view.query(list).is_some()),
        used => language.size(usage.bytes),
        quota => language.size(quota),
        used_percent => percent(usage.bytes, quota),
        max_size => language.size(files.max_size()),
        max_bytes => files.max_size(),
        sharing => sharing.map(|(id, username)| context! { id => id.to_string(), username }),
    })
}

/// The files of one list, and where it goes on.
fn page(seen: &[SeenFile], value: impl Fn(&SeenFile) -> Value) -> Value {
    let shown = usize::try_from(SHOWN).unwrap_or(usize::MAX);
    let mut files: Vec<_> = seen.iter().collect();
    files.sort_by_key(|seen| Reverse(seen.place()));
    let has_more = files.len() > shown;
    files.truncate(shown);
    let next = files.last().filter(|_| has_more).map(|last| cursor(last.place()));
    context! { files => files.into_iter().map(value).collect::<Vec<_>>(), next }
}

/// With whom the files of a page are shared, and to whom they are offered.
#[derive(Default)]
struct Shares {
    accepted: Vec<Share>,
    offered: Vec<Offer>,
}

impl Shares {
    fn of(&self, file: FileId) -> Vec<Value> {
        let accepted = self.accepted.iter().filter(|share| share.file == file);
        let accepted = accepted.map(|share| (share.username.as_str(), share.access, true));
        let offered = self.offered.iter().filter(|offer| offer.file == file);
        let offered = offered.map(|offer| (offer.name.as_str(), offer.access, false));
        let value = |(username, access, accepted): (&str, ShareAccess, bool)| {
            context! { username, access => access.name(), accepted }
        };
        accepted.chain(offered).map(value).collect()
    }
}

fn value(seen: &SeenFile, who: UserId, shares: &Shares, language: &Language) -> Value {
    let file = &seen.file;
    let shares = shares.of(file.id);
    context! {
        id => file.id.to_string(),
        name => file.name.as_str(),
        size => language.size(file.size),
        kind => language.text(kind_in_words(&file.kind)),
        is_picture => is_image(&file.kind) && file.size <= LARGEST_PICTURE,
        // Another content has another address for the picture, so that browsers show the new one.
        version => file.version,
        changed_at => file.changed_at.seconds(),
        owner => seen.owner_name.as_str(),
        access => seen.access(who).map(Access::name),
        shares,
    }
}

/// The text that says what a file is.
fn kind_in_words(kind: &str) -> &'static str {
    match kind {
        "application/pdf" => "file-kind-pdf",
        "application/json" | "application/geo+json" => "file-kind-json",
        "application/zip"
        | "application/gzip"
        | "application/x-tar"
        | "application/zstd"
        | "application/x-xz"
        | "application/x-bzip2"
        | "application/x-7z-compressed" => "file-kind-archive",
        _ if kind.starts_with("image/") => "file-kind-picture",
        _ if kind.starts_with("audio/") => "file-kind-sound",
        _ if kind.starts_with("video/") => "file-kind-film",
        _ if kind.starts_with("text/") => "file-kind-text",
        _ if kind.starts_with("application/vnd.o") => "file-kind-document",
        _ => "file-kind-other",
    }
}

/// Rounded up, so that the last free byte is not the first that shows.
fn percent(part: u64, whole: u64) -> u64 {
    let percent = u128::from(part).saturating_mul(100).div_ceil(u128::from(whole.max(1)));
    u64::try_from(percent.min(100)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_quota_is_never_more_than_all_of_it() {
        assert_eq!(percent(0, 100), 0);
        assert_eq!(percent(1, 1_000_000), 1);
        assert_eq!(percent(50, 100), 50);
        assert_eq!(percent(200, 100), 100);
        assert_eq!(percent(u64::MAX, 1), 100);
        assert_eq!(percent(0, 0), 0);
    }
}
