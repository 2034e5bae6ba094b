//! Instants on the wire: RFC 3339, UTC, milliseconds.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// Milliseconds since the Unix epoch, written as `2026-01-31T23:59:59.999Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// A text that is no RFC 3339 instant in UTC with milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no RFC 3339 instant in UTC with milliseconds (hint: `2026-01-31T23:59:59.999Z`)")]
pub struct InvalidTimestamp(pub String);

/// The years 0000 to 9999 in Unix milliseconds: what RFC 3339 can write.
const RANGE_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

impl Timestamp {
    /// From Unix milliseconds; values outside the years 0 to 9999 are clamped into them.
    #[must_use]
    pub fn from_unix_ms(ms: i64) -> Self {
        Self(ms.clamp(*RANGE_MS.start(), *RANGE_MS.end()))
    }

    /// Unix milliseconds.
    #[must_use]
    pub fn unix_ms(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .map_err(|_| fmt::Error)?;
        let (date, time) = (at.date(), at.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.millisecond()
        )
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let refuse = || InvalidTimestamp(text.chars().take(60).collect());
        let bytes = text.as_bytes();
        // Exactly one spelling is allowed: three digits of milliseconds and a capital `Z`.
        if bytes.len() != 24 || bytes[10] != b'T' || bytes[19] != b'.' || bytes[23] != b'Z' {
            return Err(refuse());
        }
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| refuse())?;
        if at.offset() != UtcOffset::UTC {
            return Err(refuse());
        }
        i64::try_from(at.unix_timestamp_nanos() / 1_000_000).map(Self).map_err(|_| refuse())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;
    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> String {
        at.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_timestamp_survives_its_text() {
        for ms in [0, 1_763_733_600_123, -1, 253_402_300_799_999] {
            let at = Timestamp::from_unix_ms(ms);
            assert_eq!(at.to_string().parse(), Ok(at));
        }
        assert_eq!(Timestamp::from_unix_ms(1_763_733_600_123).to_string(), "2025-11-21T14:00:00.123Z");
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "2025-11-21T14:00:00Z",
            "2025-11-21T14:00:00.123+00:00",
            "2025-11-21 14:00:00.123Z",
            "1763733600",
            "",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
