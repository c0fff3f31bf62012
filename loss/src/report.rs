//! What was found, for people.

use std::fmt::Write as _;

use crate::{
    plan::{Gateway, Row, Times},
    world::Figures,
};

/// What came of one row.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) row: Row,
    pub(crate) ours: Figures,
    /// Nothing where the row is not for rivals.
    pub(crate) single_use: Option<Figures>,
    pub(crate) siblings: Option<Figures>,
}

impl Line {
    /// What is not well with the site in this row.
    pub(crate) fn problems(&self, times: Times) -> Vec<String> {
        let (row, ours) = (&self.row, &self.ours);
        let mut problems = Vec::new();
        let mut note = |problem: String| problems.push(format!("{}: {problem}", row.name));
        if ours.signed_out > 0 {
            note(format!("{} were signed out: {:?}", grouped(ours.signed_out.into()), ours.codes));
        }
        let books = ours.books.unwrap_or_default();
        if books.thefts > 0 {
            note(format!("{} sessions were ended for theft", books.thefts));
        }
        // Behind a gateway many go on with the generation that they did not get whole.
        if row.gateway == Gateway::All && books.generations < i64::from(ours.renewals) {
            note(format!("only {} generations were made", books.generations));
        }
        // What was not promised was not tried either.
        let longest = ours.counts.longest + *row.weather.back.end();
        if longest >= times.grace / 2 {
            note(format!(
                "a request and its answer took {longest:?}, and half of the grace is {:?}: this machine was \
                 too slow for what is assumed",
                times.grace / 2
            ));
        }
        problems
    }

    /// False sign-outs, in a few words.
    pub(crate) fn figures(&self) -> String {
        let [ours, single_use, siblings] = self.cells();
        format!("{ours}; where each token works once {single_use}, with siblings {siblings}")
    }

    fn cells(&self) -> [String; 3] {
        let of = |figures: &Figures| {
            format!(
                "{} of {}",
                grouped(figures.signed_out.into()),
                grouped(figures.renewals.into())
            )
        };
        let rival = |figures: &Option<Figures>| figures.as_ref().map_or("–".to_owned(), of);
        [of(&self.ours), rival(&self.single_use), rival(&self.siblings)]
    }
}

/// Two tables in Markdown: who was signed out, and what the network did on the way to the site.
pub(crate) fn tables(lines: &[Line]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "| network | requests side by side | Vestibule: false sign-outs | each token works once | siblings within the grace |"
    );
    let _ = writeln!(text, "|---|---|---|---|---|");
    for line in lines {
        let (row, cells) = (&line.row, line.cells().join(" | "));
        let _ = writeln!(text, "| {} | {} | {cells} |", row.name, row.at_once);
    }
    let _ = writeln!(
        text,
        "\n| network, to Vestibule | requests | lost | answers lost | cut | arrived twice | overtaken | kills | longest |"
    );
    let _ = writeln!(text, "|---|---|---|---|---|---|---|---|---|");
    for Line { row, ours, .. } in lines {
        let counts = &ours.counts;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} ms |",
            row.name,
            grouped(counts.exchanges),
            grouped(counts.requests_lost),
            grouped(counts.answers_lost),
            grouped(counts.answers_cut),
            grouped(counts.doubled),
            grouped(counts.overtaken),
            ours.crashes,
            grouped(u64::try_from(counts.longest.as_millis()).unwrap_or(u64::MAX)),
        );
    }
    text
}

/// A number with a comma after each three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan, target::Books};

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn whatever_is_not_well_is_said() {
        let row = plan::quick().remove(0);
        let books = Some(Books { generations: 100, thefts: 0 });
        let ours = Figures { renewals: 100, books, ..Figures::default() };
        let problems = |ours: &Figures| {
            let line =
                Line { row: row.clone(), ours: ours.clone(), single_use: None, siblings: None };
            line.problems(Times::QUICK).concat()
        };
        assert_eq!(problems(&ours), "");
        let told = Figures { signed_out: 1, ..ours.clone() };
        assert!(problems(&told).contains("1 were signed out"));
        let ended = Some(Books { generations: 100, thefts: 2 });
        assert!(problems(&Figures { books: ended, ..ours.clone() }).contains("2 sessions"));
        let idle = Some(Books { generations: 99, thefts: 0 });
        assert!(problems(&Figures { books: idle, ..ours.clone() }).contains("only 99"));
        let mut slow = ours;
        slow.counts.longest = Times::QUICK.grace / 2;
        assert!(problems(&slow).contains("too slow"));
    }
}
