//! A body that has to keep arriving.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// The least that arrives of a body while it is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) bytes: u64,
    pub(super) within: Duration,
}

/// A body that arrives at a rate or ends with [`Stalled`]. The time in which nobody asks for more does not
/// count: a slow disk makes no client slow.
pub(super) struct Steady {
    body: Body,
    least: Rate,
    /// What has arrived in the present stretch of time.
    arrived: u64,
    /// How long it was waited for in this stretch.
    waited: Duration,
    /// The present wait: since when, and until the stretch is over.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

/// A body arrives too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body arrives too slowly")]
pub(super) struct Stalled;

impl Steady {
    pub(super) fn new(body: Body, least: Rate) -> Self {
        Self { body, least, arrived: 0, waited: Duration::ZERO, waiting: None }
    }

    fn arrive(&mut self, bytes: usize) {
        self.arrived = self.arrived.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        // One long wait may be longer than a stretch; what ended it counts for it.
        if self.waited >= self.least.within && self.arrived >= self.least.bytes {
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        (self.arrived, self.waited, self.waiting) = (0, Duration::ZERO, None);
    }

    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let left = self.least.within.saturating_sub(self.waited);
            let (_, over) =
                self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
            if over.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if self.arrived < self.least.bytes {
                return Poll::Ready(());
            }
            self.begin_anew();
        }
    }
}

impl hyper::body::Body for Steady {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            self.arrive(data.map_or(0, Bytes::len));
            return Poll::Ready(frame);
        }
        self.poll_stalled(context).map(|()| Some(Err(axum::Error::new(Stalled))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use futures_util::{StreamExt as _, stream};

    use super::*;

    const LEAST: Rate = Rate { bytes: 10, within: Duration::from_secs(30) };

    /// A body that brings `bytes` again and again after `wait`, `times` in all, and then nothing for an hour.
    fn bringing(bytes: usize, wait: u64, times: u64) -> Body {
        let pieces = stream::unfold(0, move |number| async move {
            sleep(Duration::from_secs(if number < times { wait } else { 3600 })).await;
            Some((Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; bytes])), number + 1))
        });
        Body::new(Steady::new(Body::from_stream(pieces), LEAST))
    }

    /// How many pieces arrive, and how long that takes until it is too slow. Each takes `work` to deal with.
    async fn pieces_until_stalled(body: Body, work: u64) -> (u64, u64) {
        let began = Instant::now();
        let mut body = body.into_data_stream();
        for number in 0.. {
            match body.next().await.unwrap() {
                Ok(_) => sleep(Duration::from_secs(work)).await,
                Err(error) => {
                    let mut cause = error.source();
                    while cause.is_some_and(|cause| !cause.is::<Stalled>()) {
                        cause = cause.and_then(|cause| cause.source());
                    }
                    assert!(cause.is_some(), "{error}");
                    return (number, began.elapsed().as_secs());
                }
            }
        }
        (0, 0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_arrives_and_one_that_stalls_ends() {
        assert_eq!(pieces_until_stalled(bringing(10, 29, 5), 0).await, (5, 6 * 30));
        assert_eq!(pieces_until_stalled(bringing(1, 2, 50), 0).await.0, 50);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_ends_after_one_stretch() {
        assert_eq!(pieces_until_stalled(bringing(1, 10, 1000), 0).await, (3, 30));
        assert_eq!(pieces_until_stalled(bringing(9, 29, 1000), 0).await, (1, 30));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_that_the_site_takes_is_not_the_clients() {
        let (pieces, took) = pieces_until_stalled(bringing(4, 10, 20), 100).await;
        assert_eq!(pieces, 20);
        assert!(took > 20 * 110);
    }
}
