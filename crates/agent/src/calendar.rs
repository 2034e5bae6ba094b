//! Dates written by others: `2024-09-30`, alone or before a time of day.

use time::{Date, Month};

/// A date as `2024-09-30`.
pub(crate) fn iso_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month = parts.next().filter(|month| month.len() == 2)?.parse::<u8>().ok()?;
    let day = parts.next().filter(|day| day.len() == 2)?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

/// The date of `2024-09-30`, `2024-09-30 13:00:00` or `2024-09-30T13:00:00Z`.
pub(crate) fn iso_day(text: &str) -> Option<Date> {
    let date = iso_date(text.get(..10)?)?;
    let rest = text.get(10..)?;
    let clock = rest.trim_start_matches(['T', ' ']).trim_end_matches('Z');
    let in_range = |(part, limit): (&str, u8)| {
        let whole = part.split('.').next().unwrap_or_default();
        whole.len() == 2 && whole.parse::<u8>().is_ok_and(|value| value < limit)
    };
    let parts = clock.split(':').count();
    let good = (2..=3).contains(&parts) && clock.split(':').zip([24, 60, 61]).all(in_range);
    (rest.is_empty() || good).then_some(date)
}

/// The last day of a month.
pub(crate) fn last_of_month(year: i32, month: Month) -> Option<Date> {
    Date::from_calendar_date(year, month, month.length(year)).ok()
}
