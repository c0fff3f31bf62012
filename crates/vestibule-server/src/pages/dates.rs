//! Moments, for people and for browsers.

/// A `time` element: `22 Nov 2026, 14:03 UTC`, with the exact second for programs.
pub(super) fn time_element(seconds: i64) -> String {
    const DAY: i64 = 24 * 3600;
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let name = month_name(month);
    let second = second % 60;
    format!(
        "<time datetime=\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z\">\
         {day} {name} {year}, {hour:02}:{minute:02} UTC</time>"
    )
}

/// Year, month and day in the Gregorian calendar of a day counted from 1 January 1970.
///
/// Years are taken to begin in March: leap days then stand at the very end, and every leap rule becomes a
/// division.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    // From 1 March of the year 0.
    let days = days + 719_468;
    let cycle = days.div_euclid(DAYS_OF_400_YEARS);
    let day_of_cycle = days.rem_euclid(DAYS_OF_400_YEARS);
    // What the leap days up to here have added: one in 4 years, none in 100, one in 400.
    let leap_days =
        day_of_cycle / 1460 - day_of_cycle / 36_524 + day_of_cycle / (DAYS_OF_400_YEARS - 1);
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // From March on months have 31 30 31 30 31 days, again and again: 153 days for five.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = cycle * 400 + year_of_cycle + i64::from(month <= 2);
    (year, month, day)
}

fn month_name(month: i64) -> &'static str {
    match month {
        1 => "Jan",
        2 => "Feb",
        3 => "Mar",
        4 => "Apr",
        5 => "May",
        6 => "Jun",
        7 => "Jul",
        8 => "Aug",
        9 => "Sep",
        10 => "Oct",
        11 => "Nov",
        _ => "Dec",
    }
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

    #[test]
    fn a_moment_is_written_for_people_and_programs() {
        assert_eq!(
            time_element(1_795_356_239),
            "<time datetime=\"2026-11-22T14:03:59Z\">22 Nov 2026, 14:03 UTC</time>"
        );
        assert!(time_element(-1).contains("1969-12-31T23:59:59Z"));
        // A damaged row is shown wrongly rather than not at all.
        time_element(i64::MAX);
        time_element(i64::MIN);
    }
}
