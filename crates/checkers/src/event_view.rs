//! The judge's own view of a frame: one parse, everything borrowed, nothing trusted.
//!
//! Values stay raw JSON until somebody asks for them, so that hostile input costs what its text
//! costs, and a wrong type is a finding and never an error of ours.

mod scan;

pub(crate) use scan::Scan;

use crate::instant::unix_ms_of;
use crate::value::AnswerText;
use goldenpath_history::json_text;
use goldenpath_protocol::EventType;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

macro_rules! fields {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The fields that the protocol names, in events and in control frames.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each variant is the field of that name")]
        pub enum Field { $($variant),* }

        impl Field {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The field as the wire writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

        }
    };
}

fields! {
    Type = "type", EventId = "event_id", Timestamp = "timestamp", UserId = "user_id", ThreadId = "thread_id",
    RunId = "run_id", RequestId = "request_id", Seq = "seq", Offset = "offset", AgentName = "agent_name",
    ParentAgent = "parent_agent", Status = "status", TaskDescription = "task_description",
    Reasoning = "reasoning", StepNumber = "step_number", ProgressPercentage = "progress_percentage",
    ToolName = "tool_name", ExecutionId = "execution_id", Parameters = "parameters",
    ToolPurpose = "tool_purpose", Success = "success", Results = "results", Error = "error",
    DurationMs = "duration_ms", FinalResponse = "final_response", Summary = "summary",
    Degraded = "degraded", Limitations = "limitations", EventCount = "event_count", Text = "text",
    Reason = "reason", ConnectionId = "connection_id", Epoch = "epoch", Recovered = "recovered",
    Replay = "replay", Acked = "acked", ServerTime = "server_time", TokenExpiresAt = "token_expires_at",
    PingIntervalMs = "ping_interval_ms", Limits = "limits", Duplicate = "duplicate", Code = "code",
    Message = "message", Retryable = "retryable", N = "n", Reconnect = "reconnect", AfterMs = "after_ms",
    Agent = "agent", Data = "data", Payload = "payload",
}

const FIELDS: usize = Field::ALL.len();

/// The fields by the hashes of their names, one after the other where two share a hash; 0 for none.
const BY_NAME: [u8; 256] = {
    let mut table = [0_u8; 256];
    let mut at = 0;
    while at < FIELDS {
        let mut place = name_hash(Field::ALL[at].as_str().as_bytes());
        while table[place as usize] != 0 {
            place = place.wrapping_add(1);
        }
        #[allow(clippy::cast_possible_truncation, reason = "there are fewer than 255 fields")]
        {
            table[place as usize] = at as u8 + 1;
        }
        at += 1;
    }
    table
};

const fn name_hash(name: &[u8]) -> u8 {
    if name.is_empty() {
        return 0;
    }
    #[allow(clippy::cast_possible_truncation, reason = "a hash")]
    let length = name.len() as u8;
    let (first, middle, last) = (name[0], name[name.len() / 2], name[name.len() - 1]);
    length.wrapping_mul(37) ^ first.wrapping_mul(11) ^ middle.wrapping_mul(5) ^ last.wrapping_mul(3)
}

impl Field {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut place = name_hash(name.as_bytes());
        loop {
            let at = BY_NAME[usize::from(place)].checked_sub(1)?;
            let field = Self::ALL[usize::from(at)];
            if field.as_str() == name {
                return Some(field);
            }
            place = place.wrapping_add(1);
        }
    }
}

/// The JSON type of a value, for findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names of JSON's own types")]
pub enum JsonType {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    /// The type of a raw JSON value.
    #[must_use]
    pub fn of(raw: &str) -> Self {
        match raw.as_bytes().first() {
            Some(b'"') => Self::String,
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }

    /// The name for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// The fields of one JSON object, raw and by name. Fields the protocol does not name are only counted.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    raw: [Option<&'a str>; FIELDS],
    /// A field that came twice: two readers may see two different values.
    pub repeated: Option<Field>,
    /// How many fields the protocol does not name.
    pub unnamed: u32,
}

impl<'a> Fields<'a> {
    const NONE: Self = Self { raw: [None; FIELDS], repeated: None, unnamed: 0 };

    /// The fields of the object that begins here; `None` when it is none, or takes a closer look.
    pub(crate) fn scanned(scan: &mut Scan<'a>) -> Option<Self> {
        let mut fields = Self::NONE;
        scan.object(|key, scan| {
            let value = scan.value()?;
            match Field::named(key) {
                Some(field) => fields.set(field, value),
                None => fields.unnamed = fields.unnamed.saturating_add(1),
            }
            Some(())
        })?;
        Some(fields)
    }

