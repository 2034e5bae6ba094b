//! Figures and names that a run's own tools gave, and how many of them its answer quotes. A canned answer quotes none.

use super::text::{bytes_hash, word_hash};
use crate::event_view::text_of;
use rustc_hash::FxHashSet;

/// Figures and names that are kept of one run; a tool that gives more gives enough.
const KEPT: usize = 2_048;
/// Facts that are kept to be shown in findings.
const SHOWN: usize = 6;

/// What the tools of one run gave.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    figures: Vec<f64>,
    names: Distinct,
    common_names: Distinct,
    known_figures: Vec<f64>,
    known_names: Distinct,
    /// The first few, for findings: their texts one after the other, and where each ends.
    shown: String,
    shown_ends: Vec<usize>,
    /// Which facts the answer quotes, while they are counted.
    marks: Vec<bool>,
}

/// Hashes in the order in which they came, each once.
#[derive(Debug, Default)]
struct Distinct {
    hashes: Vec<u64>,
    /// The same once they are too many to be looked through.
    many: FxHashSet<u64>,
}

impl Distinct {
    /// So many are looked through faster than a table is filled.
    const FEW: usize = 32;

    /// Whether it is new.
    fn insert(&mut self, hash: u64) -> bool {
        let new = if self.hashes.len() <= Self::FEW {
            !self.hashes.contains(&hash)
        } else {
            if self.many.is_empty() {
                self.many.extend(&self.hashes);
            }
            self.many.insert(hash)
        };
        if new {
            self.hashes.push(hash);
        }
        new
    }

    fn clear(&mut self) {
        self.hashes.clear();
        if !self.many.is_empty() {
            self.many = FxHashSet::default();
        }
    }
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
    /// Forgets everything but the room that it took, for the next run.
    pub(crate) fn clear(&mut self) {
        self.figures.clear();
        self.names.clear();
        self.common_names.clear();
        self.known_figures.clear();
        self.known_names.clear();
        self.shown.clear();
        self.shown_ends.clear();
    }

    /// Words that were known before the tools spoke: the prompt, a tool's parameters.
    pub(crate) fn know(&mut self, text: &str) {
        if self.known_figures.len() + self.known_names.hashes.len() < KEPT {
            self.known_figures.extend(figures(text).map(|figure| figure.value));
            each_name(text, |name| {
                self.known_names.insert(name.hash);
            });
        }
    }

    fn is_full(&self) -> bool {
        self.figures.len() + self.names.hashes.len() + self.common_names.hashes.len() >= KEPT
    }

    /// Takes in the results of a tool, as raw JSON, without building it: only values speak, keys do not.
    pub(crate) fn take_in(&mut self, results: &str) {
        let bytes = results.as_bytes();
        let speaks = |byte: &u8| matches!(byte, b'"' | b'-' | b'0'..=b'9');
        let mut at = 0;
        while let Some(skipped) = bytes[at..].iter().position(speaks)
            && !self.is_full()
        {
            at += skipped;
            if bytes[at] == b'"' {
                let end = string_end(bytes, at);
                let after = bytes[end..].iter().find(|b| !b.is_ascii_whitespace());
                if after != Some(&b':')
                    && let Some(text) = results.get(at..end).and_then(text_of)
                {
                    self.words(&text);
                }
                at = end;
            } else {
                let length = bytes[at..]
                    .iter()
                    .take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'))
                    .count();
                let written = &results[at..at + length];
                if let Some((figure, digits)) = number(written) {
                    self.figure(figure, digits, written);
                }
                at += length;
            }
        }
    }

    fn words(&mut self, text: &str) {
        each_name(text, |name| {
            let new =
                if name.common { self.common_names.insert(name.hash) } else { self.names.insert(name.hash) };
            if new {
                self.show(name.text);
            }
        });
        for figure in figures(text) {
            self.figure(figure.value, significant(figure.value), figure.text);
        }
    }

    fn figure(&mut self, value: f64, digits: usize, shown: &str) {
        if value.is_finite() && digits >= 2 {
            self.figures.push(value);
            self.show(shown);
        }
    }

    fn show(&mut self, text: &str) {
        if self.shown_ends.len() < SHOWN {
            self.shown.push_str(text);
            self.shown_ends.push(self.shown.len());
        }
    }

    /// Some of the facts, for findings.
    pub(crate) fn examples(&self) -> String {
        let starts = std::iter::once(0).chain(self.shown_ends.iter().copied());
        let shown =
            starts.zip(&self.shown_ends).map(|(start, end)| format!("`{}`", &self.shown[start..*end]));
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Holds the run's answer against the facts; what was known before they came counts no more.
    pub(crate) fn quoted(&mut self, answer: &str) -> Quoted {
        let Self { figures: given, names, common_names, known_figures, known_names, marks, .. } = self;
        let (own, common, known) = (&mut names.hashes, &mut common_names.hashes, &mut known_names.hashes);
        given.sort_unstable_by(f64::total_cmp);
        given.dedup();
        given.retain(|figure| !known_figures.iter().any(|known| (known - figure).abs() < 1e-9));
        known.sort_unstable();
        for names in [&mut *own, &mut *common] {
            names.sort_unstable();
            names.retain(|name| known.binary_search(name).is_err());
        }
        // One mark for each figure, then each name, then each common one.
        let (to_own, to_common) = (given.len(), given.len() + own.len());
        marks.clear();
        marks.resize(to_common + common.len(), false);
        for figure in figures(answer) {
            if let Some(at) = nearest(given, &figure) {
                marks[at] = true;
            }
        }
        each_name(answer, |name| {
            if let Ok(at) = own.binary_search(&name.hash) {
                marks[to_own + at] = true;
            }
            if let Ok(at) = common.binary_search(&name.hash) {
                marks[to_common + at] = true;
            }
        });
        let marked = |marks: &[bool]| marks.iter().filter(|&&marked| marked).count();
        let strong = marked(&marks[..to_common]);
        // Names that anybody might say prove nothing alone where the tools gave something better.
        let weak = if strong == 0 && to_common > 0 { 0 } else { marked(&marks[to_common..]) };
        Quoted { given: marks.len(), quoted: strong + weak }
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

/// A number as JSON writes it, and how many of its digits say something.
fn number(written: &str) -> Option<(f64, usize)> {
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
                step: unit * step(decimals),
                digits,
                percent: rest.starts_with('%') || rest.starts_with("percent"),
                text: written,
            });
        }
    })
}

