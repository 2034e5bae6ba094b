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

/// The bytes that are looked at at once.
pub const BLOCK: usize = 64;

/// The bytes that are copied at a time, so that copies are of one length: some lie beyond the block.
pub(crate) const AHEAD: usize = 32;

/// A bit for each byte of a block that ends a plain stretch: quotation marks, backslashes, control characters.
#[must_use]
#[inline]
pub fn marks_of(block: &[u8; BLOCK]) -> u64 {
    bits_of(block, |byte| (byte == b'"') | (byte == b'\\') | (byte < b' '))
}

/// A bit for each byte of a block of which something holds.
#[inline(always)]
pub(crate) fn bits_of(block: &[u8; BLOCK], holds: impl Fn(u8) -> bool) -> u64 {
    // First all bytes, then all bits: so the compiler makes vectors of the first.
    let mut found = [0; BLOCK];
    for (found, byte) in found.iter_mut().zip(block) {
        *found = u8::from(holds(*byte));
    }
    let mut bits = 0;
    for (index, eight) in found.as_chunks().0.iter().enumerate() {
        // Eight bytes of 0 or 1 become the eight bits of the product's highest byte.
        let eight = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= eight << (8 * index);
    }
    bits
}

/// Reads the JSON string whose text begins at `from`, after its opening quotation mark. Gives where it ends, after the
/// closing one, and how many bytes at the start of `to` are its text; `None` when it is no JSON string.
pub(crate) fn unescape(bytes: &[u8], from: usize, to: &mut Vec<u8>) -> Option<(usize, usize)> {
    // No escape is shorter than what it stands for, and the last copies may reach beyond the text.
    let room = bytes.len().saturating_sub(from) + 2 * AHEAD;
    if to.len() < room {
        to.resize(room, 0);
    }
    let (mut at, mut length) = (from, 0);
    loop {
        while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let read = unescape_block(block, to.get_mut(length..)?);
            at += read.taken;
            length += read.length;
            if read.stopped {
                break;
            }
        }
        // The end of all, or what a block does not know.
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

/// How far a block was read.
struct BlockRead {
    taken: usize,
    length: usize,
    /// At something else than an escaped quotation mark or backslash.
    stopped: bool,
}

/// Unescapes a block, which knows the escapes that JSON inside JSON is full of, quotation marks and backslashes, and stops
/// at everything else.
#[inline(always)]
fn unescape_block(block: &[u8; BLOCK + AHEAD], to: &mut [u8]) -> BlockRead {
    let mut left = block.first_chunk().map_or(0, marks_of);
    let (mut taken, mut length) = (0, 0);
    loop {
        let next = left.trailing_zeros() as usize;
        let plain = next.saturating_sub(taken);
        // What the bounds say is known, but not to the compiler.
        let from = taken.min(BLOCK);
        let Some(out) = to.get_mut(length..length + AHEAD) else { break };
        out.copy_from_slice(&block[from..from + AHEAD]);
        if plain > AHEAD {
            let from = from.min(BLOCK - AHEAD) + AHEAD;
            let Some(out) = to.get_mut(length + AHEAD..length + 2 * AHEAD) else { break };
            out.copy_from_slice(&block[from..from + AHEAD]);
        }
        length += plain;
        taken = taken.max(next);
        if left == 0 {
            return BlockRead { taken, length, stopped: false };
        }
        let at = next.min(BLOCK - 1);
        let escaped = block[at + 1];
        if block[at] != b'\\' || !matches!(escaped, b'"' | b'\\') {
            break;
        }
        let Some(out) = to.get_mut(length) else { break };
        *out = escaped;
        length += 1;
        taken = next + 2;
        // It, and what it escapes.
        left &= !(3 << next);
    }
    BlockRead { taken, length, stopped: true }
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
    fn strings_of_many_blocks_are_read_wherever_their_escapes_stand() {
        for middle in ["\\\"", "\\\\", "\\\"\\\"", "\\\\\\\"", "\\n", "\\u00e9", "é", "\\\\\\\\\\\"x"] {
            for before in 0..150 {
                let text = format!("\"{}{middle}{}{middle}\"", "a".repeat(before), "z".repeat(150 - before));
                assert_eq!(read(&text), Some(serde_json::from_str(&text).unwrap()), "{text}");
            }
            for times in 0..100 {
                let text = format!("\"{}\"", middle.repeat(times));
                assert_eq!(read(&text), Some(serde_json::from_str(&text).unwrap()), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_json_string_is_none() {
        for middle in ["\u{1}", "\n", "\\x", "\\u12", "\\ud800", "\\ud800\\u0041", "\\udc00", "\\", "\\u+123"]
        {
            for before in 0..150 {
                let text = format!("\"{}{middle}", "a".repeat(before));
                assert_eq!(read(&text), None, "{text}");
                assert_eq!(read(&format!("{text}\"")), None, "{text}");
                assert_eq!(read(&format!("{text}\",{}", " ".repeat(200))), None, "{text}");
            }
        }
    }
}
