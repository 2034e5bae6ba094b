//! Figures as people write them: with signs for thousands, rounded, as thousands and millions, in percent.

/// Powers of ten, as far as digits are read.
const POWERS: [f64; MOST_DIGITS + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
];

/// A number of more digits is none that anybody quotes; so many fit into 64 bits.
const MOST_DIGITS: usize = 19;

/// Whole numbers of so many digits, and powers of ten as large, are numbers of 64 bits exactly.
const EXACT_DIGITS: usize = 15;

/// A figure as a text writes it.
pub(super) struct Figure<'a> {
    pub(super) value: f64,
    /// What the last written digit counts.
    step: f64,
    digits: usize,
    percent: bool,
    pub(super) text: &'a str,
}

/// The figures of a text: `$12,345.67`, `12345.67`, `12.3k`, `1.2M`, `34.5 %`, `12 345`, `1.234,50`.
pub(super) fn figures(text: &str) -> impl Iterator<Item = Figure<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            while at < bytes.len() && !bytes[at].is_ascii_digit() {
                at += 1;
            }
            if at >= bytes.len() {
                return None;
            }
            let start = at;
            while at < bytes.len()
                && (bytes[at].is_ascii_digit()
                    || matches!(bytes[at], b'.' | b',') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
            {
                at += 1;
            }
            let unit = unit(&bytes[at..]);
            // Digits inside a name (`g5.12xlarge`, `us-east-1`, `a1b2`) are no figure.
            let Some(unit) = unit.filter(|_| !inside_name(&bytes[..start])) else { continue };
            let written = &text[start..at];
            let Some((value, power, digits)) = parse(written) else { continue };
            let rest = text[at..].trim_start_matches(' ');
            return Some(Figure {
                value: value * unit,
                step: unit / power,
                digits,
                percent: rest.starts_with('%') || rest.starts_with("percent"),
                text: written,
            });
        }
    })
}

fn glued(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// What a figure counts, by what follows its digits; `None` when they begin a name.
fn unit(after: &[u8]) -> Option<f64> {
    match after.first() {
        Some(b'k' | b'K') if !glued(after.get(1)) => Some(1e3),
        Some(b'm' | b'M') if !glued(after.get(1)) => Some(1e6),
        Some(b'b' | b'B') if !glued(after.get(1)) => Some(1e9),
        other if glued(other) => None,
        _ => Some(1.0),
    }
}

/// Whether digits go on with a name, by what stands before them.
fn inside_name(before: &[u8]) -> bool {
    match before {
        [.., byte, b'-'] => byte.is_ascii_alphanumeric(),
        _ => glued(before.last()),
    }
}

/// Digits with separators: the value, the parts of one that its last digit counts, how many digits.
fn parse(written: &str) -> Option<(f64, f64, usize)> {
    let mut separators = written.bytes().enumerate().filter(|(_, b)| matches!(b, b'.' | b','));
    let decimal = match (separators.next(), separators.next_back()) {
        (None, _) => None,
        // `12,345` counts thousands, `12.345` and `12,5` have a fraction.
        (Some((at, b',')), None) if written.len() - at == 4 => None,
        (Some((at, _)), None) => Some(at),
        (Some((_, first)), Some((at, last))) => {
            let before = separators.next_back().map_or(first, |(_, before)| before);
            match (before, first) {
                (before, _) if before != last => Some(at),
                // `1.2.3` is a version or an address, `1,234,567` a number.
                (_, b',') => None,
                _ => return None,
            }
        }
    };
    let (whole, fraction) = decimal.map_or((written, ""), |at| (&written[..at], &written[at + 1..]));
    let digits_of = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let (whole_digits, decimals) = (digits_of(whole), fraction.len());
    if whole_digits + decimals > MOST_DIGITS {
        return None;
    }
    let all = || whole.chars().chain(fraction.chars()).filter_map(|digit| digit.to_digit(10));
    let power = POWERS[decimals];
    let value = if whole_digits + decimals <= EXACT_DIGITS {
        // Both are exact, so the quotient is the nearest there is.
        all().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit)) as f64 / power
    } else {
        let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
        format!("{whole}.{fraction}0").parse().ok()?
    };
    let digits = (whole_digits + decimals).saturating_sub(usize::from(whole == "0"));
    Some((value, power, digits))
}

/// Whether a number says more than its size, as it is written: 1 200 and 0.25 do; 7, 2 000, 0.5 and 1e6 do not.
pub(super) fn says_more(written: &str) -> bool {
    let digits = written.bytes().take_while(|byte| !matches!(byte, b'e' | b'E'));
    digits.filter(|digit| matches!(digit, b'1'..=b'9')).nth(1).is_some()
}

/// The given figure that a said one means, allowing for rounding to the digits that are said.
pub(super) fn nearest(given: &[f64], said: &Figure<'_>) -> Option<usize> {
    [1.0, 0.01].into_iter().filter(|scale| *scale == 1.0 || said.percent).find_map(|scale| {
        let (value, step) = (said.value * scale, said.step * scale);
        let exact = given.binary_search_by(|probe| probe.total_cmp(&value)).ok();
        if exact.is_some() {
            return exact;
        }
        // Rounded to fewer than three digits a figure says too little to be traced.
        if said.digits < 3 && !said.percent {
            return None;
        }
        let from = given.partition_point(|probe| *probe < value - step * 0.500_001);
        (from < given.len() && given[from] <= value + step * 0.500_001).then_some(from)
    })
}

#[cfg(test)]
mod tests {
    use super::{figures, parse, says_more};
    use rstest::rstest;

    #[rstest]
    #[case("$12,345.67", 12_345.67)]
    #[case("12345.67", 12_345.67)]
    #[case("12.3k", 12_300.0)]
    #[case("1.234,50 EUR", 1_234.5)]
    #[case("USD 1,234,567", 1_234_567.0)]
    #[case("34.5 %", 34.5)]
    fn figures_are_read_as_people_write_them(#[case] text: &str, #[case] value: f64) {
        let read: Vec<f64> = figures(text).map(|figure| figure.value).collect();
        assert_eq!(read.len(), 1, "{text}");
        assert!((read[0] - value).abs() < 1e-6, "{text}: {read:?}");
    }

    #[rstest]
    #[case("g5.12xlarge")]
    #[case("version 1.2.3")]
    #[case("us-east-1")]
    fn digits_of_names_are_no_figures(#[case] text: &str) {
        assert_eq!(figures(text).count(), 0, "{text}");
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (written, value) in [
            ("0", 0.0),
            ("0.5", 0.5),
            ("00.10", 0.1),
            ("12,345", 12_345.0),
            ("1,234.50", 1_234.5),
            ("1.234,5", 1_234.5),
            ("1,234,567.891", 1_234_567.891),
            ("9999999999999999999", 1e19),
        ] {
            let read = parse(written).map(|(value, ..)| value.to_bits());
            assert_eq!(read, Some(f64::to_bits(value)), "{written}");
        }
        assert!(parse("10000000000000000000").is_none() && parse("12345678901234567.890").is_none());
    }

    #[test]
    fn zeros_that_only_give_the_size_say_nothing() {
        for more in ["12", "1200", "-1.5", "0.25", "101", "100.5", "1.5e22"] {
            assert!(says_more(more), "{more}");
        }
        for less in ["0", "7", "2000", "0.5", "-0.05", "20.0", "1e22", "1e-75"] {
            assert!(!says_more(less), "{less}");
        }
    }
}
