//! Waking the other nodes by publishing on a channel.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use tokio::{
    sync::{Mutex, Notify, watch},
    task::JoinHandle,
};
use vestibule_core::store::FeedNotifier;

use crate::link::{CallError, Link};

/// Notifications through Redis. Messages are empty: they say that there is something, and the feed says what.
pub struct RedisNotifier {
    link: Arc<Link>,
    wakes: Mutex<watch::Receiver<()>>,
    wanted: Arc<Notify>,
    publisher: JoinHandle<()>,
}

impl RedisNotifier {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        let wanted = Arc::new(Notify::new());
        let publisher = tokio::spawn(publish(Arc::clone(&link), Arc::clone(&wanted)));
        Self { wakes: Mutex::new(link.wakes()), link, wanted, publisher }
    }
}

#[async_trait]
impl FeedNotifier for RedisNotifier {
    async fn notify(&self) {
        // It keeps one wish: however many come while one is on its way, one more follows.
        self.wanted.notify_one();
    }

    async fn notified(&self) {
        // Whoever is dropped while waiting has taken nothing: what has come is noted as seen with the
        // answer, not before.
        if self.wakes.lock().await.changed().await.is_err() {
            // The link is held by this notifier; were it gone, nothing would ever come.
            std::future::pending::<()>().await;
        }
    }

    fn is_connected(&self) -> bool {
        self.link.is_there()
    }
}

impl Drop for RedisNotifier {
    fn drop(&mut self) {
        self.publisher.abort();
    }
}

impl fmt::Debug for RedisNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNotifier").field("at", &self.link.at()).finish_non_exhaustive()
    }
}

/// Publishes whenever somebody has wished it since the last time.
async fn publish(link: Arc<Link>, wanted: Arc<Notify>) {
    let mut is_refused = false;
    loop {
        wanted.notified().await;
        match publish_once(&link).await {
            Ok(()) => is_refused = false,
            Err(error) => {
                if !is_refused {
                    tracing::warn!(redis = link.at(), %error, "cannot publish notifications; other nodes find changes by reading the feed");
                }
                is_refused = true;
            }
        }
    }
}

/// Publishes, once there is a connection. What is wished meanwhile is in this one.
async fn publish_once(link: &Link) -> Result<(), CallError> {
    loop {
        link.there().await;
        let channel = link.channel().to_owned();
        let publishing = link.call(|mut connection| async move {
            redis::cmd("PUBLISH").arg(channel).arg("").exec_async(&mut connection).await
        });
        match publishing.await {
            Err(CallError::Away | CallError::Lost) => {}
            decided => return decided,
        }
    }
}
