//! Sizes, for people.

/// A size to three digits, in powers of 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Of the unit, rounded down: what is left is never overstated.
    tenths: u128,
    pub(crate) unit: Unit,
}

/// What a size is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    KiB,
    MiB,
    GiB,
    TiB,
}

impl Size {
    pub(crate) fn of(bytes: u64) -> Self {
        let mut size = Self { tenths: u128::from(bytes) * 10, unit: Unit::Bytes };
        for unit in [Unit::KiB, Unit::MiB, Unit::GiB, Unit::TiB] {
            if size.tenths < 10_240 {
                break;
            }
            size = Self { tenths: size.tenths / 1024, unit };
        }
        size
    }

    /// How many of the unit, with this sign before the tenth: `12.3`, `50`.
    pub(crate) fn number(&self, decimal: &str) -> String {
        let (whole, tenth) = (self.tenths / 10, self.tenths % 10);
        if tenth == 0 || whole >= 100 {
            whole.to_string()
        } else {
            format!("{whole}{decimal}{tenth}")
        }
    }
}

impl Unit {
    /// Its name, which is the same in all languages (IEC 80000-13), but for bytes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::KiB => "KiB",
            Self::MiB => "MiB",
            Self::GiB => "GiB",
            Self::TiB => "TiB",
        }
    }
}

/// `0 bytes`, `1 byte`, `12.3 KiB`, `50 MiB`: in English, for programs.
pub(crate) fn in_words(bytes: u64) -> String {
    let size = Size::of(bytes);
    match bytes {
        1 => "1 byte".to_owned(),
        _ => format!("{} {}", size.number("."), size.unit.name()),
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
