//! Moments, for programs.

use time::OffsetDateTime;

/// `2026-11-22T14:03:59Z`
pub(crate) fn stamp(seconds: i64) -> String {
    const DAY: i64 = 24 * 3600;
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day in the Gregorian calendar of a day counted from 1 January 1970.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let day = OffsetDateTime::from_unix_timestamp(days.saturating_mul(86_400));
    // Beyond the year 9999 nothing of ours has a time; the epoch is as good as any other word for it.
    let day = day.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (day.year().into(), u8::from(day.month()).into(), day.day().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_each_other_through_all_leap_rules() {
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..400_000 {
            assert_eq!(civil(days), (year, month, day), "day {days}");
            let length = match month {
                2 => 28 + i64::from(is_leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!(civil(-1), (1969, 12, 31));
        assert_eq!(civil(-719_468), (0, 3, 1));
    }
}