/// Digits with separators: the value, how many decimals, how many digits.
fn parse(written: &str) -> Option<(f64, usize, usize)> {
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
    Some((value, decimals, digits))
}

/// What the last of so many decimals counts.
fn step(decimals: usize) -> f64 {
    match POWERS.get(decimals) {
        Some(power) => power.recip(),
        None => 10_f64.powi(i32::try_from(decimals).map_or(i32::MIN, |decimals| -decimals)),
    }
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

/// What a byte is to a name, as bits; a character beyond ASCII may be a letter.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
/// Joins the words of an identifier.
const TIE: u8 = 4;
/// May stand inside a name, but makes none.
const INSIDE: u8 = 8;
const WIDE: u8 = 16;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'-' | b'_' | b'/' | b'@' => TIE,
            b'.' | b':' => INSIDE,
            128.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// Identifiers (letters with digits, hyphens, underscores) and capitalised names of two words.
fn each_name<'a>(text: &'a str, mut each: impl FnMut(Name<'a>)) {
    let capital = |word: &str| word.len() >= 2 && word.starts_with(char::is_uppercase);
    let bytes = text.as_bytes();
    let mut before: Option<&str> = None;
    let mut at = 0;
    while at < bytes.len() {
        let (start, mut classes) = (at, 0);
        while let Some(&byte) = bytes.get(at) {
            let class = class(byte);
            if class == WIDE {
                // Always on the boundary of a character: so far all were passed over whole.
                let Some(c) = text[at..].chars().next().filter(|c| c.is_alphanumeric()) else { break };
                at += c.len_utf8();
            } else if class != 0 {
                at += 1;
            } else {
                break;
            }
            classes |= class;
        }
        let mut piece = &text[start..at];
        at += match bytes.get(at) {
            Some(byte) if !byte.is_ascii() => text[at..].chars().next().map_or(1, char::len_utf8),
            _ => 1,
        };
        if classes & (TIE | INSIDE) != 0 {
            piece = piece.trim_matches(|c: char| !c.is_alphanumeric());
        }
        if piece.is_empty() {
            continue;
        }
        // What is all letters is no identifier.
        if classes & (DIGIT | TIE) != 0
            && let Some(name) = identifier(piece)
        {
            each(name);
        }
        let named = capital(piece).then_some(piece);
        if let (Some(before), Some(piece)) = (before, named) {
            let hash = lower_hash(before).rotate_left(17) ^ lower_hash(piece);
            each(Name { hash, text: piece, common: true });
        }
        before = named;
    }
}

/// The longest name that is traced.
const LONGEST: usize = 200;

/// The hash of a name in lower case.
fn lower_hash(name: &str) -> u64 {
    let mut lower = [0; LONGEST];
    match lower.get_mut(..name.len()).filter(|_| name.is_ascii()) {
        Some(lower) => {
            lower.copy_from_slice(name.as_bytes());
            lower.make_ascii_lowercase();
            bytes_hash(lower)
        }
        None => word_hash(&name.to_lowercase()),
    }
}

fn identifier(piece: &str) -> Option<Name<'_>> {
    if piece.len() < 4 || piece.len() > LONGEST {
        return None;
    }
    let classes = piece.bytes().fold(0, |classes, byte| classes | class(byte));
    let letters = classes & LETTER != 0 || classes & WIDE != 0 && piece.chars().any(char::is_alphabetic);
    let digits = classes & DIGIT != 0;
    if !letters || !(digits || classes & TIE != 0) || piece.starts_with("gp-") {
        return None;
    }
    let common = !digits || piece.len() < 5 || is_region(piece) || is_instance(piece);
    Some(Name { hash: lower_hash(piece), text: piece, common })
}

/// `us-east-1`: a name that every text about clouds may hold.
fn is_region(piece: &str) -> bool {
    // No character becomes a hyphen or a digit in lower case, but its length may change.
    let length = |part: &str| if part.is_ascii() { part.len() } else { part.to_lowercase().len() };
    piece.ends_with(|c: char| c.is_ascii_digit())
        && length(piece) <= 16
        && piece.bytes().filter(|byte| *byte == b'-').count() == 2
        && piece.split('-').next().is_some_and(|first| length(first) == 2)
}

/// `m5.large`: another of those.
fn is_instance(piece: &str) -> bool {
    let ends = |with: &str| {
        piece
            .len()
            .checked_sub(with.len())
            .and_then(|at| piece.as_bytes().get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(with.as_bytes()))
    };
    piece.contains('.') && (ends("large") || ends("medium") || ends("small"))
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
