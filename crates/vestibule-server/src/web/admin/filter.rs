//! What lists are narrowed to, as typed into a query.

use axum::http::Uri;
use time::{Date, Month};
use vestibule::{
    Detail, Problem, User,
    core::{
        id::UserId,
        name::{LoginKey, prefix_key},
        store::{SessionCursor, StoreResult, UserQuery},
        time::Timestamp,
        user::UserStatus,
    },
};
use vestibule_site::{
    outbox::{MailId, OutboxEntry},
    store::{EventQuery, OutboxQuery},
};

use crate::web::state::Site;

/// How many entries a list has where nobody says.
pub(crate) const PAGE: u32 = 50;
/// And at most.
const MOST: u32 = 200;
const DAY: i64 = 24 * 3600;

/// The parameters of a query; of several of one name the first counts, and an empty one is none.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.trim().to_owned())).collect())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter as what it has to be.
    ///
    /// # Errors
    /// `invalid_input` with `wrong`.
    fn parsed<T>(
        &self,
        name: &str,
        (code, wrong): (&'static str, &str),
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| Problem::fault(name, &Detail::new(code, wrong)))
    }

    /// How many entries are wanted.
    fn limit(&self) -> Result<u32, Problem> {
        let wrong = format!("write a number from 1 to {MOST}");
        let limit = self.parsed("limit", ("filter_limit", &wrong), |text| {
            text.parse().ok().filter(|limit| (1..=MOST).contains(limit))
        })?;
        Ok(limit.unwrap_or(PAGE))
    }

    /// Which users are wanted.
    ///
    /// # Errors
    /// `invalid_input` with the field.
    pub(crate) fn users(&self) -> Result<UserQuery, Problem> {
        Ok(UserQuery {
            prefix: self.text("q").map(prefix_key).filter(|prefix| !prefix.is_empty()),
            status: self.parsed(
                "status",
                ("filter_choice", "write active, suspended or deleted"),
                |text| text.parse::<UserStatus>().ok(),
            )?,
            role: self.parsed("role", ("filter_role", "this is not a role name"), |text| {
                text.parse().ok()
            })?,
            super_users: self
                .parsed("super_user", ("filter_choice", "write true, or leave it out"), switch)?
                .unwrap_or(false),
            after: self.parsed("cursor", BAD_CURSOR, |text| text.parse().ok())?,
            limit: self.limit()?,
        })
    }

    /// Which events are wanted. People may be named by number, user name or address.
    ///
    /// # Errors
    /// `invalid_input` with the field; `unavailable`.
    pub(crate) async fn events(&self, site: &Site) -> Result<EventQuery, Problem> {
        Ok(EventQuery {
            name: self.parsed("event", ("filter_event", "this is not an event name"), |text| {
                text.parse().ok()
            })?,
            actor: self.person("actor", site).await?,
            subject: self.person("subject", site).await?,
            session: self.parsed(
                "session",
                ("filter_session", "this is not a session id"),
                |text| text.parse().ok(),
            )?,
            address: self.text("address").map(str::to_owned),
            from: self.parsed("from", BAD_TIME, |text| moment(text, 0))?,
            // A day that is named is part of what is wanted.
            to: self.parsed("to", BAD_TIME, |text| moment(text, DAY))?,
            behind: self.parsed("cursor", BAD_CURSOR, |text| text.parse().ok())?,
            limit: self.limit()?,
        })
    }

    /// Which mails are wanted.
    ///
    /// # Errors
    /// `invalid_input` with the field; `unavailable`.
    pub(crate) async fn mails(&self, site: &Site) -> Result<OutboxQuery, Problem> {
        Ok(OutboxQuery {
            state: self.parsed(
                "state",
                ("filter_choice", "write waiting, sent or given_up"),
                |text| text.parse().ok(),
            )?,
            user: self.person("user", site).await?,
            after: self.parsed("cursor", BAD_CURSOR, mail_place)?,
            limit: self.limit()?,
        })
    }

    /// Where a page of an account's sessions goes on.
    ///
    /// # Errors
    /// `invalid_input`.
    pub(crate) fn sessions(&self) -> Result<Option<SessionCursor>, Problem> {
        self.parsed("cursor", BAD_CURSOR, |text| text.parse().ok())
    }

    async fn person(&self, name: &str, site: &Site) -> Result<Option<UserId>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Ok(id) = text.parse() {
            return Ok(Some(id));
        }
        let found = by_name(text, site).await?;
        let wrong = "no account has this id, user name or e-mail address";
        let wrong = Detail::new("filter_person", wrong);
        found.map(|user| Some(user.id)).ok_or_else(|| Problem::fault(name, &wrong))
    }
}

/// Cuts what was found to a page, and says from where the next one goes on. Whoever looks asks for one more
/// than `limit`, which tells whether there is another page.
pub(crate) fn page<T>(
    mut found: Vec<T>,
    limit: u32,
    place: impl FnOnce(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| goes_on).map(place);
    (found, next)
}

