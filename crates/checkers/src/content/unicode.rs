//! Text survives unchanged: no mojibake, no replacement characters, no NUL, no byte order mark.

use super::Broken;
use crate::evidence::around;
use memchr::memchr_iter;
use std::borrow::Cow;

/// Whether a text holds more than ASCII, as it stands or escaped.
pub(super) fn is_wide(raw: &str) -> bool {
    !raw.is_ascii() || is_escaped(raw)
}

fn is_escaped(raw: &str) -> bool {
    let raw = raw.as_bytes();
    memchr_iter(b'\\', raw).any(|at| matches!(raw.get(at + 1), Some(b'u' | b'b' | b'f')))
}

/// What in the text of this frame, which holds more than ASCII, did not survive. `own` gives what the user wrote themselves, which may
/// hold anything; it is asked for only when something is found.
pub(super) fn broken(raw: &str, own: impl Fn() -> String) -> Option<Broken> {
    let escaped = is_escaped(raw);
    let text = if escaped { unescaped(raw) } else { Cow::Borrowed(raw) };
    let (what, at) = odd_character(&text).or_else(|| mojibake(&text))?;
    let excerpt = around(&text, at);
    let written: String = text[at..].chars().take(2).collect();
    (!own().contains(&written))
        .then(|| Broken::new("text that survives unchanged", format!("{what} in `{excerpt}`")))
}

/// The text with its `\uXXXX`, `\b` and `\f` resolved; the other escapes, which are whitespace and signs of JSON itself, stay. A lone
/// surrogate becomes U+FFFD.
fn unescaped(raw: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(unit) = escape(rest) else {
            // An escape of two characters: the second may be a backslash itself.
            let two = rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end);
            out.push_str(match &rest[..two] {
                "\\b" => "\u{8}",
                "\\f" => "\u{c}",
                other => other,
            });
            rest = &rest[two..];
            continue;
        };
        rest = &rest[6..];
        let low = if (0xD800..0xDC00).contains(&unit) { escape(rest) } else { None };
        match low {
            Some(low) if (0xDC00..0xE000).contains(&low) => {
                rest = &rest[6..];
                let code = 0x1_0000 + ((u32::from(unit) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => out.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The code unit of a `\uXXXX` at the start.
fn escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// A character that no text holds on purpose.
fn odd_character(text: &str) -> Option<(&'static str, usize)> {
    text.char_indices().find_map(|(at, c)| {
        let what = match c {
            '\0' => "a NUL",
            '\u{FEFF}' => "a byte order mark",
            '\u{FFFD}' => "a replacement character",
            // What a terminal printed holds ESC for its colours.
            '\u{1b}' => return None,
            // What was read from a document holds a form feed between its pages; `\frac` that was unescaped once too often holds one
            // in the middle of a line.
            '\u{c}' if ends_a_page(&text[..at], &text[at + 1..]) => return None,
            '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' => "a control character",
            // What Windows-1252 calls quotation marks and dashes; but one ends a line.
            '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' => "a control character",
            '\u{FFFE}' | '\u{FFFF}' => "a noncharacter",
            _ => return None,
        };
        Some((what, at))
    })
}

/// Whether a line, or the whole text, begins or ends between the two; line ends may stand as JSON writes them.
fn ends_a_page(before: &str, after: &str) -> bool {
    before.ends_with(['\n', '"']) || before.ends_with("\\n") || after.starts_with(['\n', '\r', '"', '\\'])
}

/// UTF-8 read as Latin-1 or Windows-1252. One long sequence, or one of the Latin ones, is proof; of others
/// it takes two, since a capital letter before a sign may be meant.
fn mojibake(text: &str) -> Option<(&'static str, usize)> {
    let mut weight = 0;
    let mut first = None;
    for (at, c) in text.char_indices().filter(|(_, c)| ('\u{C2}'..='\u{F4}').contains(c)) {
        let Some(found) = sequence_weight(c, &text[at + c.len_utf8()..]) else { continue };
        weight += found;
        let from = *first.get_or_insert(at);
        if weight >= 2 {
            return Some(("mojibake (UTF-8 read as Latin-1)", from));
        }
    }
    None
}

/// The weight of the misread sequence that `lead` begins.
fn sequence_weight(lead: char, rest: &str) -> Option<u32> {
    let lead = byte_of(lead)?;
    let length = match lead {
        0xC2..=0xDF => 1,
        0xE2..=0xEF => 2,
        0xF0..=0xF4 => 3,
        _ => return None,
    };
    let mut bytes = [lead, 0, 0, 0];
    let mut chars = rest.chars();
    for byte in &mut bytes[1..=length] {
        *byte = byte_of(chars.next()?).filter(|byte| (0x80..0xC0).contains(byte))?;
    }
    std::str::from_utf8(&bytes[..=length]).ok()?;
    match (lead, bytes[1]) {
        // A capital letter before a closing or opening quotation mark is French or Portuguese.
        (_, 0xAB | 0xBB) if length == 1 => None,
        (0xC2 | 0xC3, _) => Some(2),
        (0xCE | 0xCF | 0xD0 | 0xD1 | 0xD7..=0xDB, _) => Some(1),
        _ if length > 1 => Some(2),
        _ => None,
    }
}

/// The byte that Windows-1252 (else Latin-1) reads as this character.
fn byte_of(c: char) -> Option<u8> {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let code = u32::from(c);
    if (0x80..=0xFF).contains(&code) {
        return u8::try_from(code).ok();
    }
    let at = HIGH.iter().position(|high| *high == c)?;
    u8::try_from(0x80 + at).ok()
}
