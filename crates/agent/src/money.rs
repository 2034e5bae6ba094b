//! Amounts as tools report them and as people read them: one rounding for both, so that every figure
//! of an answer can be found in the results it came from.

use serde_json::{Number, Value};

/// Whole units from 100 on, cents from 1 on, four significant digits below.
pub(crate) fn rounded(value: f64) -> f64 {
    let size = value.abs();
    if size >= 100.0 {
        value.round()
    } else if size >= 1.0 {
        (value * 100.0).round() / 100.0
    } else if size > 0.0 {
        let scale = 10_f64.powi(3 - size.log10().floor() as i32);
        (value * scale).round() / scale
    } else {
        0.0
    }
}

/// A rounded amount as JSON, without a decimal point where it has no fraction.
pub(crate) fn amount(value: f64) -> Value {
    number(rounded(value))
}

/// A share in percent with one decimal, as JSON.
pub(crate) fn percent(share: f64) -> Value {
    number((share * 1000.0).round() / 10.0)
}

fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Value::from(value as i64)
    } else {
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

/// An amount for people: `$12,346`, `$3.50`, `EUR 0.0042`.
pub(crate) fn readable(value: f64, currency: &str) -> String {
    let value = rounded(value);
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    let figure = if size.fract() == 0.0 {
        thousands(size as u64)
    } else if size >= 1.0 {
        format!("{size:.2}")
    } else {
        format!("{size}")
    };
    if currency == "USD" { format!("{sign}${figure}") } else { format!("{sign}{currency} {figure}") }
}

/// A count with separators: `12,346`.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(12_345.6, "$12,346")]
    #[case(3.5, "$3.50")]
    #[case(0.004_213_7, "$0.004214")]
    #[case(-1_250.0, "-$1,250")]
    #[case(0.0, "$0")]
    fn amounts_read_like_amounts(#[case] value: f64, #[case] text: &str) {
        assert_eq!(readable(value, "USD"), text);
    }

    #[test]
    fn json_and_text_round_alike() {
        assert_eq!(amount(12_345.6), Value::from(12_346));
        assert_eq!(amount(3.456), Value::from(3.46));
    }
}
