//! Moments, sizes and numbers, by the custom of a language.

use std::time::Duration;

use time::Month;

use super::language::{Language, Text};
use crate::{
    i18n::dates::{stamp, utc},
    i18n::sizes::{Size, Unit},
};

/// In seconds.
const DAY: i64 = 24 * 3600;

impl Language {
    /// `22 Nov 2026, 14:03 UTC`, of a moment in seconds since the Unix epoch.
    pub(crate) fn moment(&self, seconds: i64) -> String {
        let moment = utc(seconds);
        let text = Text::new("date-moment")
            .with("day", self.day(seconds.div_euclid(DAY)))
            .with("time", format!("{:02}:{:02}", moment.hour(), moment.minute()));
        self.say(&text)
    }

    /// `22 Nov 2026`, of a day counted from 1 January 1970.
    pub(crate) fn day(&self, day: i64) -> String {
        let (year, month, day) = utc(day.saturating_mul(DAY)).to_calendar_date();
        let text = Text::new("date-day").with("day", day).with("month", self.month(month));
        self.say(&text.with("year", year))
    }

    /// `22 Nov`, of a day counted from 1 January 1970.
    pub(crate) fn day_of_year(&self, day: i64) -> String {
        let (_, month, day) = utc(day.saturating_mul(DAY)).to_calendar_date();
        self.say(&Text::new("date-day-short").with("day", day).with("month", self.month(month)))
    }

    fn month(&self, month: Month) -> String {
        self.text(&format!("date-month-{}", u8::from(month)))
    }

    /// A `time` element: [`Language::moment`], with the exact second for programs. No text of ours, and nothing
    /// that is put into it, holds markup.
    pub(crate) fn time_element(&self, seconds: i64) -> String {
        format!("<time datetime=\"{}\">{}</time>", stamp(seconds), self.moment(seconds))
    }

    /// `0 bytes`, `1 byte`, `12.3 KiB`, `50 MiB`: to three digits, in powers of 1024.
    pub(crate) fn size(&self, bytes: u64) -> String {
        let size = Size::of(bytes);
        match size.unit {
            Unit::Bytes => self.say(&Text::new("size-bytes").with("count", bytes)),
            unit => {
                let number = size.number(&self.text("number-decimal"));
                self.say(&Text::new("size").with("number", number).with("unit", unit.name()))
            }
        }
    }

    /// A number with its thousands apart.
    pub(crate) fn grouped(&self, number: u64) -> String {
        let (digits, mark) = (number.to_string(), self.text("number-group"));
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push_str(&mark);
            }
            text.push(digit);
        }
        text
    }

    /// A wait in words, rounded up: whoever waits so long is not refused again for being early.
    pub(crate) fn wait(&self, time: Option<Duration>) -> String {
        let seconds = time.map_or(1, |time| time.as_millis().div_ceil(1000).max(1));
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let text = match seconds {
            ..90 => Text::new("wait-seconds").with("count", seconds),
            _ => Text::new("wait-minutes").with("count", seconds.div_ceil(60)),
        };
        self.say(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Texts;
    use vestibule::core::locale::Locale;

    fn both() -> [std::sync::Arc<Language>; 2] {
        let texts = Texts::ours();
        ["en", "de"].map(|name| texts.language(Some(&Locale::parse(name).unwrap())).clone())
    }

    #[test]
    fn a_moment_is_written_for_people_and_programs() {
        let [english, german] = both();
        assert_eq!(
            english.time_element(1_795_356_239),
            "<time datetime=\"2026-11-22T14:03:59Z\">22 Nov 2026, 14:03 UTC</time>"
        );
        assert_eq!(
            german.time_element(1_795_356_239),
            "<time datetime=\"2026-11-22T14:03:59Z\">22. Nov. 2026, 14:03 UTC</time>"
        );
        assert_eq!(german.day_of_year(20_000), "4. Okt.");
        assert!(english.time_element(-1).contains("1969-12-31T23:59:59Z"));
        // A damaged row is shown wrongly rather than not at all.
        english.time_element(i64::MAX);
        english.time_element(i64::MIN);
    }

    #[test]
    fn sizes_have_three_digits_at_most_after_the_first_thousand() {
        let [english, german] = both();
        for (bytes, in_english, in_german) in [
            (0, "0 bytes", "0 Byte"),
            (1, "1 byte", "1 Byte"),
            (1023, "1023 bytes", "1023 Byte"),
            (1024, "1 KiB", "1 KiB"),
            (1536, "1.5 KiB", "1,5 KiB"),
            (1024 * 1024 - 1, "1023 KiB", "1023 KiB"),
            (50 * 1024 * 1024, "50 MiB", "50 MiB"),
            ((1 << 30) + (1 << 29), "1.5 GiB", "1,5 GiB"),
            (u64::MAX, "16777215 TiB", "16777215 TiB"),
        ] {
            assert_eq!(english.size(bytes), in_english, "{bytes}");
            assert_eq!(german.size(bytes), in_german, "{bytes}");
        }
    }

    #[test]
    fn thousands_stand_apart() {
        let [english, german] = both();
        for (number, in_english, in_german) in
            [(0, "0", "0"), (999, "999", "999"), (12_345_678, "12,345,678", "12.345.678")]
        {
            assert_eq!(english.grouped(number), in_english);
            assert_eq!(german.grouped(number), in_german);
        }
    }

    #[test]
    fn waits_are_rounded_up() {
        let [english, german] = both();
        for (millis, in_english, in_german) in [
            (0, "1 second", "1 Sekunde"),
            (1001, "2 seconds", "2 Sekunden"),
            (89_000, "89 seconds", "89 Sekunden"),
            (89_001, "2 minutes", "2 Minuten"),
            (120_001, "3 minutes", "3 Minuten"),
        ] {
            let time = Some(Duration::from_millis(millis));
            assert_eq!(english.wait(time), in_english);
            assert_eq!(german.wait(time), in_german);
        }
        assert_eq!(english.wait(None), "1 second");
    }
}
