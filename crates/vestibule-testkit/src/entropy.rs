//! Randomness that is the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use vestibule_core::random::Entropy;

/// A generator for tests: one seed, one sequence of bytes. Anybody can foretell it.
#[derive(Debug)]
pub struct SeededEntropy {
    state: AtomicU64,
}

impl SeededEntropy {
    /// The generator of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// A number from 0 to 1, without 1.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        // The highest bits, as many as an f64 holds exactly.
        const BITS: u32 = f64::MANTISSA_DIGITS;
        (self.word() >> (u64::BITS - BITS)) as f64 / (1u64 << BITS) as f64
    }

    /// Whether something happens that happens in this share of all cases.
    #[must_use]
    pub fn falls(&self, share: f64) -> bool {
        self.fraction() < share
    }

    /// SplitMix64: a counter with a long odd step, and a mixer that spreads each of its bits over the
    /// whole word. Because the state is a counter, threads share it without a lock.
    fn word(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut word = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Default for SeededEntropy {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            for (byte, drawn) in chunk.iter_mut().zip(self.word().to_le_bytes()) {
                *byte = drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::random::draw;

    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_another_seed_another() {
        let (one, same, other) =
            (SeededEntropy::new(7), SeededEntropy::new(7), SeededEntropy::new(8));
        let first: [u8; 20] = draw(&one);
        assert_eq!(first, draw::<20>(&same));
        assert_ne!(first, draw::<20>(&other));
        assert_ne!(first, draw::<20>(&one));
    }

    #[test]
    fn fractions_lie_evenly_between_0_and_1() {
        let entropy = SeededEntropy::new(7);
        let mut parts = [0; 10];
        for _ in 0..10_000 {
            let fraction = entropy.fraction();
            assert!((0.0..1.0).contains(&fraction), "{fraction}");
            parts[(fraction * 10.0) as usize] += 1;
        }
        assert!(parts.iter().all(|count| (900..1100).contains(count)), "{parts:?}");
        assert!(!entropy.falls(0.0) && entropy.falls(1.0));
    }

    #[test]
    fn the_first_words_are_those_of_the_published_generator() {
        let entropy = SeededEntropy::new(0);
        assert_eq!(entropy.word(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(entropy.word(), 0x6e78_9e6a_a1b9_65f4);
    }
}
