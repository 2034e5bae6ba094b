//! What is written in another spelling inside a text: base64 of either alphabet, hex, percent and JSON escapes.

use super::spelling::{json, pair, percent, sextet};

/// A shorter run is an identifier.
const LEAST: usize = 24;

/// So many escapes are a spelling and no accident.
const ESCAPES: usize = 8;

/// Shows every text that stands in `text` in another spelling.
pub(super) fn unfolded(text: &str, found: &mut impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // A run that begins here and is long enough has no gap among its first bytes; the last gap tells how far away the next
    // such run begins at least.
    while let Some(head) = bytes.get(at..at + LEAST) {
        if let Some(gap) = head.iter().rposition(|byte| !is_coded(*byte)) {
            at += gap + 1;
            continue;
        }
        let more = bytes[at + LEAST..].iter().take_while(|byte| is_coded(**byte)).count();
        let run = &bytes[at..at + LEAST + more];
        if run.iter().all(u8::is_ascii_hexdigit) {
            show(hex(run), found);
        } else if mixes_cases(run) {
            // The run may begin with what does not belong to it.
            for skipped in 0..4 {
                show(base64(&run[skipped..]), found);
            }
        }
        at += run.len();
    }
    for (mark, unescape) in [(b'%', percent as fn(&[u8]) -> Option<(u8, usize)>), (b'\\', json)] {
        if memchr::memchr_iter(mark, bytes).take(ESCAPES).count() == ESCAPES {
            show(unescaped(bytes, unescape), found);
        }
    }
}

/// Calls `found` with what reads as text. Of text in UTF-16 every other byte is none, where it is ASCII.
fn show(mut decoded: Vec<u8>, found: &mut impl FnMut(&str)) {
    if decoded.iter().filter(|byte| **byte == 0).count() * 3 > decoded.len() {
        decoded.retain(|byte| *byte != 0);
    }
    let readable =
        decoded.iter().filter(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()).count();
    if decoded.len() >= LEAST / 2 && readable * 10 >= decoded.len() * 9 {
        found(&String::from_utf8_lossy(&decoded));
    }
}

fn is_coded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// As base64 of any text does, and few identifiers.
fn mixes_cases(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_uppercase) && run.iter().any(u8::is_ascii_lowercase)
}

fn hex(run: &[u8]) -> Vec<u8> {
    run.chunks_exact(2).filter_map(|two| pair(two[0], two[1])).collect()
}

fn base64(run: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(run.len() / 4 * 3 + 2);
    for four in run.chunks(4) {
        let bits =
            four.iter().fold(0_u32, |bits, char| bits * 64 + u32::from(sextet(*char).unwrap_or_default()));
        let [_, bytes @ ..] = (bits << (6 * (4 - four.len()))).to_be_bytes();
        decoded.extend_from_slice(&bytes[..four.len().saturating_sub(1)]);
    }
    decoded
}

/// A text whose escapes are read as what they stand for; everything else stays.
fn unescaped(bytes: &[u8], read: fn(&[u8]) -> Option<(u8, usize)>) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (byte, length) = read(&bytes[at..]).unwrap_or((bytes[at], 1));
        plain.push(byte);
        at += length;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::unfolded;
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

    const SECRET: &str = "Stop trainer-basalt-1f9c02ab at night?>~";

    fn holds(text: &str) -> bool {
        let mut all = Vec::new();
        unfolded(text, &mut |inner: &str| all.push(inner.to_owned()));
        all.iter().any(|inner| inner.contains("trainer-basalt-1f9c02ab"))
    }

    #[test]
    fn every_spelling_is_read() {
        for before in ["", "x", "xy", "xyz"] {
            let plain = format!("{before}{SECRET}");
            for text in
                [STANDARD.encode(&plain), STANDARD_NO_PAD.encode(&plain), URL_SAFE_NO_PAD.encode(&plain)]
            {
                assert!(holds(&format!("{{\"blob\":\"{before}{text}\"}}")), "{before} {text}");
            }
            let each = |one: fn(u8) -> String| plain.bytes().map(one).collect::<String>();
            assert!(holds(&each(|byte| format!("{byte:02x}"))));
            assert!(holds(&each(|byte| format!("{byte:02X}"))));
            assert!(holds(&each(|byte| format!("%{byte:02X}"))));
            assert!(holds(&each(|byte| format!("\\u{byte:04x}"))));
            assert!(holds(&each(|byte| format!("\\\\u{byte:04x}"))));
            let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(holds(&STANDARD.encode(wide)));
        }
    }

    #[test]
    fn plain_texts_hold_no_other() {
        for text in [
            "",
            "Stop trainer-basalt-1f9c02ab at night",
            "100 % of it",
            "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0003",
        ] {
            unfolded(text, &mut |inner: &str| panic!("{text}: {inner}"));
        }
    }
}
