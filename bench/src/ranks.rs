//! Whether two samples come from one distribution, by the test of Mann and Whitney.

/// How two samples differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Difference {
    /// How probably a value of the first is larger than one of the second; one half where nothing differs.
    pub(crate) share: f64,
    /// How far from one half that is, in standard deviations of two samples that do not differ.
    pub(crate) z: f64,
}

impl Difference {
    /// Of these two.
    pub(crate) fn between(first: &[f64], second: &[f64]) -> Self {
        let mut all: Vec<(f64, bool)> = first.iter().map(|value| (*value, true)).collect();
        all.extend(second.iter().map(|value| (*value, false)));
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (mut rank_sum, mut before, mut ties) = (0.0, 0.0, 0.0);
        for equal in all.chunk_by(|one, other| one.0 == other.0) {
            let many = count(equal.len());
            let of_first = count(equal.iter().filter(|(_, is_first)| *is_first).count());
            // Equal values share the mean of their ranks.
            rank_sum += of_first * (before + f64::midpoint(1.0, many));
            ties += many.powi(3) - many;
            before += many;
        }
        let (n1, n2) = (count(first.len()), count(second.len()));
        let (n, pairs) = (n1 + n2, n1 * n2);
        let u = rank_sum - n1 * (n1 + 1.0) / 2.0;
        let variance = pairs / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
        let z = if variance > 0.0 { (u - pairs / 2.0) / variance.sqrt() } else { 0.0 };
        Self { share: u / pairs, z }
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_are_alike_do_not_differ() {
        let values = [3.0, 1.0, 2.0, 2.0];
        assert_eq!(Difference::between(&values, &values), Difference { share: 0.5, z: 0.0 });
        assert_eq!(Difference::between(&[1.0; 3], &[1.0; 5]), Difference { share: 0.5, z: 0.0 });
    }

    #[test]
    fn known_examples_come_out() {
        // Hares and tortoises at their goal: the first tortoise, six hares, five tortoises, one hare.
        let tortoises = [1.0, 8.0, 9.0, 10.0, 11.0, 12.0];
        let hares = [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 13.0];
        let found = Difference::between(&tortoises, &hares);
        // 30 of 42 pairs; the variance without ties is 42 × 14 / 12.
        assert!((found.share - 30.0 / 42.0).abs() < 1e-12, "{found:?}");
        assert!((found.z - 9.0 / 49_f64.sqrt()).abs() < 1e-12, "{found:?}");
        // With ties: ranks 1, 2.5, 2.5, 4.
        let tied = Difference::between(&[1.0, 2.0], &[2.0, 3.0]);
        assert!((tied.share - 0.125).abs() < 1e-12, "{tied:?}");
        assert!((tied.z + 1.5 / 1.5_f64.sqrt()).abs() < 1e-12, "{tied:?}");
    }
}
