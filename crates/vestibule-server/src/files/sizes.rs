//! Sizes, for people.

/// `0 bytes`, `1 byte`, `12.3 KiB`, `50 MiB`: to three digits, in powers of 1024.
pub(crate) fn in_words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes == 1 {
        return "1 byte".to_owned();
    }
    // In tenths of the unit, rounded down: what is left is never overstated.
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = None;
    for name in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = Some(name);
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    match unit {
        None => format!("{whole} bytes"),
        Some(unit) if tenth == 0 || whole >= 100 => format!("{whole} {unit}"),
        Some(unit) => format!("{whole}.{tenth} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits_at_most_after_the_first_thousand() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1023 KiB"),
            (50 * 1024 * 1024, "50 MiB"),
            (1 << 30, "1 GiB"),
            ((1 << 30) + (1 << 29), "1.5 GiB"),
            (u64::MAX, "16777215 TiB"),
        ] {
            assert_eq!(in_words(bytes), words, "{bytes}");
        }
    }
}
