//! What an event tells, as a number: the same however its JSON is laid out.

use crate::event_view::{EventView, Field, JsonType, text_of};
use goldenpath_protocol::EventType;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// What an event tells beside its type, its id and its number: a bit for each field.
pub(super) const TOLD: u64 = {
    let told = [
        Field::Timestamp,
        Field::ThreadId,
        Field::RequestId,
        Field::AgentName,
        Field::Status,
        Field::TaskDescription,
        Field::Reasoning,
        Field::ToolName,
        Field::ExecutionId,
        Field::ToolPurpose,
        Field::Parameters,
        Field::Success,
        Field::Results,
        Field::Error,
        Field::Text,
        Field::FinalResponse,
        Field::Summary,
        Field::Degraded,
        Field::Limitations,
        Field::Reason,
        Field::DurationMs,
    ];
    let (mut bits, mut at) = (0, 0);
    while at < told.len() {
        bits |= 1 << told[at] as u64;
        at += 1;
    }
    bits
};

/// An event by what it says, not by how its JSON is laid out: the order of keys and blanks count for nothing.
pub(crate) fn sketch(event: &EventView<'_>) -> u64 {
    let id = text_hash(event.event_id.as_deref().unwrap_or_default());
    let mut sketch = Sketch { id, seq: event.seq.unwrap_or(0), told: 0 };
    let mut left = TOLD;
    while let Some(field) = Field::ALL.get(left.trailing_zeros() as usize) {
        left &= left - 1;
        if let Some(raw) = event.fields.raw(*field) {
            sketch.take_in(*field, raw);
        }
    }
    sketch.of(event.kind)
}

/// What an event says, while its fields come in any order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sketch {
    pub(super) id: u64,
    pub(super) seq: u64,
    /// The sum of its other fields.
    pub(super) told: u64,
}

impl Sketch {
    /// Takes in a field, which comes once.
    pub(super) fn take_in(&mut self, field: Field, raw: &str) {
        let says = match JsonType::of(raw) {
            JsonType::String => string_hash(raw),
            JsonType::Number => raw.parse::<f64>().unwrap_or_default().to_bits(),
            _ => weight(raw),
        };
        let mut hasher = FxHasher::default();
        hasher.write_u64(field as u64 + 1);
        hasher.write_u64(says);
        self.told = self.told.wrapping_add(hasher.finish());
    }

    /// All of it, for an event of this type.
    pub(super) fn of(&self, kind: EventType) -> u64 {
        let mut hasher = FxHasher::default();
        hasher.write_u64(kind as u64 + 1);
        hasher.write_u64(self.id);
        hasher.write_u64(self.seq);
        hasher.write_u64(self.told);
        hasher.finish()
    }
}

/// A raw string by its text: one that spells a character in a way which has others is respelt.
fn string_hash(raw: &str) -> u64 {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\\', &inner.as_bytes()[from..]) {
        if matches!(inner.as_bytes().get(from + at + 1), Some(b'u' | b'/')) {
            let respelt = text_of(raw).and_then(|text| serde_json::to_string(&text).ok());
            return respelt
                .as_deref()
                .and_then(|raw| raw.get(1..raw.len().saturating_sub(1)))
                .map_or(0, text_hash);
        }
        from = (from + at + 2).min(inner.len());
    }
    text_hash(inner)
}

/// The sum of a value's characters, blanks and escapes left out: the same however the keys are ordered and the letters
/// are written.
fn weight(raw: &str) -> u64 {
    let respelt = memchr::memchr(b'\\', raw.as_bytes())
        .and_then(|at| memchr::memmem::find(&raw.as_bytes()[at..], b"\\u"))
        .and_then(|_| serde_json::from_str::<serde_json::Value>(raw).ok())
        .map(|value| value.to_string());
    let raw = respelt.as_deref().unwrap_or(raw);
    let counts = |byte: u8| !byte.is_ascii_whitespace() && byte != b'\\';
    let weigh =
        |piece: &[u8]| piece.iter().map(|byte| u32::from(*byte) * u32::from(counts(*byte))).sum::<u32>();
    // Pieces so small that their sums fit the narrow numbers which make this fast.
    raw.as_bytes().chunks(1 << 16).map(|piece| u64::from(weigh(piece))).sum()
}

/// A text as a number.
pub(super) fn text_hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}
