//! The judge's own view of a frame: one parse, everything borrowed, nothing trusted.
//!
//! Values stay raw JSON until somebody asks for them, so that hostile input costs what its text
//! costs, and a wrong type is a finding and never an error of ours.

mod field;
mod fields;
mod scan;

pub use field::{Field, JsonType};
pub(crate) use fields::whole_of;
pub use fields::{Fields, fields_of, text_of};
pub(crate) use scan::Scan;

use crate::instant::unix_ms_of;
use crate::value::AnswerText;
use goldenpath_protocol::EventType;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::OnceCell;

/// A run event.
#[derive(Debug, Clone)]
pub struct EventView<'a> {
    /// Its type.
    pub kind: EventType,
    /// `run_id`, when it is a string.
    pub run_id: Option<Cow<'a, str>>,
    /// `event_id`, when it is a string.
    pub event_id: Option<Cow<'a, str>>,
    /// `request_id`, when it is a string.
    pub request_id: Option<Cow<'a, str>>,
    /// `seq`, when it is a whole number.
    pub seq: Option<u64>,
    /// `offset`, when it is a whole number.
    pub offset: Option<u64>,
    /// Everything else, and these too, raw.
    pub fields: Fields<'a>,
    /// With a text of its own: a cell of borrowed ones could be lent for no shorter time than it borrows.
    answer: OnceCell<Option<Box<AnswerText<'static>>>>,
    /// `text`, where its spelling holds escapes.
    piece: OnceCell<Option<Box<str>>>,
    made: OnceCell<Option<i64>>,
}

impl<'a> EventView<'a> {
    /// When it says that it was made, in Unix milliseconds; many ask.
    pub(crate) fn made_unix_ms(&self) -> Option<i64> {
        *self.made.get_or_init(|| self.fields.text(Field::Timestamp).and_then(|text| unix_ms_of(&text)))
    }

    /// Reads what many ask for and costs most, so that whoever asks finds it read.
    pub(crate) fn read_on(&self) {
        self.made_unix_ms();
        self.piece();
        if let Some(answer) = self.answer() {
            answer.tokens();
        }
    }

    /// The text of a string field.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        match field {
            Field::FinalResponse => self.answer().map(|answer| Cow::Borrowed(&*answer.text)),
            Field::Text => self.piece(),
            _ => self.fields.text(field),
        }
    }

    /// `text`, a piece of an answer, which many read.
    fn piece(&self) -> Option<Cow<'_, str>> {
        let raw = self.fields.raw(Field::Text)?;
        if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
            return self.fields.text(Field::Text);
        }
        let read = || self.fields.text(Field::Text).map(|text| text.into_owned().into_boxed_str());
        self.piece.get_or_init(read).as_deref().map(Cow::Borrowed)
    }

    /// `final_response`, which many read.
    pub(crate) fn answer(&self) -> Option<&AnswerText<'static>> {
        let read = || {
            let text = self.fields.text(Field::FinalResponse)?;
            Some(Box::new(AnswerText::new(Cow::Owned(text.into_owned()))))
        };
        self.answer.get_or_init(read).as_deref()
    }

    /// `error.code` or `error.message` of a failed tool or run.
    #[must_use]
    pub fn error(&self, part: Field) -> Option<Cow<'a, str>> {
        self.fields.object(Field::Error)?.text(part)
    }
}

/// The types of control frames from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the protocol's own names")]
pub enum ControlType {
    ConnectionEstablished,
    ReplayEnd,
    RequestAccepted,
    Error,
    Pong,
    Heartbeat,
    TokenRefreshed,
    Closing,
}

impl ControlType {
    /// The type that the wire writes as `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "connection_established" => Self::ConnectionEstablished,
            "replay_end" => Self::ReplayEnd,
            "request_accepted" => Self::RequestAccepted,
            "error" => Self::Error,
            "pong" => Self::Pong,
            "heartbeat" => Self::Heartbeat,
            "token_refreshed" => Self::TokenRefreshed,
            "closing" => Self::Closing,
            _ => return None,
        })
    }

    /// The type as the wire writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionEstablished => "connection_established",
            Self::ReplayEnd => "replay_end",
            Self::RequestAccepted => "request_accepted",
            Self::Error => "error",
            Self::Pong => "pong",
            Self::Heartbeat => "heartbeat",
            Self::TokenRefreshed => "token_refreshed",
            Self::Closing => "closing",
        }
    }
}

/// A control frame from the server.
#[derive(Debug, Clone, Copy)]
pub struct ControlView<'a> {
    /// Its type.
    pub kind: ControlType,
    /// Its fields.
    pub fields: Fields<'a>,
}

/// A frame that the client sent.
#[derive(Debug, Clone)]
pub struct SentView<'a> {
    /// Its `type`, when it has one.
    pub kind: Option<Cow<'a, str>>,
    /// Its fields.
    pub fields: Fields<'a>,
}

