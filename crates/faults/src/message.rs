//! A frame from the server, opened for surgery.

use crate::fault::Step;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use goldenpath_history::{Direction, RecordKind};
use goldenpath_protocol::EventType;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The JSON object of a text frame that the server sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Message(Map<String, Value>);

impl Message {
    /// The message of a step; `None` when it is no received text frame that holds a JSON object.
    #[must_use]
    pub fn of(step: &Step) -> Option<Self> {
        match &step.kind {
            RecordKind::Frame { dir: Direction::In, raw, opcode: None } => Self::read(raw),
            _ => None,
        }
    }

    /// The message that a client sent, read the same way.
    #[must_use]
    pub fn sent(step: &Step) -> Option<Self> {
        match &step.kind {
            RecordKind::Frame { dir: Direction::Out, raw, opcode: None } => Self::read(raw),
            _ => None,
        }
    }

    /// A message without any field.
    #[must_use]
    pub fn object() -> Self {
        Self(Map::new())
    }

    fn read(raw: &str) -> Option<Self> {
        serde_json::from_str(raw).ok().map(Self)
    }

    /// Its `type`, empty when it has none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// Whether its `type` is this one.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.kind() == kind
    }

    /// Its type, when it is a run event's.
    #[must_use]
    pub fn event(&self) -> Option<EventType> {
        EventType::ALL.iter().copied().find(|known| known.as_str() == self.kind())
    }

    /// Whether it ends its run.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.event().is_some_and(EventType::is_terminal)
    }

    /// The run of a run event.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        self.event().and_then(|_| self.text("run_id"))
    }

    /// A text field.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str()
    }

    /// A whole number.
    #[must_use]
    pub fn whole(&self, field: &str) -> Option<u64> {
        self.0.get(field)?.as_u64()
    }

    /// Any field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// All fields, to be changed.
    pub fn fields(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// A message of these fields.
    #[must_use]
    pub fn from_fields(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// The message as a JSON value.
    #[must_use]
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// The same fields as text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// The same message with one field set.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    /// The same message with one field missing.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        self.0.remove(field);
        self
    }

    /// The message as it is sent.
    #[must_use]
    pub fn to_raw(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// The step that shows this message where `like` showed another.
    #[must_use]
    pub fn in_place_of(self, like: &Step) -> Step {
        raw_in_place_of(like, self.to_json())
    }
}

/// The step that shows a text frame of this raw content where `like` showed another.
#[must_use]
pub(crate) fn raw_in_place_of(like: &Step, raw: String) -> Step {
    Step {
        kind: RecordKind::Frame { dir: Direction::In, raw: Cow::Owned(raw), opcode: None },
        ..like.clone()
    }
}

/// The step that shows a frame of these bytes where `like` showed a text: base64, as a history holds it.
#[must_use]
pub(crate) fn bytes_in_place_of(like: &Step, bytes: &[u8], opcode: &'static str) -> Step {
    let raw = Cow::Owned(STANDARD.encode(bytes));
    let opcode = Some(Cow::Borrowed(opcode));
    Step { kind: RecordKind::Frame { dir: Direction::In, raw, opcode }, ..like.clone() }
}
