//! What people read says something: not empty, no placeholder, no filler.

use super::{Broken, READ_BY_PEOPLE};
use crate::event_view::{EventView, Field, Scan};
use crate::evidence::excerpt;
use goldenpath_protocol::EventType;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Texts that stand where something should be said, without case and closing marks.
const PLACEHOLDERS: &[&str] = &[
    "agent is thinking",
    "agent is working",
    "agent started",
    "agent thinking",
    "analyzing",
    "coming soon",
    "done",
    "executing tool",
    "fill me in",
    "foo",
    "in progress",
    "insert text here",
    "loading",
    "lorem ipsum",
    "n/a",
    "na",
    "nan",
    "nil",
    "no response",
    "none",
    "not available",
    "not implemented",
    "null",
    "[object object]",
    "placeholder",
    "please wait",
    "processing",
    "processing request",
    "processing your request",
    "reasoning",
    "sample text",
    "string",
    "tbd",
    "test",
    "text",
    "the agent is thinking",
    "thinking",
    "to be determined",
    "todo",
    "undefined",
    "unknown",
    "working",
    "working on it",
    "xxx",
    "your text here",
];

/// What in this event says nothing.
pub(super) fn broken(event: &EventView<'_>) -> Option<Broken> {
    let fields = READ_BY_PEOPLE.iter().copied().filter(|field| owes(event.kind, *field));
    let hollow = fields.filter_map(|field| Some((field, event.text(field)?)));
    for (field, text) in hollow {
        if let Some(why) = emptiness(&text) {
            return Some(said_nothing(field.as_str(), why, &text));
        }
    }
    match event.kind {
        EventType::ResponseDelta => event
            .text(Field::Text)
            .filter(|text| text.is_empty())
            .map(|text| said_nothing("text", "empty", &text)),
        EventType::ToolExecuting => named(event),
        EventType::ToolCompleted => named(event).or_else(|| results(event)).or_else(|| error(event)),
        EventType::AgentFailed => error(event),
        EventType::AgentCompleted => event
            .fields
            .texts(Field::Limitations)
            .unwrap_or_default()
            .iter()
            .find_map(|text| Some(said_nothing("limitations", emptiness(text)?, text))),
        _ => None,
    }
}

fn owes(kind: EventType, field: Field) -> bool {
    match kind {
        EventType::AgentStarted => field == Field::TaskDescription,
        EventType::AgentThinking => field == Field::Reasoning,
        EventType::ToolExecuting => field == Field::ToolPurpose,
        EventType::AgentCompleted => matches!(field, Field::FinalResponse | Field::Summary),
        EventType::AgentCancelled => field == Field::Reason,
        EventType::ToolCompleted | EventType::ResponseDelta | EventType::AgentFailed => false,
    }
}

fn said_nothing(field: &str, why: &str, text: &str) -> Broken {
    Broken::new(format!("`{field}` says something"), format!("`{field}` is {why}: `{}`", excerpt(text)))
}

fn named(event: &EventView<'_>) -> Option<Broken> {
    let name = event.text(Field::ToolName)?;
    let why = emptiness(&name).filter(|_| name.trim().is_empty() || name.len() < 12)?;
    Some(said_nothing("tool_name", why, &name))
}

fn error(event: &EventView<'_>) -> Option<Broken> {
    let part = |field: Field| {
        let text = event.error(field)?;
        Some(said_nothing("error", emptiness(&text)?, &text))
    };
    // A code such as `unknown` is a name, and says what it can.
    let code = event.error(Field::Code).filter(|code| code.trim().is_empty());
    code.map(|code| said_nothing("error", "empty", &code)).or_else(|| part(Field::Message))
}

/// Why a text says nothing, if it does.
fn emptiness(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Some("empty");
    }
    if text
        .chars()
        .all(|c| c.is_ascii_punctuation() || c.is_whitespace() || matches!(c, '…' | '—' | '–' | '•'))
    {
        return Some("a placeholder");
    }
    // The longest placeholder is short; most texts are done here.
    if text.len() > 64 {
        return text
            .get(..11)
            .is_some_and(|head| head.eq_ignore_ascii_case("lorem ipsum"))
            .then_some("filler");
    }
    let bare = text.trim_matches(|c: char| {
        matches!(c, '.' | '…' | '!' | '?' | ':' | ' ' | '<' | '>' | '{' | '}' | '-' | '_' | '*')
    });
    let lorem = |bare: &str| bare.get(..11).is_some_and(|head| head.eq_ignore_ascii_case("lorem ipsum"));
    let known = if bare.is_ascii() {
        PLACEHOLDERS.iter().any(|known| bare.eq_ignore_ascii_case(known)) || lorem(bare)
    } else {
        let bare = bare.to_lowercase();
        PLACEHOLDERS.contains(&bare.as_str()) || lorem(&bare)
    };
    known.then_some("a placeholder")
}

/// A success whose results hold nothing.
fn results(event: &EventView<'_>) -> Option<Broken> {
    if event.fields.flag(Field::Success) != Some(true) {
        return None;
    }
    let raw = event.fields.raw(Field::Results)?;
    if !raw.starts_with('{') {
        return None;
    }
    // The first member that holds something ends it.
    let mut empty = true;
    let whole = Scan::of(raw).object(|_, scan| {
        empty = is_empty(scan.value()?);
        empty.then_some(())
    });
    if empty && whole.is_none() {
        empty = serde_json::Deserializer::from_str(raw).deserialize_map(AllEmpty).unwrap_or(false);
    }
    empty.then(|| {
        Broken::new("`results` of a success hold something", format!("`results` is `{}`", excerpt(raw)))
    })
}

fn is_empty(raw: &str) -> bool {
    matches!(raw, "null" | "{}" | "[]" | "\"\"")
}

/// Whether every member of an object is empty.
struct AllEmpty;

impl<'de> Visitor<'de> for AllEmpty {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut all = true;
        while map.next_key::<serde::de::IgnoredAny>()?.is_some() {
            let value: &RawValue = map.next_value()?;
            all &= is_empty(value.get());
        }
        Ok(all)
    }
}
