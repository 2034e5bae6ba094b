//! The days that a prompt speaks of.

use crate::calendar::last_of_month;
use time::{Date, Month};

const MONTHS: [(&str, Month); 12] = [
    ("january", Month::January),
    ("february", Month::February),
    ("march", Month::March),
    ("april", Month::April),
    ("may", Month::May),
    ("june", Month::June),
    ("july", Month::July),
    ("august", Month::August),
    ("september", Month::September),
    ("october", Month::October),
    ("november", Month::November),
    ("december", Month::December),
];

/// `last 14 days`, `past 2 weeks`, `last month`.
pub(super) fn last_days(words: &[&str]) -> Option<u32> {
    let at = words.iter().position(|word| matches!(*word, "last" | "past"))?;
    let (count, unit) = match words.get(at + 1)?.parse::<u32>() {
        Ok(count) => (count, words.get(at + 2)?),
        Err(_) => (1, words.get(at + 1)?),
    };
    let days = match unit.trim_end_matches('s') {
        "day" => 1,
        "week" => 7,
        "month" => 30,
        "quarter" => 90,
        _ => return None,
    };
    count.checked_mul(days).filter(|days| *days > 0)
}

/// `2024-09`, `September 2024`, `in 2019`.
pub(super) fn dates(words: &[&str]) -> Option<(String, String)> {
    let mut days = words.iter().filter_map(|word| day_of(word));
    if let Some(one) = days.next() {
        let other = days.next().unwrap_or(one);
        return Some((one.min(other).to_string(), one.max(other).to_string()));
    }
    for (at, word) in words.iter().enumerate() {
        if let Some((year, month)) = word.split_once('-')
            && let (Some(year), Ok(month)) = (year_of(year), month.parse::<u8>())
            && let Ok(month) = Month::try_from(month)
        {
            return span(year, month, month);
        }
        let named = MONTHS.iter().find(|(name, _)| name == word).map(|(_, month)| *month);
        if let (Some(month), Some(year)) = (named, words.get(at + 1).and_then(|next| year_of(next))) {
            return span(year, month, month);
        }
        if matches!(*word, "in" | "during" | "year")
            && let Some(year) = words.get(at + 1).and_then(|next| year_of(next))
        {
            return span(year, Month::January, Month::December);
        }
    }
    None
}

/// A whole date, as `2024-09-30`.
fn day_of(word: &str) -> Option<Date> {
    let mut parts = word.split('-');
    let (year, month, day) = (year_of(parts.next()?)?, parts.next()?.parse::<u8>().ok()?, parts.next()?);
    let day = day.parse().ok().filter(|_| parts.next().is_none())?;
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

fn year_of(word: &str) -> Option<i32> {
    word.parse().ok().filter(|year| word.len() == 4 && (1990..2100).contains(year))
}

fn span(year: i32, first: Month, last: Month) -> Option<(String, String)> {
    let from = Date::from_calendar_date(year, first, 1).ok()?;
    Some((from.to_string(), last_of_month(year, last)?.to_string()))
}
