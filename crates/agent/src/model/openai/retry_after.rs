//! `Retry-After`: for how long a provider wants to be left alone, in seconds or until a date.

use std::time::{Duration, SystemTime};

/// The wait that a header asks for at `now`; `None` when it cannot be understood. A date in the past asks for none.
pub(super) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(header).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::retry_after;
    use rstest::rstest;
    use std::time::{Duration, SystemTime};

    #[rstest]
    #[case::seconds("7", Some(7))]
    #[case::none("0", Some(0))]
    #[case::blanks(" 120 ", Some(120))]
    #[case::date("Sun, 06 Nov 1994 08:49:37 GMT", Some(37))]
    #[case::old_date("Sunday, 06-Nov-94 08:49:37 GMT", Some(37))]
    #[case::past("Sun, 06 Nov 1994 08:48:00 GMT", Some(0))]
    #[case::huge("18446744073709551615", Some(u64::MAX))]
    #[case::negative("-1", None)]
    #[case::fraction("1.5", None)]
    #[case::words("soon", None)]
    #[case::empty("", None)]
    fn a_header_says_how_long(#[case] header: &str, #[case] seconds: Option<u64>) {
        // 1994-11-06 08:49:00 UTC.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_740);
        assert_eq!(retry_after(header, now), seconds.map(Duration::from_secs));
    }
}
