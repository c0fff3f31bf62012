//! Work that waits for the disk or a terminal.

use crate::error::CommandError;

/// Runs what waits for the disk on a thread that may wait.
///
/// # Errors
/// [`CommandError::Failed`] where it panicked.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CommandError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| CommandError::Failed(format!("start-up was interrupted: {error}")))
}
