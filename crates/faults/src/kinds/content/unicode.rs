//! Text that did not survive its way.

use super::said::{Said, one_of};
use crate::Message;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// What Windows-1252 reads where Latin-1 has control characters.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Names of texts that people read, in any event.
const TEXTS: &[&str] =
    &["reasoning", "tool_purpose", "task_description", "final_response", "summary", "text", "reason"];

/// UTF-8 read as Latin-1 or as Windows-1252, once or twice, or letters that became question marks on a black ground.
pub(super) fn mojibake(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let kind = message.kind().to_owned();
    let how = rng.random_range(0..4);
    let misread = |text: &str| match how {
        0 => read_bytes(text, char::from),
        1 => read_bytes(text, windows),
        2 => read_bytes(&read_bytes(text, windows), windows),
        _ => text.chars().map(|c| if c.is_ascii() { c } else { '\u{fffd}' }).collect(),
    };
    let mut said = message.clone();
    let mut changed = false;
    for (field, value) in said.fields() {
        let Value::String(text) = value else { continue };
        if TEXTS.contains(&field.as_str()) && !text.is_ascii() {
            *text = misread(text);
            changed = true;
        }
    }
    changed.then(|| (Said::Message(said), format!("the text of `{kind}` was read in another encoding")))
}

fn read_bytes(text: &str, read: impl Fn(u8) -> char) -> String {
    text.bytes().map(|byte| if byte.is_ascii() { char::from(byte) } else { read(byte) }).collect()
}

fn windows(byte: u8) -> char {
    let high = byte.checked_sub(0x80).and_then(|at| WINDOWS.get(usize::from(at)));
    high.copied().unwrap_or(char::from(byte))
}

/// A NUL inside of a text, or a byte order mark in it or before the frame.
pub(super) fn nul_or_bom(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let kind = message.kind();
    if rng.random_bool(0.2) {
        let text = format!("\u{feff}{}", message.to_json());
        return Some((Said::Text(text), format!("a byte order mark came before `{kind}`")));
    }
    let there: Vec<&str> = TEXTS
        .iter()
        .copied()
        .filter(|field| message.text(field).is_some_and(|text| !text.is_empty()))
        .collect();
    let field = one_of(rng, &there)?;
    let mut letters: Vec<char> = message.text(field)?.chars().collect();
    let (at, odd) = match rng.random_range(0..4) {
        0 => (0, '\u{feff}'),
        1 => (letters.len(), '\0'),
        2 => (rng.random_range(0..letters.len()), '\u{feff}'),
        _ => (rng.random_range(0..letters.len()), '\0'),
    };
    letters.insert(at, odd);
    let text: String = letters.into_iter().collect();
    Some((Said::Message(message.clone().with(field, text)), format!("`{field}` holds {odd:?}")))
}
