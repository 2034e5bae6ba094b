//! JSON strings without their escapes, eight bytes at a time: frames are JSON inside JSON, so every few bytes one comes.

use std::borrow::Cow;

/// The text of a raw JSON string, which borrows where nothing is escaped; `None` when it is no string.
#[must_use]
#[inline]
pub fn json_text(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    unescaped(raw)
}

fn unescaped(raw: &str) -> Option<Cow<'_, str>> {
    let mut text = Vec::new();
    let (end, length) = unescape(raw.as_bytes(), 1, &mut text)?;
    text.truncate(length);
    if end == raw.len() { String::from_utf8(text).ok().map(Cow::Owned) } else { None }
}

/// The bytes of a JSON string that stand for themselves, from `from` on: where the next is that does not.
#[must_use]
#[inline]
pub fn plain_until(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let marks = marks(u64::from_le_bytes(*word));
        at += (marks.trailing_zeros() / 8) as usize;
        if marks != 0 {
            return at;
        }
    }
    let plain = |byte: &u8| *byte >= b' ' && !matches!(*byte, b'"' | b'\\');
    at + bytes.get(at..).unwrap_or_default().iter().take_while(|byte| plain(byte)).count()
}

/// Every byte of a word set to this.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The bytes of a word that end a plain stretch: quotation marks, backslashes, control characters. Their highest bits
/// are set; above the lowest that is set others may be too.
#[inline]
fn marks(word: u64) -> u64 {
    let equals = |byte: u8| {
        let zero = word ^ all(byte);
        zero.wrapping_sub(all(1)) & !zero
    };
    let below = word.wrapping_sub(all(b' ')) & !word;
    (equals(b'"') | equals(b'\\') | below) & all(0x80)
}

/// Reads the JSON string whose text begins at `from`, after its opening quotation mark. Gives where it ends, after the
/// closing one, and how many bytes at the start of `to` are its text; `None` when it is no JSON string.
pub(crate) fn unescape(bytes: &[u8], from: usize, to: &mut Vec<u8>) -> Option<(usize, usize)> {
    // No escape is shorter than what it stands for, and the last word may reach beyond the text.
    let room = bytes.len().saturating_sub(from) + 8;
    if to.len() < room {
        to.resize(room, 0);
    }
    let (mut at, mut length) = (from, 0);
    loop {
        while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            to.get_mut(length..length + 8)?.copy_from_slice(word);
            let marks = marks(u64::from_le_bytes(*word));
            let plain = (marks.trailing_zeros() / 8) as usize;
            at += plain;
            length += plain;
            if marks != 0 {
                break;
            }
        }
        match *bytes.get(at)? {
            b'"' => return Some((at + 1, length)),
            b'\\' if matches!(bytes.get(at + 1), Some(b'"' | b'\\')) => {
                *to.get_mut(length)? = bytes[at + 1];
                at += 2;
                length += 1;
            }
            b'\\' => {
                let (char, escape) = escape(&bytes[at..])?;
                at += escape;
                length += char.encode_utf8(to.get_mut(length..length + 4)?).len();
            }
            ..b' ' => return None,
            byte => {
                *to.get_mut(length)? = byte;
                at += 1;
                length += 1;
            }
        }
    }
}

/// The character that the escape at the start stands for, and the escape's length in bytes.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let simple = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            let high = unit(bytes, 0)?;
            if !(0xd800..0xe000).contains(&high) {
                return char::from_u32(high).map(|char| (char, 6));
            }
            let low = unit(bytes, 6)?;
            if high >= 0xdc00 || !(0xdc00..0xe000).contains(&low) {
                return None;
            }
            return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).map(|char| (char, 12));
        }
        _ => return None,
    };
    Some((simple, 2))
}

/// The four hex digits of a `\uXXXX` that begins at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::{json_text, unescape};

    fn read(text: &str) -> Option<String> {
        let mut to = Vec::new();
        let (end, length) = unescape(text.as_bytes(), 1, &mut to)?;
        assert_eq!(end, text.len(), "{text}");
        assert_eq!(json_text(text).as_deref().map(str::as_bytes), Some(&to[..length]), "{text}");
        Some(String::from_utf8(to[..length].to_vec()).unwrap())
    }

    #[test]
    fn strings_are_read_as_serde_json_reads_them() {
        for middle in
            ["", "é", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\\"\\\\\\/\\b\\f\\r\\t", "\u{7f}", "€\\u20ac"]
        {
            for before in 0..20 {
                for after in 0..20 {
                    let text = format!("\"{}{middle}{}\"", "a".repeat(before), "z".repeat(after));
                    assert_eq!(read(&text), Some(serde_json::from_str(&text).unwrap()), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_json_string_is_none() {
        for middle in ["\u{1}", "\n", "\\x", "\\u12", "\\ud800", "\\ud800\\u0041", "\\udc00", "\\", "\\u+123"]
        {
            for before in 0..20 {
                let text = format!("\"{}{middle}", "a".repeat(before));
                assert_eq!(read(&text), None, "{text}");
                assert_eq!(read(&format!("{text}\"")), None, "{text}");
            }
        }
    }
}
