//! What is left of a body when its request has been answered.
//!
//! Where something of it is still on its way, the connection cannot take the next request. Most bodies are
//! short and arrive at once: those are read to their end before the answer goes out, so that a refusal does
//! not cost the client its connection. With a longer one the answer says that the connection ends.
//!
//! In HTTP/2 only the stream would end, by a reset. Many clients send all of a body before they look at the
//! answer, and report nothing but the reset. So the answer goes out at once, and what is left is read before
//! the answer's end is sent.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::header,
    response::Response,
};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::timeout;

/// As much is read for nothing at most, in bytes.
const MOST: u64 = 64 * 1024;
/// And for so long.
const WITHIN: Duration = Duration::from_secs(1);

/// As much is read of a body in HTTP/2 while its answer is held open, in bytes: a file of the usual bound.
const MOST_BEHIND: u64 = 64 * 1024 * 1024;
/// And for so long.
const WITHIN_BEHIND: Duration = Duration::from_secs(30);

/// Where a body is found again that nobody has read to its end.
pub(super) struct Leftover {
    slot: Arc<Mutex<Option<Body>>>,
    /// Whether the client waits for a word before it sends the body (RFC 9110 section 10.1.1).
    is_held_back: bool,
}

impl Leftover {
    /// The request with a body that comes back.
    pub(super) fn watch(request: Request) -> (Request, Self) {
        let is_held_back = request.headers().contains_key(header::EXPECT);
        let slot = Arc::default();
        let leftover = Self { slot: Arc::clone(&slot), is_held_back };
        let request = request.map(|body| match body.is_end_stream() {
            true => body,
            false => Body::new(Returning { body: Some(body), slot }),
        });
        (request, leftover)
    }

    /// Reads what is left, and says whether that was all of it.
    pub(super) async fn read(self) -> bool {
        let left = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(body) = left else { return true };
        if self.is_held_back || body.size_hint().lower() > MOST {
            return false;
        }
        timeout(WITHIN, read_to_end(body, MOST)).await.unwrap_or(false)
    }

    /// The answer, whose end waits until what is left has been read, within a bound.
    pub(super) fn read_behind(self, response: Response) -> Response {
        let left = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(left) = left else { return response };
        response.map(|answer| {
            let rest = Box::pin(async move {
                // Beyond the bound the stream ends as it may.
                let _ = timeout(WITHIN_BEHIND, read_to_end(left, MOST_BEHIND)).await;
            });
            Body::new(HeldOpen { answer, rest: Some(rest) })
        })
    }
}

async fn read_to_end(mut body: Body, most: u64) -> bool {
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        read += frame.data_ref().map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX));
        if read > most {
            return false;
        }
    }
    true
}

/// An answer's body that ends when something else is done.
struct HeldOpen {
    answer: Body,
    rest: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl hyper::body::Body for HeldOpen {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // The client may be waiting for room to send before it reads.
        if let Some(rest) = &mut self.rest
            && rest.as_mut().poll(context).is_ready()
        {
            self.rest = None;
        }
        match Pin::new(&mut self.answer).poll_frame(context) {
            Poll::Ready(None) if self.rest.is_some() => Poll::Pending,
            polled => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.answer.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.answer.size_hint()
    }
}

/// A body that is put back where it is dropped before its end.
struct Returning {
    body: Option<Body>,
    slot: Arc<Mutex<Option<Body>>>,
}

impl hyper::body::Body for Returning {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(hyper::body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), hyper::body::Body::size_hint)
    }
}

impl Drop for Returning {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::time::Instant;

    use super::*;

    /// How long it takes until an answer ends that was given without a look at this body.
    async fn answered_after(body: Body) -> Duration {
        let (request, leftover) = Leftover::watch(Request::new(body));
        drop(request);
        let began = Instant::now();
        let answer = leftover.read_behind(Response::new(Body::from("refused")));
        let read = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
        assert_eq!(read.unwrap(), "refused");
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_ends_when_the_rest_was_read_and_after_a_bound_at_the_latest() {
        let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; 1024 * 1024]));
        // A mebibyte each second.
        let pieces = |number: u64| {
            Body::from_stream(stream::unfold(0, move |sent| async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                (sent < number).then(|| (piece(), sent + 1))
            }))
        };
        assert_eq!(answered_after(Body::empty()).await, Duration::ZERO);
        assert_eq!(answered_after(pieces(9)).await, Duration::from_secs(10));
        assert_eq!(answered_after(pieces(1000)).await, WITHIN_BEHIND);
        let never = stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(answered_after(Body::from_stream(never)).await, WITHIN_BEHIND);
        // As fast as can be, and without an end.
        let endless = Body::from_stream(stream::repeat_with(piece));
        assert_eq!(answered_after(endless).await, Duration::ZERO);
    }
}
