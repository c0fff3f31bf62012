//! What the program says on its standard output.

use std::io::Write as _;

use crate::error::CommandError;

/// Writes to standard output.
///
/// # Errors
/// [`CommandError::Failed`] where nobody takes it.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read it, such as `head`, has enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::Failed(format!("could not write the output: {error}")))
        }
        _ => Ok(()),
    }
}
