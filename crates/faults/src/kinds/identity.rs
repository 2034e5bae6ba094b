//! Ids that nobody gave out, made from those that somebody did: the same one every time.

use crate::Message;

/// An id of the same shape with other digits at its end.
pub(super) fn other_id(id: &str) -> String {
    let at = id.len().saturating_sub(12);
    let (head, tail) = if id.is_char_boundary(at) { id.split_at(at) } else { ("", id) };
    let digits = tail.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{head}{:012x}", digits & 0xffff_ffff_ffff)
}

/// The message with another id in this field, where it has one.
pub(super) fn with_other_id(message: Message, field: &str) -> Message {
    match message.text(field).map(other_id) {
        Some(id) => message.with(field, id),
        None => message,
    }
}
