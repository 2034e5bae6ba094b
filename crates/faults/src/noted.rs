//! An HTTP answer, or a probe and what it got, noted as a mark; opened for surgery.

use crate::fault::Step;
use goldenpath_history::RecordKind;
use serde_json::Value;
use std::borrow::Cow;

/// The note of a mark of that name.
#[must_use]
pub(crate) fn note(step: &Step, wanted: &str) -> Option<Value> {
    match &step.kind {
        RecordKind::Mark { name, note: Some(note) } if name == wanted => serde_json::from_str(note).ok(),
        _ => None,
    }
}

/// The note of a probe of that kind.
#[must_use]
pub(crate) fn probe(step: &Step, kind: &str) -> Option<Value> {
    note(step, "probe").filter(|note| note["kind"] == kind)
}

/// The mark that notes this where `like` noted something else.
#[must_use]
pub(crate) fn note_in_place_of(like: &Step, note: &Value) -> Step {
    let name = match &like.kind {
        RecordKind::Mark { name, .. } => name.clone(),
        _ => Cow::Borrowed("probe"),
    };
    Step { kind: RecordKind::Mark { name, note: Some(Cow::Owned(note.to_string())) }, ..like.clone() }
}
