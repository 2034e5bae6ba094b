//! What people read says something: not empty, no placeholder, no filler.

use super::emptiness::{emptiness, is_known_placeholder};
use super::{Broken, READ_BY_PEOPLE};
use crate::event_view::{EventView, Field, Scan, text_of};
use crate::evidence::excerpt;
use goldenpath_protocol::EventType;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

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
    // A longer name may be made of words that elsewhere only say that something goes on: `processing_request`.
    let hollow = |_: &&str| name.trim().is_empty() || name.len() < 12 || is_known_placeholder(&name);
    let why = emptiness(&name).filter(hollow)?;
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
    let empty = is_empty(raw, DEEPEST);
    empty.then(|| {
        Broken::new("`results` of a success hold something", format!("`results` is `{}`", excerpt(raw)))
    })
}

/// Values inside each other so deep are looked into; deeper ones hold something.
const DEEPEST: u32 = 8;

/// Whether a value holds nothing but empty ones.
fn is_empty(raw: &str, deep: u32) -> bool {
    if deep == 0 {
        return false;
    }
    match raw.as_bytes().first() {
        Some(b'"') => text_of(raw).is_some_and(|text| text.trim().is_empty()),
        Some(b'{') => {
            let mut empty = true;
            let whole = Scan::of(raw).object(|_, scan| {
                empty = is_empty(scan.value()?, deep - 1);
                empty.then_some(())
            });
            // An object that the scan gives up on, such as one with an escape in a key, takes a closer look.
            let slow =
                || serde_json::Deserializer::from_str(raw).deserialize_map(AllEmpty(deep)).unwrap_or(false);
            if empty && whole.is_none() { slow() } else { empty }
        }
        Some(b'[') => {
            let mut empty = true;
            let whole = Scan::of(raw).array(|scan| {
                empty = is_empty(scan.value()?, deep - 1);
                empty.then_some(())
            });
            empty && whole.is_some()
        }
        Some(b'n') => true,
        _ => false,
    }
}

/// Whether every member of an object is empty.
struct AllEmpty(u32);

impl<'de> Visitor<'de> for AllEmpty {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut all = true;
        while map.next_key::<serde::de::IgnoredAny>()?.is_some() {
            let value: &RawValue = map.next_value()?;
            all &= is_empty(value.get(), self.0 - 1);
        }
        Ok(all)
    }
}
