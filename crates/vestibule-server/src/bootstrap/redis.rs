//! What the nodes of a site share through Redis.

use vestibule_redis::{Redis, RedisOptions};

use crate::{config::Settings, error::CommandError};

/// The Redis that the settings name, if they name one. It is connected to beside everything else: a site
/// starts without it, and goes on without it.
///
/// # Errors
/// [`CommandError::Usage`] where the url cannot be read.
pub(crate) fn open_redis(settings: &Settings) -> Result<Option<Redis>, CommandError> {
    let Some(url) = &settings.redis_url else {
        return Ok(None);
    };
    let opened = Redis::open(url.expose(), RedisOptions::default());
    opened.map(Some).map_err(|error| CommandError::Usage(error.to_string()))
}
