//! Counting tests from what libtest prints.

use std::fmt;

/// How many tests ended how.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// Tests that are marked `#[ignore]`.
    pub(crate) ignored: u64,
}

impl Tally {
    /// Adds the figures of one line of output, if it is the closing line of a test program.
    pub(crate) fn add(&mut self, line: &str) {
        let Some(figures) = line.strip_prefix("test result: ") else {
            return;
        };
        let words: Vec<&str> =
            figures.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let [figure, meaning] = pair else { continue };
            let Ok(figure) = figure.parse::<u64>() else {
                continue;
            };
            match *meaning {
                "passed" => self.passed += figure,
                "failed" => self.failed += figure,
                "ignored" => self.ignored += figure,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn counted(output: &str) -> Tally {
        let mut tally = Tally::default();
        for line in output.split_inclusive('\n') {
            tally.add(line);
        }
        tally
    }

    #[test]
    fn the_figures_of_all_programs_are_summed() {
        let output = "\nrunning 3 tests\ntest a ... ok\n\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.52s\n\n\
            running 2 tests\n\
            test result: FAILED. 40 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 12.03s\n";
        let tally = counted(output);
        assert_eq!(tally, Tally { passed: 43, failed: 2, ignored: 1 });
        assert_eq!(tally.to_string(), "43 passed, 2 failed");
    }

    #[test]
    fn coloured_results_count_too() {
        let tally = counted(
            "test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 5 passed; 0 failed; 0 ignored; finished in 0.00s\n",
        );
        assert_eq!(tally, Tally { passed: 5, failed: 0, ignored: 0 });
    }

    #[test]
    fn other_lines_do_not_count() {
        let output = "test 9 passed; ... ok\n  test result: ok. 1 passed; 0 failed\nsaid: test result: 1 passed\n";
        assert_eq!(counted(output), Tally::default());
    }
}