/// One page of users. Whoever has the number that was typed comes first.
///
/// # Errors
/// `unavailable`.
pub(crate) async fn users(
    parameters: &Parameters,
    query: &UserQuery,
    site: &Site,
) -> Result<(Vec<User>, Option<String>), Problem> {
    let wanted = UserQuery { limit: query.limit + 1, ..query.clone() };
    let found = site.auth.users().users(&wanted).await?;
    let (mut users, next) = page(found, query.limit, |last| last.id.to_string());
    if query.after.is_none()
        && let Some(id) = parameters.text("q").and_then(|text| text.parse::<UserId>().ok())
        && let Some(user) = site.auth.users().user(id).await?
    {
        users.retain(|other| other.id != id);
        users.insert(0, user);
    }
    Ok((users, next))
}

/// One page of mails, the newest first.
///
/// # Errors
/// `unavailable`.
pub(crate) async fn mails(
    query: &OutboxQuery,
    site: &Site,
) -> Result<(Vec<OutboxEntry>, Option<String>), Problem> {
    let wanted = OutboxQuery { limit: query.limit + 1, ..query.clone() };
    let place = |last: &OutboxEntry| format!("{}-{}", last.created_at.millis(), last.id);
    Ok(page(site.store.outbox(&wanted).await?, query.limit, place))
}

/// A place in the list of mails, as [`mails`] gives it.
fn mail_place(text: &str) -> Option<(Timestamp, MailId)> {
    let (at, id) = text.split_once('-')?;
    Some((Timestamp::from_millis(at.parse().ok()?), id.parse().ok()?))
}

async fn by_name(text: &str, site: &Site) -> StoreResult<Option<User>> {
    let key = LoginKey::from_typed(text);
    Ok(site.auth.users().credentials(&key).await?.map(|found| found.user))
}

const BAD_CURSOR: (&str, &str) =
    ("filter_place", "this is not a cursor of this list: start without one");
const BAD_TIME: (&str, &str) = (
    "filter_time",
    "write a day as 2026-11-24, a moment as 2026-11-24T14:03:59Z, or seconds since 1970",
);

fn switch(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "on" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A moment; of a day, `into_day` seconds into it.
fn moment(text: &str, into_day: i64) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse() {
        return Some(Timestamp::from_seconds(seconds));
    }
    let seconds = match text.split_once('T') {
        None => midnight(text)? + into_day,
        Some((day, time)) => midnight(day)? + second_of_day(time.strip_suffix('Z')?)?,
    };
    Some(Timestamp::from_seconds(seconds))
}

/// When a day like `2026-11-24` begins, in UTC.
fn midnight(text: &str) -> Option<i64> {
    let [year, month, day] = numbers(text, '-', [4, 2, 2])?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let year = i32::try_from(year).ok()?;
    let day = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
    Some(day.midnight().assume_utc().unix_timestamp())
}

/// The seconds of a time like `14:03:59`.
fn second_of_day(text: &str) -> Option<i64> {
    let [hour, minute, second] = numbers(text, ':', [2, 2, 2])?;
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then_some((hour * 60 + minute) * 60 + second)
}

/// Three numbers of so many digits.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let numbers = digits.map(|digits| {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| is_number)
    });
    match (numbers, parts.next()) {
        ([Some(one), Some(two), Some(three)], None) => Some([one, two, three]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str) -> Parameters {
        Parameters::of(&format!("/x?{query}").parse().unwrap())
    }

    #[test]
    fn moments_are_read_in_three_ways() {
        let read = |text| moment(text, DAY).map(Timestamp::seconds);
        assert_eq!(read("1795356239"), Some(1_795_356_239));
        assert_eq!(read("2026-11-22T14:03:59Z"), Some(1_795_356_239));
        assert_eq!(read("2026-11-22"), Some(1_795_305_600 + DAY));
        for bad in ["", "yesterday", "2026-13-01", "2026-11-22T14:03:59", "22.11.2026", "1e9"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_list_of_users_is_narrowed_by_what_is_typed() {
        let query =
            parameters("q=+AnNa+&status=suspended&role=&cursor=7&limit=200").users().unwrap();
        assert_eq!(query.prefix.as_deref(), Some("anna"));
        assert_eq!((query.status, query.role), (Some(UserStatus::Suspended), None));
        assert_eq!((query.after, query.limit), (Some(UserId(7)), 200));
        for (bad, field) in [
            ("status=gone", "status"),
            ("role=No%20Role", "role"),
            ("super_user=maybe", "super_user"),
            ("cursor=x", "cursor"),
            ("cursor=-1", "cursor"),
            ("limit=0", "limit"),
            ("limit=201", "limit"),
        ] {
            let problem = parameters(bad).users().unwrap_err();
            assert_eq!(problem.fields[0].field, field, "{bad}");
        }
    }
}
