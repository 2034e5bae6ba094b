//! References in a text, plain or encoded, found in one pass.
//!
//! Every reference begins with `gp-`, and so does every encoding of one with its own few bytes. Those are
//! searched, all at once; only at a hit is anything decoded. The cost does not grow with the number of runs.

use super::spelling::{html, json, pair, percent, sextet};
use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// `gp-` and 32 hex digits.
const LENGTH: usize = 35;

/// How a reference was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is, or with escapes of percent, JSON or HTML for some or all of its characters.
    Text,
    /// Two hex digits per character.
    Hex,
    /// Base64 or base64url; so many bytes before it share its first characters.
    Base64 { before: usize },
    /// Encoded more than once, or from another encoding of characters.
    Nested,
}

impl Form {
    /// For findings.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "as text",
            Self::Hex => "in hex",
            Self::Base64 { .. } => "in base64",
            Self::Nested => "encoded more than once",
        }
    }
}

/// How each form of a reference begins, and how many bytes before the hit it really starts.
const STARTS: &[(&str, Form, usize)] = &[
    ("gp-", Form::Text, 0),
    ("GP-", Form::Text, 0),
    ("gp%2", Form::Text, 0),
    ("gp\\u002", Form::Text, 0),
    ("%67", Form::Text, 0),
    ("\\u0067", Form::Text, 0),
    ("g%70", Form::Text, 0),
    ("g\\u0070", Form::Text, 0),
    ("%2567", Form::Text, 0),
    ("gp%25", Form::Text, 0),
    ("&#103;", Form::Text, 0),
    ("&#x67;", Form::Text, 0),
    ("&#X67;", Form::Text, 0),
    ("67702d", Form::Hex, 0),
    ("67702D", Form::Hex, 0),
    ("47502d", Form::Hex, 0),
    ("47502D", Form::Hex, 0),
    // The bits of `gp-` that do not depend on their neighbours, in each of the three alignments.
    ("Z3At", Form::Base64 { before: 0 }, 0),
    ("dwLT", Form::Base64 { before: 1 }, 2),
    ("dwLW", Form::Base64 { before: 1 }, 2),
    ("ncC0", Form::Base64 { before: 2 }, 3),
    ("ncC1", Form::Base64 { before: 2 }, 3),
];

/// Finds references.
#[derive(Debug)]
pub(super) struct Hidden {
    starts: Option<AhoCorasick>,
}

impl Default for Hidden {
    fn default() -> Self {
        let patterns = STARTS.iter().map(|(start, ..)| start);
        Self { starts: AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(patterns).ok() }
    }
}

impl Hidden {
    /// Every reference in `text`, as its number, with the form it was written in and where.
    pub(super) fn each(&self, text: &str, mut found: impl FnMut(u128, Form, usize)) {
        self.each_in_lines(text, &mut found);
        if let Some((at, joined)) = joined_lines(text) {
            self.each_in_lines(&joined, |number, form, _| found(number, form, at));
        }
    }

    fn each_in_lines(&self, text: &str, mut found: impl FnMut(u128, Form, usize)) {
        let Some(starts) = &self.starts else { return };
        for hit in starts.find_iter(text) {
            let (_, form, back) = STARTS[hit.pattern().as_usize()];
            let number = hit.start().checked_sub(back).and_then(|from| {
                let rest = &text.as_bytes()[from..];
                match form {
                    Form::Text => reference(unescaped(rest)),
                    Form::Hex => reference(hex(rest)),
                    Form::Base64 { before } => reference(base64(rest).skip(before)),
                    Form::Nested => None,
                }
            });
            if let Some(number) = number {
                found(number, form, hit.start());
            }
        }
    }
}

/// The number of the reference that `bytes` begin with.
fn reference(bytes: impl Iterator<Item = u8>) -> Option<u128> {
    let mut number = 0u128;
    let mut length = 0;
    for (at, byte) in bytes.take(LENGTH).enumerate() {
        match at {
            0..=2 if byte.to_ascii_lowercase() == b"gp-"[at] => {}
            0..=2 => return None,
            _ => number = number * 16 + u128::from(char::from(byte).to_digit(16)?),
        }
        length += 1;
    }
    (length == LENGTH).then_some(number)
}

/// Bytes with `%67`, `&#103;` and `\u0067` read as what they stand for; a percent sign may be escaped itself, and doubled
/// backslashes are one.
fn unescaped(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (byte, length) = match rest {
            [b'%', b'2', b'5', high, low, ..] => (pair(*high, *low)?, 5),
            [b'%', ..] => percent(rest)?,
            [b'&', b'#', ..] => html(rest)?,
            [b'\\', ..] => json(rest)?,
            [byte, ..] => (*byte, 1),
            [] => return None,
        };
        rest = &rest[length..];
        Some(byte)
    })
}

fn hex(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    bytes.chunks_exact(2).map_while(|digits| pair(digits[0], digits[1]))
}

/// So many characters of base64 before a line end are a line of a longer text, as mails and certificates have them.
const LINE: usize = 60;

