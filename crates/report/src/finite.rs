//! Numbers of the report: finite or absent. JSON has no NaN, and a NaN that turns into `null` on the way
//! out would hide a measurement that went wrong.

use serde::{Serializer, ser::Error};

/// Writes an optional number and refuses one that is not finite.
pub(crate) fn optional<S: Serializer>(number: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => required(number, to),
        None => to.serialize_none(),
    }
}

/// Writes a number and refuses one that is not finite.
pub(crate) fn required<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    if number.is_finite() {
        to.serialize_f64(*number)
    } else {
        Err(S::Error::custom(format!("`{number}` is no number that a report can hold")))
    }
}

/// The number, when it is one.
pub(crate) fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}
