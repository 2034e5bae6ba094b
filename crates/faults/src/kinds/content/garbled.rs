//! Frames that hold no JSON, or half of it, or no text at all.

use super::said::{Said, one_of};
use crate::Message;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Something that is no JSON: a page of a proxy, an object in another language's spelling, a word.
pub(super) fn no_json(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let json = message.to_json();
    let (text, what) = match rng.random_range(0..6) {
        0 => (
            "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>".to_owned(),
            "a proxy's page",
        ),
        1 => (
            json.replace('\'', "\\'")
                .replace('"', "'")
                .replace(":true", ": True")
                .replace(":false", ": False")
                .replace(":null", ": None"),
            "a Python dictionary",
        ),
        2 => (message.clone().with("progress", "@").to_json().replace("\"@\"", "NaN"), "a NaN"),
        3 => ("[object Object]".to_owned(), "an object's name"),
        4 => (format!("data: {json}\n\n"), "a server-sent event"),
        _ => (json.replacen("\",\"", "\",,\"", 1), "a comma too many"),
    };
    Some((Said::Text(text), format!("`{}` became {what}", message.kind())))
}

/// The beginning of the JSON.
pub(super) fn truncated(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let json = message.to_json();
    let mut end = match rng.random_range(0..3) {
        0 => json.len() - 1,
        1 if json.len() > 256 => 256,
        _ => rng.random_range(1..json.len()),
    };
    while !json.is_char_boundary(end) {
        end -= 1;
    }
    let what = format!("`{}` ends after {end} of {} bytes", message.kind(), json.len());
    Some((Said::Text(json[..end].to_owned()), what))
}

/// The same JSON in a binary frame, perhaps after its length.
pub(super) fn binary(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let json = message.to_json().into_bytes();
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX).to_be_bytes();
    let bytes = if rng.random_bool(0.5) { json } else { [&length[..], &json].concat() };
    Some((Said::Binary(bytes), format!("`{}` came in a binary frame", message.kind())))
}

/// A text frame with a byte that no UTF-8 holds, or half a character.
pub(super) fn no_utf8(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let mut bytes = message.to_json().into_bytes();
    let places: Vec<usize> =
        bytes.windows(2).enumerate().filter(|(_, two)| two == b"\":").map(|(at, _)| at).collect();
    let at = *places.get(rng.random_range(0..places.len().max(1)))?;
    let broken: &[&[u8]] = &[b"\xff", b"\xe9", b"\xc3", b"\xf0\x9f\x98", b"\xed\xa0\x80"];
    bytes.splice(at..at, one_of(rng, broken)?.iter().copied());
    Some((Said::NoUtf8(bytes), format!("`{}` holds bytes that are no UTF-8", message.kind())))
}