static LINE_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\\n"));

/// The text with the lines of base64 joined, if it has such lines, and where the first of them ends.
fn joined_lines(text: &str) -> Option<(usize, String)> {
    let bytes = text.as_bytes();
    // Most texts hold no escape at all.
    memchr::memchr(b'\\', bytes)?;
    let coded = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let ends_line = |at: &usize| {
        let before = bytes[..*at].strip_suffix(b"\\r").unwrap_or(&bytes[..*at]);
        before.len() >= LINE && before[before.len() - LINE..].iter().rev().all(coded)
    };
    let mut ends = LINE_END.find_iter(bytes).filter(ends_line);
    let first = ends.next()?;
    let (mut joined, mut from) = (String::with_capacity(text.len()), 0);
    for at in std::iter::once(first).chain(ends) {
        joined.push_str(text.get(from..at)?.trim_end_matches("\\r"));
        from = at + 2;
    }
    joined.push_str(text.get(from..)?);
    Some((first, joined))
}

/// Bytes with the escapes that JSON allows inside base64 read as what they stand for.
fn spelled(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (byte, length) = json(rest).or_else(|| {
            let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
            Some((*rest.get(slashes)?, slashes + 1))
        })?;
        rest = &rest[length..];
        Some(byte)
    })
}

/// The bytes of base64 in either alphabet; any character may be escaped, as JSON allows.
fn base64(chars: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let sextets = spelled(chars).map_while(sextet);
    let (mut held, mut bits) = (0u32, 0u32);
    sextets.filter_map(move |sextet| {
        held = (held * 64 + u32::from(sextet)) & 0xffff;
        bits += 6;
        if bits < 8 {
            return None;
        }
        bits -= 8;
        u8::try_from(held >> bits & 0xff).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::{Form, Hidden};
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    use goldenpath_history::make_reference;

    const NUMBERS: [u128; 4] = [0, u128::MAX, 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978, 0xa0 << 120];

    fn found(text: &str) -> Vec<(u128, Form)> {
        let mut all = Vec::new();
        Hidden::default().each(text, |number, form, _| all.push((number, form)));
        all
    }

    #[test]
    fn every_written_form_is_found() {
        for number in NUMBERS {
            let plain = make_reference(number);
            let percent: String = plain.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let escaped: String = plain.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            for text in [
                plain.clone(),
                plain.to_ascii_uppercase(),
                plain.replace('-', "%2D"),
                plain.replace('-', "\\u002d"),
                percent.clone(),
                percent.to_ascii_lowercase(),
                escaped.clone(),
                escaped.replace('\\', "\\\\"),
                percent.replace('%', "%25"),
                plain.bytes().map(|byte| format!("&#{byte};")).collect(),
                plain.bytes().map(|byte| format!("&#x{byte:x};")).collect(),
            ] {
                assert_eq!(found(&format!("x{text}\"")), [(number, Form::Text)], "{text}");
            }
            let hex: String = plain.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(found(&hex), [(number, Form::Hex)]);
            assert_eq!(found(&format!(" {} ", hex.to_ascii_uppercase())), [(number, Form::Hex)]);
        }
    }

    #[test]
    fn base64_is_found_in_every_alignment_and_alphabet() {
        for number in NUMBERS {
            for before in ["", "a", "\u{7f}~", "Reference: ", "{\"a\":1,", "\u{e9}\u{1F600}abcd"] {
                let plain = format!("{before}{}?>\u{ff}", make_reference(number));
                for text in [
                    STANDARD.encode(&plain),
                    STANDARD_NO_PAD.encode(&plain),
                    URL_SAFE_NO_PAD.encode(&plain),
                    STANDARD.encode(&plain).replace('/', "\\/"),
                    STANDARD.encode(&plain).replace('+', "\\u002b"),
                ] {
                    let numbers: Vec<u128> = found(&text).into_iter().map(|(number, _)| number).collect();
                    assert_eq!(numbers, [number], "{before:?} {text}");
                }
            }
        }
    }

    #[test]
    fn lines_of_base64_are_one_text() {
        for before in 0..80 {
            let plain = format!("{}{}", "x".repeat(before), make_reference(NUMBERS[2]));
            let all: Vec<char> = STANDARD.encode(&plain).chars().collect();
            for (width, end) in [(76, "\\r\\n"), (64, "\\n")] {
                let lines: Vec<String> = all.chunks(width).map(|line| line.iter().collect()).collect();
                let text = format!("\"blob\":\"{}\"", lines.join(end));
                assert!(found(&text).iter().any(|(number, _)| *number == NUMBERS[2]), "{text}");
            }
        }
    }

    #[test]
    fn what_only_begins_like_a_reference_is_none() {
        for text in [
            "",
            "gp-",
            "gp-12",
            "Z3At",
            "67702d",
            "%67",
            "\\u0067",
            "dwLT ncC0",
            "gp-\u{e9}\u{e9}",
            "%6\u{e9}",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
