//! Figures and names that a run's own tools gave, and how many of them its answer quotes. A canned answer quotes none.

use super::text::word_hash;
use crate::event_view::text_of;
use rustc_hash::FxHashSet;

/// Figures and names that are kept of one run; a tool that gives more gives enough.
const KEPT: usize = 2_048;

/// What the tools of one run gave.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    figures: Vec<f64>,
    names: FxHashSet<u64>,
    common_names: FxHashSet<u64>,
    known_figures: Vec<f64>,
    known_names: FxHashSet<u64>,
    /// The first few, for findings.
    shown: Vec<String>,
}

/// How many facts there were to quote, and how many were quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Quoted {
    /// Distinct facts of the tools that neither the prompt nor the parameters held.
    pub(crate) given: usize,
    /// Those of them in the answer.
    pub(crate) quoted: usize,
}

impl Facts {
    /// Words that were known before the tools spoke: the prompt, a tool's parameters.
    pub(crate) fn know(&mut self, text: &str) {
        if self.known_figures.len() + self.known_names.len() < KEPT {
            self.known_figures.extend(figures(text).map(|figure| figure.value));
            self.known_names.extend(names(text).map(|name| name.hash));
        }
    }

    /// Takes in the results of a tool, as raw JSON, without building it: only values speak, keys do not.
    pub(crate) fn take_in(&mut self, results: &str) {
        let bytes = results.as_bytes();
        let mut at = 0;
        while at < bytes.len() && self.figures.len() + self.names.len() + self.common_names.len() < KEPT {
            match bytes[at] {
                b'"' => {
                    let end = string_end(bytes, at);
                    let after = bytes[end..].iter().find(|b| !b.is_ascii_whitespace());
                    if after != Some(&b':')
                        && let Some(text) = results.get(at..end).and_then(text_of)
                    {
                        self.words(&text);
                    }
                    at = end;
                }
                b'-' | b'0'..=b'9' => {
                    let length = bytes[at..]
                        .iter()
                        .take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'))
                        .count();
                    let written = &results[at..at + length];
                    if let Ok(figure) = written.parse() {
                        self.figure(figure, || written.to_owned());
                    }
                    at += length;
                }
                _ => at += 1,
            }
        }
    }

    fn words(&mut self, text: &str) {
        for name in names(text) {
            let new =
                if name.common { self.common_names.insert(name.hash) } else { self.names.insert(name.hash) };
            if new {
                self.show(|| name.text.to_owned());
            }
        }
        for figure in figures(text) {
            self.figure(figure.value, || figure.text.to_owned());
        }
    }

    fn figure(&mut self, value: f64, shown: impl FnOnce() -> String) {
        if value.is_finite() && significant(value) >= 2 {
            self.figures.push(value);
            self.show(shown);
        }
    }

    fn show(&mut self, text: impl FnOnce() -> String) {
        if self.shown.len() < 6 {
            self.shown.push(text());
        }
    }

    /// Some of the facts, for findings.
    pub(crate) fn examples(&self) -> String {
        self.shown.iter().map(|shown| format!("`{shown}`")).collect::<Vec<_>>().join(", ")
    }

    /// Holds an answer against the facts.
    pub(crate) fn quoted(&self, answer: &str) -> Quoted {
        let mut given = self.figures.clone();
        given.sort_by(f64::total_cmp);
        given.dedup();
        given.retain(|figure| !self.known_figures.iter().any(|known| (known - figure).abs() < 1e-9));
        let said: Vec<Figure<'_>> = figures(answer).collect();
        let figures_quoted =
            said.iter().filter_map(|figure| nearest(&given, figure)).collect::<FxHashSet<usize>>().len();
        let words: FxHashSet<u64> = names(answer).map(|name| name.hash).collect();
        let count = |names: &FxHashSet<u64>| {
            let new = names.iter().filter(|name| !self.known_names.contains(name));
            new.fold((0, 0), |(all, here), name| (all + 1, here + usize::from(words.contains(name))))
        };
        let (own, own_quoted) = count(&self.names);
        let (common, common_quoted) = count(&self.common_names);
        let strong = figures_quoted + own_quoted;
        // Names that anybody might say prove nothing alone where the tools gave something better.
        let weak = if strong == 0 && given.len() + own > 0 { 0 } else { common_quoted };
        Quoted { given: given.len() + own + common, quoted: strong + weak }
    }
}

