//! How a byte is spelt where it does not stand as itself: hex digits, base64, and the escapes of URLs, HTML and JSON.
//!
//! Each reads the beginning of what it is given, and says how many bytes that took.

/// The byte that two hex digits spell.
pub(super) fn pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The six bits of a character of base64, in either alphabet.
pub(super) fn sextet(char: u8) -> Option<u8> {
    match char {
        b'A'..=b'Z' => Some(char - b'A'),
        b'a'..=b'z' => Some(char - b'a' + 26),
        b'0'..=b'9' => Some(char - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// `%67`.
pub(super) fn percent(bytes: &[u8]) -> Option<(u8, usize)> {
    match bytes {
        [b'%', high, low, ..] => Some((pair(*high, *low)?, 3)),
        _ => None,
    }
}

/// `&#103;` or `&#x67;`.
pub(super) fn html(bytes: &[u8]) -> Option<(u8, usize)> {
    let end = bytes.iter().take(8).position(|byte| *byte == b';')?;
    let digits = std::str::from_utf8(bytes.get(..end)?.strip_prefix(b"&#")?).ok()?;
    let byte = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u8::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    Some((byte.ok()?, end + 1))
}

/// `\u0067`, with one backslash or several.
pub(super) fn json(bytes: &[u8]) -> Option<(u8, usize)> {
    let slashes = bytes.iter().take_while(|byte| **byte == b'\\').count();
    match bytes.get(slashes..slashes + 5)? {
        [b'u' | b'U', b'0', b'0', high, low] if slashes > 0 => Some((pair(*high, *low)?, slashes + 5)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{html, json, pair, percent, sextet};

    #[test]
    fn each_escape_reads_its_own_bytes() {
        for (spelt, read) in [
            (percent as fn(&[u8]) -> Option<(u8, usize)>, &[("%67x", 3), ("%2D", 3)][..]),
            (html, &[("&#103;x", 6), ("&#x67;", 6), ("&#X67;x", 6)]),
            (json, &[("\\u0067x", 6), ("\\\\u0067", 7), ("\\U0067", 6)]),
        ] {
            for (text, length) in read {
                assert_eq!(spelt(text.as_bytes()).map(|(_, took)| took), Some(*length), "{text}");
            }
        }
        assert_eq!(
            [percent(b"%67"), html(b"&#103;"), json(b"\\u0067")].map(|read| read.map(|(byte, _)| byte)),
            [Some(b'g'); 3]
        );
    }

    #[test]
    fn what_is_cut_or_no_escape_is_not_read() {
        for text in ["", "%", "%6", "%6z", "67", "%\u{e9}"] {
            assert_eq!(percent(text.as_bytes()), None, "{text}");
        }
        for text in ["", "&#103", "&#;", "&#x;", "&#999;", "&amp;", "103;", "&#00000103;"] {
            assert_eq!(html(text.as_bytes()), None, "{text}");
        }
        for text in ["", "\\", "u0067", "\\u006", "\\u1067", "\\u00zz", "\\n"] {
            assert_eq!(json(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn digits_and_sextets_are_read_in_either_case_and_alphabet() {
        assert_eq!([pair(b'6', b'7'), pair(b'a', b'F'), pair(b'g', b'0')], [Some(0x67), Some(0xaf), None]);
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        assert!(alphabet.iter().zip(0..64).all(|(char, bits)| sextet(*char) == Some(bits)));
        assert_eq!([sextet(b'-'), sextet(b'_'), sextet(b'=')], [Some(62), Some(63), None]);
    }
}
