//! Waiting for something outside of this process, with an end.

use std::{future::poll_fn, pin::Pin, task::Poll, thread, time::Duration};

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(10);

/// Looks until there is something, and gives it; `None` after `at_most`, or somewhat later where a look
/// itself takes time.
pub fn until<T>(at_most: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..=at_most.as_millis() / PERIOD.as_millis() {
        if let Some(found) = look() {
            return Some(found);
        }
        thread::sleep(PERIOD);
    }
    None
}

/// The same for a look that waits itself.
pub async fn until_async<T>(
    at_most: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let look_again = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(PERIOD).await;
        }
    };
    tokio::time::timeout(at_most, look_again).await.ok()
}

/// Goes on with a future as far as it goes without waiting; what it has come to, if it has ended by that.
pub async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Option<F::Output> {
    let look = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    });
    look.await
}
