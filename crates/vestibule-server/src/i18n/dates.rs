//! Moments, for programs.

use time::OffsetDateTime;

/// `2026-11-22T14:03:59Z`
pub(crate) fn stamp(seconds: i64) -> String {
    let moment = utc(seconds);
    let (hour, minute, second) = moment.to_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", moment.date())
}

/// A moment in seconds since the Unix epoch, by the calendar.
pub(crate) fn utc(seconds: i64) -> OffsetDateTime {
    // Beyond the year 9999 nothing of ours has a time; the epoch is as good as any other word for it.
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_for_programs() {
        for (seconds, expected) in [
            (1_795_356_239, "2026-11-22T14:03:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (-62_135_596_800, "0001-01-01T00:00:00Z"),
            (i64::MAX, "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(stamp(seconds), expected);
        }
    }
}