    fn set(&mut self, field: Field, value: &'a str) {
        if self.raw[field as usize].replace(value).is_some() {
            self.repeated = Some(field);
        }
    }

    /// The raw JSON of a field, whatever its type; `None` when it is missing.
    #[must_use]
    pub fn raw(&self, field: Field) -> Option<&'a str> {
        self.raw[field as usize]
    }

    /// The JSON type of a field.
    #[must_use]
    pub fn json_type(&self, field: Field) -> Option<JsonType> {
        self.raw(field).map(JsonType::of)
    }

    /// A string field, unescaped; `None` when missing, of another type, or no valid text (a lone surrogate).
    #[must_use]
    pub fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        text_of(self.raw(field)?)
    }

    /// A number field.
    #[must_use]
    pub fn number(&self, field: Field) -> Option<f64> {
        let raw = self.raw(field)?;
        if JsonType::of(raw) == JsonType::Number { raw.parse().ok() } else { None }
    }

    /// A field that holds a whole number ≥ 0 (written without fraction or exponent).
    #[must_use]
    pub fn whole(&self, field: Field) -> Option<u64> {
        whole_of(self.raw(field)?)
    }

    /// A boolean field.
    #[must_use]
    pub fn flag(&self, field: Field) -> Option<bool> {
        match self.raw(field)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The fields of an object field, by the protocol's names.
    #[must_use]
    pub fn object(&self, field: Field) -> Option<Fields<'a>> {
        fields_of(self.raw(field)?).ok()
    }

    /// The strings of an array field; `None` when it is no array of strings.
    #[must_use]
    pub fn texts(&self, field: Field) -> Option<Vec<Cow<'a, str>>> {
        let items: Vec<&'a RawValue> = serde_json::from_str(self.raw(field)?).ok()?;
        items.into_iter().map(|item| text_of(item.get())).collect()
    }
}

/// The whole number ≥ 0 of a raw JSON number.
pub(crate) fn whole_of(raw: &str) -> Option<u64> {
    if JsonType::of(raw) == JsonType::Number { raw.parse().ok() } else { None }
}

/// The text of a raw JSON string.
#[must_use]
pub fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    json_text(raw)
}

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
    answer: OnceCell<Option<Box<AnswerText<'a>>>>,
    made: OnceCell<Option<i64>>,
}

impl<'a> EventView<'a> {
    /// When it says that it was made, in Unix milliseconds; many ask.
    pub(crate) fn made_unix_ms(&self) -> Option<i64> {
        *self.made.get_or_init(|| self.fields.text(Field::Timestamp).and_then(|text| unix_ms_of(&text)))
    }

    /// The text of a string field.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        if field == Field::FinalResponse {
            return self.answer().map(|answer| Cow::Borrowed(&*answer.text));
        }
        self.fields.text(field)
    }

    /// `final_response`, which many read.
    pub(crate) fn answer(&self) -> Option<&AnswerText<'a>> {
        let read = || Some(Box::new(AnswerText::new(self.fields.text(Field::FinalResponse)?)));
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
        let fields = fields_of(raw).unwrap_or(Fields::NONE);
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

/// The fields of one JSON object.
///
/// # Errors
/// When `raw` is not exactly one JSON object.
pub fn fields_of(raw: &str) -> Result<Fields<'_>, serde_json::Error> {
    let mut scan = Scan::of(raw);
    if let Some(fields) = Fields::scanned(&mut scan)
        && scan.is_over()
    {
        return Ok(fields);
    }
    let mut from = serde_json::Deserializer::from_str(raw);
    let fields = from.deserialize_map(ObjectVisitor)?;
    from.end()?;
    Ok(fields)
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::NONE;
        while let Some(key) = map.next_key_seed(FieldName)? {
            let Some(field) = key else {
                map.next_value::<IgnoredAny>()?;
                fields.unnamed = fields.unnamed.saturating_add(1);
                continue;
            };
            let value: &'de RawValue = map.next_value()?;
            fields.set(field, value.get());
        }
        Ok(fields)
    }
}

/// Reads a key without keeping its text.
struct FieldName;

impl<'de> serde::de::DeserializeSeed<'de> for FieldName {
    type Value = Option<Field>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName {
    type Value = Option<Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Field::named(name))
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
