//! Wall time as reports and folders write it.

use time::OffsetDateTime;

/// RFC 3339, UTC, milliseconds.
pub(crate) fn rfc3339(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second, ms) = (at.hour(), at.minute(), at.second(), at.millisecond());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// ISO 8601 without separators, to the second: sorts, and is a file name everywhere.
pub(crate) fn compact(at: OffsetDateTime) -> String {
    let text = rfc3339(at);
    let seconds = text.split('.').next().unwrap_or(&text);
    seconds.replace(['-', ':'], "") + "Z"
}

/// The instant of Unix milliseconds, when it is one.
pub(crate) fn from_unix_ms(ms: f64) -> Option<OffsetDateTime> {
    if !ms.is_finite() {
        return None;
    }
    // Saturates far outside the years that the calendar knows, which then says so.
    OffsetDateTime::from_unix_timestamp_nanos((ms as i128).saturating_mul(1_000_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::{compact, from_unix_ms, rfc3339};

    #[test]
    fn times_are_written_in_utc() {
        let at = from_unix_ms(1_700_000_000_123.0).unwrap();
        assert_eq!(rfc3339(at), "2023-11-14T22:13:20.123Z");
        assert_eq!(compact(at), "20231114T221320Z");
        assert_eq!(from_unix_ms(f64::NAN), None);
        assert_eq!(from_unix_ms(f64::MAX), None);
    }
}
