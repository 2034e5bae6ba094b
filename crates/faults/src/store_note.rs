//! What the store answers about a run, as it passes: an HTTP answer in a `store` mark.

use crate::fault::Step;
use goldenpath_history::RecordKind;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The answer to a `GET /runs/{id}`.
#[derive(Debug, Clone)]
pub(crate) struct StoreNote {
    note: Map<String, Value>,
    /// The document had been kept as text.
    as_text: bool,
}

impl StoreNote {
    /// The answer that a step holds, when it holds one.
    pub(crate) fn of(step: &Step) -> Option<Self> {
        let RecordKind::Mark { name, note: Some(note) } = &step.kind else { return None };
        if name != "store" {
            return None;
        }
        let mut note: Map<String, Value> = serde_json::from_str(note).ok()?;
        let as_text = note.get("body").is_some_and(Value::is_string);
        if as_text {
            let body = serde_json::from_str(note.get("body")?.as_str()?).ok()?;
            note.insert("body".to_owned(), body);
        }
        Some(Self { note, as_text })
    }

    /// Which run was asked for.
    pub(crate) fn run(&self) -> Option<&str> {
        self.note.get("run_id")?.as_str()
    }

    /// The run's document.
    pub(crate) fn document(&mut self) -> Option<&mut Map<String, Value>> {
        self.note.get_mut("body")?.as_object_mut()
    }

    /// The same answer with another status and body.
    pub(crate) fn answered(mut self, status: u16, body: Value) -> Self {
        self.note.insert("status".to_owned(), status.into());
        self.note.insert("body".to_owned(), body);
        self
    }

    /// The step that shows this answer where `like` showed another.
    pub(crate) fn in_place_of(mut self, like: &Step) -> Step {
        if self.as_text
            && let Some(body) = self.note.get_mut("body")
        {
            *body = Value::String(body.to_string());
        }
        let note = Cow::Owned(Value::Object(self.note).to_string());
        let kind = RecordKind::Mark { name: Cow::Borrowed("store"), note: Some(note) };
        Step { kind, ..like.clone() }
    }
}
