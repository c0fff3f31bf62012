//! Whether the client of an HTTP/2 connection takes what is sent to it.
//!
//! An answer waits in memory for as long as the client opens no window for it (RFC 9113 section 5.2), and TCP
//! knows nothing of that: the connection is well, and there is nothing that may be written. So each answer is
//! watched here. For HTTP/1.1, and for a client that does not read at all, the stream's own watch is enough.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, sleep};

/// A connection on which nothing was taken for this time, though there was something to take, ends.
pub(super) const TAKES_WITHIN: Duration = Duration::from_secs(30);
/// So does one with an answer of which nothing was taken for this time, whatever else flows there.
const ANSWER_TAKES_WITHIN: Duration = Duration::from_secs(5 * 60);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// What the HTTP library gets at once of an answer, in bytes; of each it holds two pieces at most.
const PIECE: usize = 16 * 1024;

/// What a client does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// Anything.
    All,
    /// One of its answers.
    One,
}

/// The answers of one connection that are being sent.
#[derive(Default)]
pub(super) struct Sending(Mutex<State>);

#[derive(Default)]
struct State {
    /// Since when answers wait for the client, by their numbers.
    waiting: HashMap<u64, Instant>,
    /// When something of one that waited was taken.
    taken: Option<Instant>,
    next: u64,
}

impl Sending {
    /// The body of an answer, watched.
    pub(super) fn watch(self: &Arc<Self>, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        drop(state);
        Body::new(Watched { body, rest: Bytes::new(), number, sending: Arc::clone(self) })
    }

    /// Waits until the client does not take what it should.
    pub(super) async fn stuck(&self) -> Stuck {
        loop {
            sleep(LOOK).await;
            if let Some(stuck) = self.state().stuck(Instant::now()) {
                return stuck;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn stuck(&self, now: Instant) -> Option<Stuck> {
        let oldest = *self.waiting.values().min()?;
        let last = self.taken.map_or(oldest, |taken| taken.max(oldest));
        if now.duration_since(last) >= TAKES_WITHIN {
            return Some(Stuck::All);
        }
        (now.duration_since(oldest) >= ANSWER_TAKES_WITHIN).then_some(Stuck::One)
    }
}

/// A body in pieces. The last byte of what it brings is a piece by itself: the HTTP library gets hold of that
/// only when the client has a window for it, and so has taken all that comes before.
struct Watched {
    body: Body,
    /// Of a frame that has been read.
    rest: Bytes,
    number: u64,
    sending: Arc<Sending>,
}

impl Watched {
    fn next_piece(&mut self) -> Bytes {
        let length = self.rest.len();
        let all_but_one = if length > 1 { length - 1 } else { length };
        self.rest.split_to(all_but_one.min(PIECE))
    }
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        // That more is asked for says that what was given before has been taken.
        let mut state = this.sending.state();
        if state.waiting.remove(&this.number).is_some() {
            state.taken = Some(Instant::now());
        }
        drop(state);
        while this.rest.is_empty() {
            let polled = Pin::new(&mut this.body).poll_frame(context);
            match polled {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return other,
            }
        }
        this.sending.state().waiting.insert(this.number, Instant::now());
        Poll::Ready(Some(Ok(Frame::data(this.next_piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.sending.state().waiting.remove(&self.number);
    }
}
