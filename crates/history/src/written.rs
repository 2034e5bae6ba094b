//! One record as the text of its line, as `Record` itself would be serialised.
//!
//! Frames are nearly all of a history, and nearly all of a frame's cost is the escaping of its raw text: quotes, every few
//! bytes. So frames are spelt by hand and escaped without a branch per byte; everything else goes the general way.

use crate::json_text::{AHEAD, BLOCK, bits_of};
use crate::{Direction, Record, RecordKind};
use std::io;

/// Appends a record's line, without its end.
pub(crate) fn append(line: &mut Vec<u8>, record: &Record<'_>) -> io::Result<()> {
    let RecordKind::Frame { dir, raw, opcode } = &record.kind else {
        return Ok(serde_json::to_writer(line, record)?);
    };
    line.extend_from_slice(b"{\"t_ns\":");
    serde_json::to_writer(&mut *line, &record.t_ns)?;
    if let Some(conn) = record.conn {
        line.extend_from_slice(b",\"conn\":");
        serde_json::to_writer(&mut *line, &conn)?;
    }
    if let Some(user) = &record.user {
        line.extend_from_slice(b",\"user\":");
        serde_json::to_writer(&mut *line, user)?;
    }
    line.extend_from_slice(match dir {
        Direction::In => b",\"k\":\"frame\",\"dir\":\"in\",\"raw\":",
        Direction::Out => b",\"k\":\"frame\",\"dir\":\"out\",\"raw\":",
    });
    append_string(line, raw)?;
    if let Some(opcode) = opcode {
        line.extend_from_slice(b",\"opcode\":");
        serde_json::to_writer(&mut *line, opcode)?;
    }
    line.push(b'}');
    Ok(())
}

/// Appends a text as a JSON string.
fn append_string(line: &mut Vec<u8>, text: &str) -> io::Result<()> {
    // Read to its end rather than to the first: so the compiler makes a vector of it.
    let controls = text.bytes().fold(false, |found, byte| found | (byte < 0x20));
    if controls {
        return Ok(serde_json::to_writer(line, text)?);
    }
    line.push(b'"');
    let mut end = line.len();
    // Room for a text of nothing but quotes, and for what the last block writes beyond its end.
    line.resize(end + 2 * text.len() + ESCAPED, 0);
    let mut rest = text.as_bytes();
    while let (Some(block), Some(out)) = (rest.first_chunk(), line[end..].first_chunk_mut()) {
        end += BLOCK + escape(block, out);
        rest = &rest[BLOCK..];
    }
    // What is left is shorter than a block and the bytes read ahead: two blocks, filled up with what is not escaped.
    let mut last = [b' '; 2 * BLOCK + AHEAD];
    last[..rest.len()].copy_from_slice(rest);
    for from in [0, BLOCK] {
        let length = rest.len().saturating_sub(from).min(BLOCK);
        if let (Some(block), Some(out)) = (last[from..].first_chunk(), line[end..].first_chunk_mut())
            && length > 0
        {
            end += length + escape(block, out);
        }
    }
    line.truncate(end);
    line.push(b'"');
    Ok(())
}

/// All that a block may become, and what the last copy writes beyond.
const ESCAPED: usize = 2 * BLOCK + 2 * AHEAD;

/// Escapes a block, gives the number of backslashes.
///
/// The block is copied as it is; then each byte that needs a backslash gets one and moves what follows it up by one, as far as the
/// next such byte.
#[inline(always)]
fn escape(block: &[u8; BLOCK + AHEAD], out: &mut [u8; ESCAPED]) -> usize {
    let Some(own) = block.first_chunk() else { return 0 };
    out[..BLOCK].copy_from_slice(own);
    let mut left = bits_of(own, |byte| (byte == b'"') | (byte == b'\\'));
    let mut added = 0;
    while left != 0 {
        // What the bounds say is known, but not to the compiler.
        let at = (left.trailing_zeros() as usize).min(BLOCK - 1);
        left &= left - 1;
        let to = (at + added).min(2 * BLOCK - 2);
        out[to] = b'\\';
        out[to + 1..=to + AHEAD].copy_from_slice(&block[at..at + AHEAD]);
        if left.trailing_zeros() as usize > at + AHEAD && at < BLOCK - AHEAD {
            let from = at + AHEAD;
            out[to + 1 + AHEAD..=to + 2 * AHEAD].copy_from_slice(&block[from..from + AHEAD]);
        }
        added += 1;
    }
    added
}

#[cfg(test)]
mod tests {
    use super::append;
    use crate::{Direction, Record, RecordKind};
    use std::borrow::Cow;

    fn frame<'a>(raw: &'a str, user: Option<&'a str>, dir: Direction, opcode: Option<&'a str>) -> Record<'a> {
        let kind = RecordKind::Frame { dir, raw: Cow::Borrowed(raw), opcode: opcode.map(Cow::Borrowed) };
        Record { t_ns: 1_234, conn: user.map(|_| 7), user: user.map(Cow::Borrowed), kind }
    }

    fn is_as_serialised(record: &Record<'_>) {
        let mut line = b"before".to_vec();
        append(&mut line, record).unwrap();
        let expected = format!("before{}", serde_json::to_string(record).unwrap());
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn every_byte_is_spelt_as_the_general_way_spells_it() {
        for byte in 0..=0x7f_u8 {
            let char = char::from(byte);
            for around in 0..20 {
                let text = format!("{}{char}{}", "é".repeat(around / 2), "x".repeat(around));
                is_as_serialised(&frame(&text, None, Direction::In, None));
            }
        }
    }

    #[test]
    fn quotes_and_backslashes_may_fill_a_text_of_any_length() {
        for length in 0..200 {
            for unit in ["\"", "\\", "\"\\", "a\"", "\\é", "\u{1f600}\""] {
                is_as_serialised(&frame(&unit.repeat(length), Some("ada"), Direction::In, None));
            }
        }
    }

    #[test]
    fn a_frame_has_its_keys_in_the_order_of_its_record() {
        for user in [None, Some("ada"), Some("a \"quoted\"\n name")] {
            for dir in [Direction::In, Direction::Out] {
                for opcode in [None, Some("binary"), Some("x\"y")] {
                    is_as_serialised(&frame("{\"type\":\"pong\"}", user, dir, opcode));
                }
            }
        }
    }

    #[test]
    fn other_kinds_go_the_general_way() {
        let kind = RecordKind::Mark { name: "category".into(), note: Some("a \"b\"".into()) };
        is_as_serialised(&Record { t_ns: 5, conn: None, user: None, kind });
    }
}