/// The byte after the string that begins at `at`; the end of the text when it is cut.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'"' => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

/// The given figure that a said one means, allowing for rounding to the digits that are said.
fn nearest(given: &[f64], said: &Figure<'_>) -> Option<usize> {
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

/// How many digits of a number say something: 12 000 has two, 0.5 has one.
fn significant(value: f64) -> usize {
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

/// A figure as a text writes it.
struct Figure<'a> {
    value: f64,
    /// What the last written digit counts.
    step: f64,
    digits: usize,
    percent: bool,
    text: &'a str,
}

/// The figures of a text: `$12,345.67`, `12345.67`, `12.3k`, `1.2M`, `34.5 %`, `12 345`, `1.234,50`.
fn figures(text: &str) -> impl Iterator<Item = Figure<'_>> {
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
            let glued = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            let unit = match bytes.get(at) {
                Some(b'k' | b'K') if !glued(bytes.get(at + 1)) => 1e3,
                Some(b'm' | b'M') if !glued(bytes.get(at + 1)) => 1e6,
                Some(b'b' | b'B') if !glued(bytes.get(at + 1)) => 1e9,
                other if glued(other) => 0.0,
                _ => 1.0,
            };
            // Digits inside a name (`g5.12xlarge`, `us-east-1`, `a1b2`) are no figure.
            let before = start.checked_sub(1).map(|i| &bytes[i]);
            let inside_name = glued(before)
                || before == Some(&b'-')
                    && start.checked_sub(2).is_some_and(|i| bytes[i].is_ascii_alphanumeric());
            if unit == 0.0 || inside_name {
                while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
                    at += 1;
                }
                continue;
            }
            let written = &text[start..at];
            let Some((value, decimals, digits)) = parse(written) else { continue };
            let rest = text[at..].trim_start_matches(' ');
            return Some(Figure {
                value: value * unit,
                step: unit * 10_f64.powi(-decimals),
                digits,
                percent: rest.starts_with('%') || rest.starts_with("percent"),
                text: written,
            });
        }
    })
}

/// Digits with separators: the value, how many decimals, how many digits.
fn parse(written: &str) -> Option<(f64, i32, usize)> {
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
    let all = || whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit);
    let value = match POWERS.get(decimals) {
        // Both are exact, so the quotient is the nearest there is.
        Some(power) if whole_digits + decimals <= 15 => {
            all().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0')) as f64 / power
        }
        _ => {
            let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
            format!("{whole}.{fraction}0").parse().ok()?
        }
    };
    let digits = (whole_digits + decimals).saturating_sub(usize::from(whole == "0"));
    Some((value, i32::try_from(decimals).ok()?, digits))
}

/// Powers of ten.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A name that can be traced.
struct Name<'a> {
    hash: u64,
    text: &'a str,
    /// Whether many texts might hold it by chance: a region, an instance type, a product.
    common: bool,
}

/// Identifiers (letters with digits, hyphens, underscores) and capitalised names of two words.
fn names(text: &str) -> impl Iterator<Item = Name<'_>> {
    let mut previous: Option<&str> = None;
    pieces(text)
        .map(|piece| piece.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|piece| !piece.is_empty())
        .flat_map(move |piece| {
            let capital = |word: &str| word.len() >= 2 && word.starts_with(char::is_uppercase);
            let pair = previous.filter(|before| capital(before) && capital(piece)).map(|before| Name {
                hash: word_hash(&before.to_lowercase()).rotate_left(17) ^ word_hash(&piece.to_lowercase()),
                text: piece,
                common: true,
            });
            previous = Some(piece);
            [identifier(piece), pair]
        })
        .flatten()
}