/// Why a frame from the server cannot be read as an event or a control frame.
#[derive(Debug, Clone)]
pub enum Flaw<'a> {
    /// Not one JSON value; the parser's words.
    NotJson(String),
    /// More than one JSON value in one message; how the rest begins.
    Several(&'a str),
    /// One JSON value, but no object.
    NotAnObject(JsonType),
    /// An object without a `type` that is a string.
    NoType(Fields<'a>),
    /// A type that the protocol does not know.
    UnknownType(Cow<'a, str>, Fields<'a>),
    /// A binary frame.
    Binary,
    /// A text frame whose bytes are no UTF-8.
    InvalidUtf8,
}

/// What a frame is.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one lives at a time, on the stack, for the length of a record")]
pub enum Seen<'a> {
    /// A run event.
    Event(EventView<'a>),
    /// A control frame from the server.
    Control(ControlView<'a>),
    /// A type in the namespace `x.`: allowed, and ignored.
    Extension,
    /// Something that keeps the protocol's promise of neither.
    Malformed(Flaw<'a>),
    /// A frame that the client sent.
    Sent(SentView<'a>),
}

impl<'a> Seen<'a> {
    /// Reads a frame from the server.
    #[must_use]
    pub fn received(raw: &'a str, opcode: Option<&str>) -> Self {
        match opcode {
            Some("binary") => return Self::Malformed(Flaw::Binary),
            Some("invalid_utf8") => return Self::Malformed(Flaw::InvalidUtf8),
            _ => {}
        }
        match fields_of(raw) {
            Ok(fields) => Self::of_object(fields),
            Err(error) => Self::Malformed(flaw_of(raw, &error)),
        }
    }

    /// Reads a frame that the client sent; what is no JSON object has no fields.
    #[must_use]
    pub fn sent(raw: &'a str) -> Self {
        let fields = fields_of(raw).unwrap_or(Fields::none(raw));
        Self::Sent(SentView { kind: fields.text(Field::Type), fields })
    }

    pub(crate) fn of_object(fields: Fields<'a>) -> Self {
        let Some(name) = fields.text(Field::Type) else {
            return Self::Malformed(Flaw::NoType(fields));
        };
        if let Some(kind) = EventType::from_name(&name) {
            return Self::Event(EventView {
                kind,
                run_id: fields.text(Field::RunId),
                event_id: fields.text(Field::EventId),
                request_id: fields.text(Field::RequestId),
                seq: fields.whole(Field::Seq),
                offset: fields.whole(Field::Offset),
                fields,
                answer: OnceCell::new(),
                piece: OnceCell::new(),
                made: OnceCell::new(),
            });
        }
        match ControlType::from_name(&name) {
            Some(kind) => Self::Control(ControlView { kind, fields }),
            None if name.starts_with("x.") => Self::Extension,
            None => Self::Malformed(Flaw::UnknownType(name, fields)),
        }
    }

    /// The event, if it is one.
    #[must_use]
    pub fn event(&self) -> Option<&EventView<'a>> {
        if let Self::Event(event) = self { Some(event) } else { None }
    }
}

fn flaw_of<'a>(raw: &'a str, error: &serde_json::Error) -> Flaw<'a> {
    let mut values = serde_json::Deserializer::from_str(raw).into_iter::<&RawValue>();
    match values.next() {
        Some(Ok(first)) => {
            let rest = raw.get(values.byte_offset()..).unwrap_or_default().trim_ascii_start();
            if rest.is_empty() { Flaw::NotAnObject(JsonType::of(first.get())) } else { Flaw::Several(rest) }
        }
        _ => Flaw::NotJson(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ControlType, Field, Flaw, JsonType, Seen};
    use goldenpath_protocol::EventType;
    use rstest::rstest;

    #[test]
    fn an_event_is_read_without_copying() {
        let raw =
            r#"{"type":"tool_completed","seq":4,"run_id":"r1","results":{"a":[1]},"success":true,"x":null}"#;
        let Seen::Event(event) = Seen::received(raw, None) else { panic!("no event") };
        assert_eq!(event.kind, EventType::ToolCompleted);
        assert_eq!(event.run_id.as_deref(), Some("r1"));
        assert_eq!(event.seq, Some(4));
        assert_eq!(event.fields.raw(Field::Results), Some(r#"{"a":[1]}"#));
        assert_eq!(event.fields.flag(Field::Success), Some(true));
        assert_eq!(event.fields.unnamed, 1);
        assert_eq!(event.fields.json_type(Field::EventId), None);
    }

    #[test]
    fn wrong_types_are_told_and_never_read() {
        let raw = r#"{"type":"agent_thinking","seq":"4","reasoning":"a\u0041","step_number":1.5}"#;
        let Seen::Event(event) = Seen::received(raw, None) else { panic!("no event") };
        assert_eq!((event.seq, event.fields.json_type(Field::Seq)), (None, Some(JsonType::String)));
        assert_eq!(event.text(Field::Reasoning).as_deref(), Some("aA"));
        assert_eq!(event.fields.whole(Field::StepNumber), None);
        assert_eq!(event.fields.number(Field::StepNumber), Some(1.5));
    }

    #[test]
    fn control_frames_and_extensions_are_told_apart() {
        assert!(matches!(
            Seen::received(r#"{"type":"pong","n":1}"#, None),
            Seen::Control(control) if control.kind == ControlType::Pong
        ));
        assert!(matches!(Seen::received(r#"{"type":"x.trace"}"#, None), Seen::Extension));
    }

    #[rstest]
    #[case::cut(r#"{"type":"pong""#, "json")]
    #[case::two(r#"{"type":"pong"}{"type":"pong"}"#, "several")]
    #[case::array("[1]", "object")]
    #[case::no_type(r#"{"type":7}"#, "no type")]
    #[case::unknown(r#"{"type":"agent_startd"}"#, "unknown")]
    #[case::empty("", "json")]
    fn flaws_are_named(#[case] raw: &str, #[case] flaw: &str) {
        let Seen::Malformed(found) = Seen::received(raw, None) else { panic!("read {raw}") };
        let name = match found {
            Flaw::NotJson(_) => "json",
            Flaw::Several(_) => "several",
            Flaw::NotAnObject(_) => "object",
            Flaw::NoType(_) => "no type",
            Flaw::UnknownType(..) => "unknown",
            Flaw::Binary | Flaw::InvalidUtf8 => "bytes",
        };
        assert_eq!(name, flaw);
    }

    #[test]
    fn deep_json_costs_no_stack() {
        let raw = format!(
            r#"{{"type":"tool_completed","results":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert!(Seen::received(&raw, None).event().is_some());
    }
}
