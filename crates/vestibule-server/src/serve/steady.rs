//! A body that has to keep arriving.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// A body of which something arrives at least once in a while; otherwise it ends with [`Stalled`]. The time
/// in which nobody asks for more does not count.
pub(super) struct Steady {
    body: Body,
    within: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

/// Nothing more has arrived of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing more of the body has arrived for too long")]
pub(super) struct Stalled;

impl Steady {
    pub(super) fn new(body: Body, within: Duration) -> Self {
        Self { body, within, waiting: None }
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
            self.waiting = None;
            return Poll::Ready(frame);
        }
        let within = self.within;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(within)));
        match waiting.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(axum::Error::new(Stalled)))),
            Poll::Pending => Poll::Pending,
        }
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

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_arrives_and_a_stalled_one_ends() {
        let pieces = stream::unfold(0_u64, async |number| {
            // The fourth piece never comes.
            let wait = if number < 3 { Duration::from_secs(29) } else { Duration::from_secs(3600) };
            sleep(wait).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"a")), number + 1))
        });
        let body = Body::new(Steady::new(Body::from_stream(pieces), Duration::from_secs(30)));
        let mut body = body.into_data_stream();
        for _ in 0..3 {
            assert_eq!(body.next().await.unwrap().unwrap(), "a");
            // Whoever takes their time is not what this is about.
            sleep(Duration::from_secs(100)).await;
        }
        let error = body.next().await.unwrap().unwrap_err();
        let mut cause = error.source();
        while let Some(inner) = cause {
            if inner.is::<Stalled>() {
                return;
            }
            cause = inner.source();
        }
        panic!("{error}");
    }
}