/// The stretches of a text that names are made of, and empty ones between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let joins = |byte: u8| matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'@');
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut at = 0;
        while let Some(byte) = text.as_bytes().get(at) {
            if byte.is_ascii() {
                if !byte.is_ascii_alphanumeric() && !joins(*byte) {
                    break;
                }
                at += 1;
            } else {
                // Always on the boundary of a character: so far all were passed over whole.
                let Some(c) = text[at..].chars().next().filter(|c| c.is_alphanumeric()) else { break };
                at += c.len_utf8();
            }
        }
        let after = text[at..].chars().next().map(|c| at + c.len_utf8());
        rest = after.map(|after| &text[after..]);
        Some(&text[..at])
    })
}

fn identifier(piece: &str) -> Option<Name<'_>> {
    if piece.len() < 4 || piece.len() > 200 {
        return None;
    }
    let any = |is: fn(u8) -> bool| piece.bytes().fold(false, |found, byte| found | is(byte));
    let letters = any(|byte| byte.is_ascii_alphabetic()) || piece.chars().any(char::is_alphabetic);
    let digits = any(|byte| byte.is_ascii_digit());
    let joined = any(|byte| matches!(byte, b'-' | b'_' | b'/' | b'@'));
    if !letters || !(digits || joined) || piece.starts_with("gp-") {
        return None;
    }
    let lower = piece.to_lowercase();
    // `us-east-1`, `m5.large`, `24x7`: names that every text about clouds may hold. Plain words joined by a hyphen too.
    let region = lower.len() <= 16
        && lower.matches('-').count() == 2
        && lower.ends_with(|c: char| c.is_ascii_digit())
        && lower.split('-').next().is_some_and(|first| first.len() == 2);
    let instance = lower.contains('.')
        && (lower.ends_with("large") || lower.ends_with("medium") || lower.ends_with("small"));
    let common = region || instance || !digits || piece.len() < 5;
    Some(Name { hash: word_hash(&lower), text: piece, common })
}

#[cfg(test)]
mod tests {
    use super::{Facts, Quoted, figures, parse, significant};
    use rstest::rstest;

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.know("I spend $50k on 90 days");
        facts.take_in(
            r#"{"subject":"spend","total":12345.67,"share":0.3456,"days":90,"rows":[{"name":"trainer-0a1b2c","usd":9876.5},
            {"name":"etl-77ff00","service":"Amazon SageMaker","region":"us-east-1","usd":50000}]}"#,
        );
        facts
    }

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

    #[rstest]
    #[case("You pay $12,345.67; trainer-0a1b2c and etl-77ff00 lead.", 3)]
    #[case("You pay 12.3k, of which 34.6 % are idle, and 9,877 for one.", 3)]
    #[case("Use reserved instances in us-east-1 with Amazon SageMaker to save 30 % over 90 days of $50k.", 0)]
    #[case("Nothing to see.", 0)]
    fn only_what_the_tools_gave_counts(#[case] answer: &str, #[case] quoted: usize) {
        assert_eq!(facts().quoted(answer).quoted, quoted, "{answer}");
    }

    #[test]
    fn numbers_are_read_without_detours_as_with_them() {
        for written in
            ["0", "0.5", "00.10", "12,345", "1,234.50", "1.234,5", "1,234,567.891", "123456789012345678.25"]
        {
            let plain = match written {
                "12,345" => "12345".to_owned(),
                "1.234,5" => "1234.5".to_owned(),
                other => other.replace(',', ""),
            };
            let (value, ..) = parse(written).unwrap();
            assert_eq!(value.to_bits(), plain.parse::<f64>().unwrap().to_bits(), "{written}");
        }
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

    #[test]
    fn results_that_cannot_be_read_give_nothing() {
        let mut facts = Facts::default();
        facts.take_in("{\"cut\":");
        assert_eq!(facts.quoted("12345"), Quoted::default());
    }
}
