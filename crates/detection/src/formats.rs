//! The documents a measurement becomes, one format per file.

mod json;
mod markdown;
mod text;

#[cfg(test)]
mod tests;

pub use json::{SCHEMA, json};
pub use markdown::markdown;
pub use text::text;

use crate::column::Column;
use crate::rates::Rate;

/// How many of how many, in short.
fn of(column: &Column) -> String {
    format!("{}/{}", column.caught, column.of)
}

/// A share in percent, with one decimal; `–` of nothing.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// The rate of rows that are caught, or of alarms, in a sentence's part.
fn bounded(rate: Rate, bound: Option<f64>, word: &str) -> String {
    format!("{} of {} ({word} {} with 95 % confidence)", rate.n, rate.of, percent(bound))
}
