//! Sharing a bounded number of places: connections, uploads, downloads.
//!
//! A bound for each account or network alone is either so low that it is in the way of honest people, or so
//! high that a few of them together take everything. So the bound moves with what is left.

/// Whether somebody who has `held` places may have one more while `free` are left.
///
/// Nobody may have more than half of what is left for everybody else: one alone gets a third of all places, two
/// get a quarter each. However many somebody takes, two thirds of what was free before stay free, so it takes
/// eight who conspire to take all of 32 places, and twenty for all of 4,096.
#[must_use]
pub const fn may_take(held: usize, free: usize) -> bool {
    held.saturating_mul(2) < free
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each of `others` gets of `all` places, taking turns for as long as they may.
    fn shares(all: usize, others: usize) -> Vec<usize> {
        let mut held = vec![0; others];
        let mut free = all;
        loop {
            let before = free;
            for one in &mut held {
                if may_take(*one, free) {
                    *one += 1;
                    free -= 1;
                }
            }
            if free == before {
                return held;
            }
        }
    }

    /// How many it takes to leave nothing, each after the other taking all that it may.
    fn conspirators(all: usize) -> usize {
        let (mut free, mut number) = (all, 0);
        while free > 0 {
            let mut held = 0;
            while free > 0 && may_take(held, free) {
                held += 1;
                free -= 1;
            }
            number += 1;
        }
        number
    }

    #[test]
    fn few_get_much_and_leave_places_for_others() {
        assert_eq!(shares(32, 1), [11]);
        assert_eq!(shares(32, 2), [8, 8]);
        assert_eq!(shares(32, 4), [6, 6, 5, 5]);
        for others in 1..16 {
            let taken: usize = shares(32, others).iter().sum();
            assert!(may_take(0, 32 - taken), "beside {others}");
        }
        assert_eq!(shares(32, 40).iter().sum::<usize>(), 32, "and no more than there are");
        assert_eq!([32, 256, 4096].map(conspirators), [8, 13, 20]);
    }
}
