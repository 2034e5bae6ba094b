//! Reading `2026-01-31T23:59:59.999Z` fast: every event carries one.

/// The Unix milliseconds of an RFC 3339 instant in UTC with exactly milliseconds; `None` for any other
/// spelling.
#[must_use]
pub fn unix_ms_of(text: &str) -> Option<i64> {
    let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if marks.iter().any(|(at, mark)| bytes[*at] != *mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let milli = number(20, 23)?;
    let in_range = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    in_range.then(|| {
        (((days_from_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli
    })
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Howard Hinnant's `days_from_civil`: years begin in March, so that the leap day comes last.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::unix_ms_of;
    use goldenpath_protocol::Timestamp;
    use rstest::rstest;

    #[test]
    fn it_agrees_with_the_protocol() {
        for ms in [0, -1, 951_782_400_000, 1_763_733_600_123, 4_107_542_399_999, -62_167_219_200_000] {
            let text = Timestamp::from_unix_ms(ms).to_string();
            assert_eq!(unix_ms_of(&text), Some(ms), "{text}");
        }
    }

    #[rstest]
    #[case("2025-11-21T14:00:00Z")]
    #[case("2025-11-21T14:00:00.123+00:00")]
    #[case("2025-02-29T14:00:00.123Z")]
    #[case("2025-13-21T14:00:00.123Z")]
    #[case("2025-11-21T14:00:00,123Z")]
    #[case("1763733600")]
    fn other_spellings_are_none(#[case] text: &str) {
        assert_eq!(unix_ms_of(text), None);
    }
}
