//! Counts of days as bars, drawn here: a browser needs no script for them.

use minijinja::{Value, context};
use vestibule_site::store::DayCount;

use crate::i18n::{Language, Text};

const WIDTH: i64 = 336;
const HEIGHT: i64 = 116;
/// Where bars begin to grow, counted from above.
const FLOOR: i64 = 98;
/// How high the highest of them is.
const HIGHEST: i64 = 80;

/// Which counts a row of bars is made of.
type Picks = Box<dyn Fn(&DayCount) -> bool>;

/// Bars for some days, in one or several rows on top of each other.
pub(super) struct Chart {
    pub(super) id: &'static str,
    /// The text that it is called by, as each row has one.
    pub(super) title: &'static str,
    /// Counted from 1 January 1970.
    pub(super) first_day: i64,
    pub(super) days: i64,
    pub(super) series: Vec<(&'static str, Picks)>,
}

impl Chart {
    /// One more row of bars.
    pub(super) fn with(
        mut self,
        name: &'static str,
        picks: impl Fn(&DayCount) -> bool + 'static,
    ) -> Self {
        self.series.push((name, Box::new(picks)));
        self
    }

    /// What the template draws.
    pub(super) fn drawn(&self, counts: &[DayCount], language: &Language) -> Value {
        let days: Vec<Vec<u64>> = (self.first_day..self.first_day + self.days)
            .map(|day| self.series.iter().map(|(_, picks)| sum(counts, day, picks)).collect())
            .collect();
        let totals: Vec<u64> = days.iter().map(|day| day.iter().sum()).collect();
        let highest = totals.iter().copied().max().unwrap_or_default();
        // The latest comes first.
        let mut table: Vec<Value> = (self.first_day..)
            .zip(&days)
            .map(|(day, counts)| {
                let counts: Vec<String> =
                    counts.iter().map(|count| language.grouped(*count)).collect();
                context! { name => language.day_of_year(day), counts }
            })
            .collect();
        table.reverse();
        context! {
            id => self.id,
            title => language.text(self.title),
            summary => self.summary(&totals, language),
            width => WIDTH,
            height => HEIGHT,
            floor => FLOOR,
            highest => language.grouped(highest),
            bars => self.bars(&days, highest),
            first_day => language.day_of_year(self.first_day),
            last_day => language.text("chart-today"),
            series => self.series.iter().map(|(name, _)| language.text(name)).collect::<Vec<_>>(),
            days => table,
        }
    }

    fn bars(&self, days: &[Vec<u64>], highest: u64) -> Vec<Value> {
        let step = WIDTH / self.days.max(1);
        let mut bars = Vec::new();
        for (place, counts) in (0..).zip(days) {
            let mut below = 0;
            for (series, count) in counts.iter().enumerate() {
                let (from, to) = (height(below, highest), height(below + count, highest));
                below += count;
                if to > from {
                    bars.push(context! {
                        series,
                        x => place * step + 2,
                        y => FLOOR - to,
                        width => step - 4,
                        height => to - from,
                    });
                }
            }
        }
        bars
    }

    fn summary(&self, totals: &[u64], language: &Language) -> String {
        let (all, today) = (totals.iter().sum(), totals.last().copied().unwrap_or_default());
        let counted = |id| Text::new(id).with("days", self.days);
        let text = match (all, today) {
            (0, _) => counted("chart-none"),
            (all, 0) => counted("chart-summary-none-today").with("all", language.grouped(all)),
            (all, today) => counted("chart-summary")
                .with("all", language.grouped(all))
                .with("today", language.grouped(today)),
        };
        language.say(&text)
    }
}

fn sum(counts: &[DayCount], day: i64, picks: &Picks) -> u64 {
    counts.iter().filter(|count| count.day == day && picks(count)).map(|count| count.count).sum()
}

/// A bar's height; whatever is there at all can be seen.
fn height(count: u64, highest: u64) -> i64 {
    if count == 0 {
        return 0;
    }
    let exact = u128::from(count) * u128::from(HIGHEST.unsigned_abs()) / u128::from(highest.max(1));
    i64::try_from(exact).unwrap_or(HIGHEST).clamp(1, HIGHEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Texts;
    use vestibule::core::event::EventName;

    fn count(day: i64, cause: &str, count: u64) -> DayCount {
        DayCount { day, name: EventName::SessionRenewed, cause: cause.to_owned(), count }
    }

    #[test]
    fn bars_stand_on_each_other_and_the_highest_fills_the_room() {
        let texts = Texts::ours();
        let chart = Chart {
            id: "a",
            title: "chart-sign-ins",
            first_day: 20_000,
            days: 14,
            series: Vec::new(),
        }
        .with("chart-sign-ins", |count| count.cause == "a")
        .with("chart-failures", |count| count.cause == "b");
        let counts = [count(20_000, "a", 3), count(20_000, "b", 1), count(20_013, "a", 1_000_000)];
        let drawn = chart.drawn(&counts, texts.language(None));
        let bars: Vec<(i64, i64)> = drawn
            .get_attr("bars")
            .unwrap()
            .try_iter()
            .unwrap()
            .map(|bar| {
                let number = |name| i64::try_from(bar.get_attr(name).unwrap()).unwrap();
                (number("y"), number("height"))
            })
            .collect();
        // Three and four of a million are one point high, both together as well.
        assert_eq!(bars, [(FLOOR - 1, 1), (FLOOR - HIGHEST, HIGHEST)]);
        assert_eq!(drawn.get_attr("highest").unwrap().to_string(), "1,000,000");
        let summary = drawn.get_attr("summary").unwrap().to_string();
        assert_eq!(summary, "1,000,004 in 14 days, 1,000,000 of them today.");
        let nothing = chart.drawn(&[], texts.language(None));
        assert_eq!(nothing.get_attr("summary").unwrap().to_string(), "None in 14 days.");
        assert_eq!(nothing.get_attr("bars").unwrap().len(), Some(0));
    }
}
