//! When an account was made, as other systems write it.

use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};
use vestibule::core::time::Timestamp;

/// Reads seconds since 1970, or an ISO 8601 date with or without a time of day: `2019-01-31`,
/// `2019-01-31T12:00:00Z`, `2019-01-31 12:00:00.123456+01:00`. What names no zone is UTC.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let moment = seconds(text).or_else(|| date_and_time(text))?;
    (moment.millis() >= 0).then_some(moment)
}

fn seconds(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    // What is shorter, such as 2019 or 20190131, means something else.
    let whole: i64 = digits(whole).filter(|_| whole.len() >= 9)?.try_into().ok()?;
    Some(Timestamp::from_millis(whole.checked_mul(1000)?.checked_add(millis(fraction)?.into())?))
}

fn date_and_time(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = parts(date, '-', [4, 2, 2])?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(year.try_into().ok()?, month, day.try_into().ok()?).ok()?;
    let (time, offset) = match rest.strip_prefix(['T', 't', ' ']) {
        Some(rest) => time_and_offset(rest)?,
        None if rest.is_empty() => (Time::MIDNIGHT, UtcOffset::UTC),
        None => return None,
    };
    let moment = PrimitiveDateTime::new(date, time).assume_offset(offset);
    let millis = i64::from(moment.millisecond());
    Some(Timestamp::from_millis(moment.unix_timestamp().checked_mul(1000)?.checked_add(millis)?))
}

fn time_and_offset(text: &str) -> Option<(Time, UtcOffset)> {
    let end = text.find(['Z', 'z', '+', '-', ' ']).unwrap_or(text.len());
    let (time, offset) = text.split_at_checked(end)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] =
        parts(time, ':', [2, 2, 2]).or_else(|| parts(&format!("{time}:00"), ':', [2, 2, 2]))?;
    let small = |number: u64| u8::try_from(number).ok();
    let time =
        Time::from_hms_milli(small(hour)?, small(minute)?, small(second)?, millis(fraction)?)
            .ok()?;
    Some((time, self::offset(offset.trim_start())?))
}

/// `Z`, `+01`, `+0100`, `+01:00`, or nothing for UTC.
fn offset(text: &str) -> Option<UtcOffset> {
    let (sign, rest) = match text.split_at_checked(1) {
        None => return Some(UtcOffset::UTC),
        Some(("Z" | "z", "")) => return Some(UtcOffset::UTC),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return None,
    };
    let rest = rest.replace(':', "");
    let (hours, minutes) = rest.split_at_checked(2)?;
    let number = |text: &str| i8::try_from(digits(text)?).ok();
    let minutes =
        if minutes.is_empty() { 0 } else { number(minutes).filter(|_| minutes.len() == 2)? };
    UtcOffset::from_hms(sign * number(hours)?, sign * minutes, 0).ok()
}

/// Three numbers of so many digits each.
fn parts(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u64; 3]> {
    let parts: [&str; 3] = text.split(separator).collect::<Vec<_>>().try_into().ok()?;
    let fits = parts.iter().zip(lengths).all(|(part, length)| part.len() == length);
    let [first, second, third] = parts.map(digits);
    fits.then_some([first?, second?, third?])
}

/// The thousandths of a second that a decimal fraction is, rounded down.
fn millis(fraction: &str) -> Option<u16> {
    digits(fraction)?;
    let thousandths: String = fraction.chars().chain("00".chars()).take(3).collect();
    digits(&thousandths)?.try_into().ok()
}

fn digits(text: &str) -> Option<u64> {
    let fits = (1..=18).contains(&text.len()) && text.bytes().all(|sign| sign.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systems_write_is_read() {
        // 31 January 2019, 12:00 UTC.
        const NOON: i64 = 1_548_936_000_000;
        for (text, millis) in [
            ("100000000", 100_000_000_000),
            ("1548936000", NOON),
            ("1548936000.5", NOON + 500),
            ("1548936000.123456", NOON + 123),
            ("2019-01-31", NOON - 12 * 3_600_000),
            ("2019-01-31T12:00:00Z", NOON),
            ("2019-01-31t12:00:00z", NOON),
            ("2019-01-31 12:00:00", NOON),
            ("2019-01-31 12:00", NOON),
            ("2019-01-31 12:00:00.123456+00", NOON + 123),
            ("2019-01-31 12:00:00.9", NOON + 900),
            ("2019-01-31T13:00:00+01:00", NOON),
            ("2019-01-31T13:30:00+0130", NOON),
            ("2019-01-31T05:30:00 -06:30", NOON),
            ("1970-01-01", 0),
        ] {
            assert_eq!(parse(text), Some(Timestamp::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            " ",
            "-1",
            "+1",
            "1e9",
            "1.",
            ".5",
            "yesterday",
            "0",
            "2019",
            "20190131",
            "2019-1-31",
            "2019-02-30",
            "2019-13-01",
            "31.01.2019",
            "2019-01-31X",
            "2019-01-31T",
            "2019-01-31T25:00:00Z",
            "2019-01-31T12:00:60Z",
            "2019-01-31T12:00:00Zz",
            "2019-01-31T12:00:00+1",
            "2019-01-31T12:00:00+01:0",
            "2019-01-31T12:00:00+99:00",
            "1969-12-31T23:59:59Z",
            "99999999999999999999",
            "2019-01-31T12:00:00 CET",
            "２０１９-01-31",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
