//! Numbers as JSON writes them, and how many of their digits say something.

/// A number as JSON writes it, and how many of its digits say something.
pub(super) fn number(written: &str) -> Option<(f64, usize)> {
    plain_number(written).or_else(|| {
        let value = written.parse().ok()?;
        Some((value, significant(value)))
    })
}

/// The same for at most fifteen digits without an exponent.
fn plain_number(written: &str) -> Option<(f64, usize)> {
    let unsigned = written.strip_prefix('-').unwrap_or(written);
    let (mut whole, mut digits, mut decimals, mut point) = (0_u64, 0, 0, false);
    for byte in unsigned.bytes() {
        match byte {
            b'0'..=b'9' if digits < 15 => {
                whole = whole * 10 + u64::from(byte - b'0');
                digits += 1;
                decimals += usize::from(point);
            }
            b'.' if !point && digits > 0 => point = true,
            _ => return None,
        }
    }
    if digits == 0 || (point && decimals == 0) {
        return None;
    }
    // Both are exact, so the quotient is the nearest there is.
    let size = whole as f64 / POWERS.get(decimals)?;
    while decimals > 0 && whole.is_multiple_of(10) {
        whole /= 10;
        decimals -= 1;
    }
    while decimals == 0 && whole > 0 && whole.is_multiple_of(10) {
        whole /= 10;
    }
    let digits = whole.checked_ilog10().map_or(0, |most| most as usize + 1);
    Some((if unsigned.len() < written.len() { -size } else { size }, digits))
}

/// How many digits of a number say something: 12 000 has two, 0.5 has one.
pub(super) fn significant(value: f64) -> usize {
    let size = value.abs();
    for (decimals, scale) in [(0, 1.0), (1, 1e1), (2, 1e2), (3, 1e3)] {
        let whole = (size * scale).round();
        // Fifteen digits name a number: no shorter way of writing it is missed.
        if whole < 1e15 && whole / scale == size {
            let mut whole = whole as u64;
            while decimals == 0 && whole > 0 && whole.is_multiple_of(10) {
                whole /= 10;
            }
            return whole.checked_ilog10().map_or(0, |most| most as usize + 1);
        }
    }
    let text = format!("{}", value.abs());
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    if text.contains('.') { digits.len() } else { digits.trim_end_matches('0').len() }
}

/// Powers of ten.
pub(super) const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn zeros_that_only_give_the_size_say_nothing() {
        for (value, digits) in [
            (0.0, 0),
            (7.0, 1),
            (12_000.0, 2),
            (0.5, 1),
            (-0.05, 1),
            (1234.5, 5),
            (0.1 + 0.2, 17),
            (1e22, 1),
            (1e-7, 1),
            (123_456_789_012_345_680.0, 17),
            (1.234_567, 7),
        ] {
            assert_eq!(significant(value), digits, "{value}");
        }
    }
}
