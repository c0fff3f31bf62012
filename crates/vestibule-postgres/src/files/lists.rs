//! Lists of files, page by page.

use vestibule_core::{id::UserId, store::StoreResult};
use vestibule_site::store::{ListPlace, SeenFile};

use crate::{
    PostgresStore,
    rows::{self, named_columns},
};

pub(crate) const OF_OWNER: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", NULL FROM files JOIN users ON users.id = files.owner \
     WHERE files.owner = $1 AND users.status <> 'deleted' AND (files.created_at, files.id) < ($2, $3) \
     ORDER BY files.created_at DESC, files.id DESC LIMIT $4"
);

pub(crate) const OFFERED_TO: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", offers.access FROM users AS reader JOIN offers ON offers.name_key = reader.username_key \
     JOIN files ON files.id = offers.file_id JOIN users ON users.id = files.owner \
     WHERE reader.id = $1 AND offers.made_at >= reader.created_at AND files.owner <> reader.id \
     AND users.status <> 'deleted' AND (offers.created_at, offers.file_id) < ($2, $3) \
     ORDER BY offers.created_at DESC, offers.file_id DESC LIMIT $4"
);

pub(crate) const SHARED_WITH: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", shares.access FROM shares JOIN files ON files.id = shares.file_id JOIN users ON users.id = files.owner \
     WHERE shares.user_id = $1 AND users.status <> 'deleted' AND (shares.created_at, shares.file_id) < ($2, $3) \
     ORDER BY shares.created_at DESC, shares.file_id DESC LIMIT $4"
);

impl PostgresStore {
    pub(super) async fn list(
        &self,
        statement: &'static str,
        user: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.read((statement, user, after, limit), |(statement, user, after, limit), connection| {
            // Nothing is later than the end of time.
            let (time, id) = after.map_or((i64::MAX, [0xff; 16]), |target| {
                (target.created_at.millis(), *target.id.as_bytes())
            });
            Box::pin(async move {
                let list = sqlx::query(*statement).bind(user.0).bind(time).bind(&id[..]);
                let files = list.bind(i64::from(*limit)).fetch_all(connection).await?;
                rows::all(&files, rows::seen_file)
            })
        })
        .await
    }
}
