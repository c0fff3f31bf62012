//! Values with a notation of their own: durations, sizes, rates, hashing costs, switches.
//!
//! Each type reads what it prints: `value.to_string().parse()` is the value again.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use serde::Deserialize;

use super::problem::ValueError;

/// The longest duration that is taken: a hundred years keeps every later sum of times in range.
const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

/// A duration as people write it: `500ms`, `5s`, `15m`, `12h`, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Period(pub(crate) Duration);

/// A size in bytes: `10MiB` (powers of 1024), `50KB` (powers of 1000), or a bare number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ByteSize(pub(crate) u64);

/// How often something may happen: `10/15m`, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Rate {
    /// No limit.
    Off,
    /// So many within any window of this length; the next is refused.
    Limited {
        /// How many are answered.
        count: NonZeroU32,
        /// The length of the moving window.
        window: Duration,
    },
}

impl Rate {
    /// The limit as the library takes it; `None` is no limit.
    pub(crate) fn as_limit(self) -> Option<vestibule::Rate> {
        match self {
            Self::Off => None,
            Self::Limited { count, window } => Some(vestibule::Rate { count: count.get(), window }),
        }
    }
}

/// The cost of one password hash (RFC 9106, Argon2id): `m=19456,t=2,p=1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Argon2Cost {
    /// Memory in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over that memory.
    pub(crate) passes: u32,
    /// Lanes.
    pub(crate) lanes: u32,
}

/// A switch: `true`/`false`, `1`/`0`, `yes`/`no`, `on`/`off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Switch(pub(crate) bool);

impl FromStr for Period {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hint = "write a number with its unit: 500ms, 5s, 15m, 12h or 30d";
        let wrong = || ValueError::new("is not a duration", hint);
        let (number, unit) = split_unit(text).ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "" if number == 0 => 0,
            "" => return Err(ValueError::new("has no unit", hint)),
            _ => return Err(wrong()),
        };
        number
            .checked_mul(milliseconds)
            .map(Duration::from_millis)
            .filter(|duration| *duration <= LONGEST)
            .map(Self)
            .ok_or_else(|| ValueError::new("is longer than 100 years", "write at most 36500d"))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        if milliseconds == 0 {
            return out.write_str("0s");
        }
        match units.iter().find(|(unit, _)| milliseconds.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(out, "{}{name}", milliseconds / unit),
            None => write!(out, "{milliseconds}ms"),
        }
    }
}

impl FromStr for ByteSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hint = "write a number of bytes, or one with its unit: 50KB, 10MiB or 1GiB";
        let wrong = || ValueError::new("is not a size", hint);
        let (number, unit) = split_unit(text).ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let bytes: u64 = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "tb" => 1_000_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return Err(wrong()),
        };
        number
            .checked_mul(bytes)
            // Stores count in signed 64-bit integers.
            .filter(|size| i64::try_from(*size).is_ok())
            .map(Self)
            .ok_or_else(|| ValueError::new("is larger than any disk", "write at most 8000000TiB"))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match units.iter().find(|(unit, _)| self.0 > 0 && self.0.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(out, "{}{name}", self.0 / unit),
            None => write!(out, "{}", self.0),
        }
    }
}

impl FromStr for Rate {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hint = "write a count and a window, such as 10/15m, or off";
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self::Off);
        }
        let wrong = || ValueError::new("is not a rate", hint);
        let (count, window) = text.split_once('/').ok_or_else(wrong)?;
        let count: u32 = count.trim().parse().map_err(|_| wrong())?;
        let Period(window) = window.trim().parse().map_err(|_| wrong())?;
        let count =
            NonZeroU32::new(count).ok_or_else(|| ValueError::new("allows nothing", hint))?;
        if window < Duration::from_secs(1) {
            return Err(ValueError::new("has a window of less than a second", hint));
        }
        Ok(Self::Limited { count, window })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => out.write_str("off"),
            Self::Limited { count, window } => write!(out, "{count}/{}", Period(*window)),
        }
    }
}

impl FromStr for Argon2Cost {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hint = "write memory in KiB, passes and lanes, such as m=19456,t=2,p=1";
        let wrong = || ValueError::new("is not a hashing cost", hint);
        let (mut memory, mut passes, mut lanes) = (None, None, None);
        for part in text.split(',') {
            let (name, number) = part.split_once('=').ok_or_else(wrong)?;
            let number: u32 = number.trim().parse().map_err(|_| wrong())?;
            let place = match name.trim() {
                "m" => &mut memory,
                "t" => &mut passes,
                "p" => &mut lanes,
                _ => return Err(wrong()),
            };
            if place.replace(number).is_some() {
                return Err(wrong());
            }
        }
        match (memory, passes, lanes) {
            (Some(memory_kib), Some(passes), Some(lanes)) => Ok(Self { memory_kib, passes, lanes }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Argon2Cost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_kib, passes, lanes } = self;
        write!(out, "m={memory_kib},t={passes},p={lanes}")
    }
}

impl FromStr for Switch {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Self(true)),
            "false" | "0" | "no" | "off" => Ok(Self(false)),
            _ => Err(ValueError::new("is not true or false", "write true or false")),
        }
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

/// Lets serde read each type from the notation above.
macro_rules! read_from_text {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = ValueError;

            fn try_from(text: String) -> Result<Self, ValueError> {
                text.parse()
            }
        }
    )*};
}

read_from_text!(Period, ByteSize, Rate, Argon2Cost, Switch);

/// The digits in front and what follows them; `None` where there are no digits.
fn split_unit(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    (!number.is_empty()).then(|| (number, unit.trim_start()))
}
