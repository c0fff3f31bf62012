//! Randomness as an argument.

/// Where the programs around this crate get unpredictable bytes from.
///
/// The one in production must be a cryptographically secure generator of the operating system; tests
/// use a seeded one.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Draws an array of random bytes.
pub fn draw<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
