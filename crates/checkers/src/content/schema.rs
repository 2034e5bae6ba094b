//! The shape of events and control frames: known types, required fields, right types, flat.

use super::Broken;
use crate::event_view::{ControlType, ControlView, EventView, Field, Fields, Flaw, JsonType};
use crate::evidence::excerpt;
use goldenpath_protocol::EventType;

/// What a field must hold.
#[derive(Debug, Clone, Copy)]
enum Holds {
    Text,
    /// A text that is not empty: an id, a name, a moment.
    Name,
    OneOf(&'static [&'static str]),
    Word(&'static str),
    /// A whole number, at least this.
    Whole(u64),
    Number,
    Flag,
    Object,
    Texts,
}

use Holds::{Flag, Name, Number, Object, OneOf, Text, Texts, Whole, Word};

/// What every run event carries. `timestamp` has checks of its own.
const HEAD: &[(Field, Holds)] = &[
    (Field::EventId, Name),
    (Field::UserId, Text),
    (Field::ThreadId, Text),
    (Field::RunId, Text),
    (Field::RequestId, Text),
    (Field::AgentName, Name),
];

/// What numbers every run event.
const NUMBERS: &[(Field, Holds)] = &[(Field::Seq, Whole(1)), (Field::Offset, Whole(1))];

const STARTED: &[(Field, Holds)] = &[(Field::Status, Word("starting")), (Field::TaskDescription, Text)];
const THINKING: &[(Field, Holds)] = &[(Field::Reasoning, Text), (Field::StepNumber, Whole(1))];
const EXECUTING: &[(Field, Holds)] = &[
    (Field::ToolName, Text),
    (Field::ExecutionId, Text),
    (Field::Parameters, Object),
    (Field::ToolPurpose, Text),
];
const TOOL_COMPLETED: &[(Field, Holds)] = &[
    (Field::ToolName, Text),
    (Field::ExecutionId, Text),
    (Field::Success, Flag),
    (Field::DurationMs, Number),
];
const COMPLETED: &[(Field, Holds)] = &[
    (Field::Status, Word("completed")),
    (Field::FinalResponse, Text),
    (Field::Summary, Text),
    (Field::Degraded, Flag),
    (Field::Limitations, Texts),
    (Field::DurationMs, Number),
    (Field::EventCount, Whole(1)),
];
const DELTA: &[(Field, Holds)] = &[(Field::Text, Text)];
const FAILED: &[(Field, Holds)] =
    &[(Field::Error, Object), (Field::DurationMs, Number), (Field::EventCount, Whole(1))];
const CANCELLED: &[(Field, Holds)] =
    &[(Field::Reason, Text), (Field::DurationMs, Number), (Field::EventCount, Whole(1))];
const ERROR: &[(Field, Holds)] = &[(Field::Code, Text), (Field::Message, Text)];

fn body(kind: EventType) -> &'static [(Field, Holds)] {
    match kind {
        EventType::AgentStarted => STARTED,
        EventType::AgentThinking => THINKING,
        EventType::ToolExecuting => EXECUTING,
        EventType::ToolCompleted => TOOL_COMPLETED,
        EventType::AgentCompleted => COMPLETED,
        EventType::ResponseDelta => DELTA,
        EventType::AgentFailed => FAILED,
        EventType::AgentCancelled => CANCELLED,
    }
}

fn control_body(kind: ControlType) -> &'static [(Field, Holds)] {
    match kind {
        ControlType::ConnectionEstablished => &[
            (Field::ConnectionId, Name),
            (Field::UserId, Text),
            (Field::Epoch, Name),
            (Field::Offset, Whole(0)),
            (Field::Recovered, OneOf(&["fresh", "full", "failed"])),
            (Field::Replay, Whole(0)),
            (Field::Acked, Whole(0)),
            (Field::ServerTime, Name),
            (Field::TokenExpiresAt, Name),
            (Field::PingIntervalMs, Whole(1)),
            (Field::Limits, Object),
        ],
        ControlType::ReplayEnd | ControlType::Heartbeat => &[(Field::Offset, Whole(0))],
        ControlType::RequestAccepted => &[
            (Field::RequestId, Name),
            (Field::RunId, Name),
            (Field::ThreadId, Name),
            (Field::Duplicate, Flag),
        ],
        ControlType::Error => &[(Field::Code, Text), (Field::Message, Text), (Field::Retryable, Flag)],
        ControlType::Pong => &[(Field::N, Whole(0)), (Field::ServerTime, Name)],
        ControlType::TokenRefreshed => &[(Field::TokenExpiresAt, Name)],
        ControlType::Closing => &[
            (Field::Code, Whole(1)),
            (Field::Reason, Text),
            (Field::Reconnect, Flag),
            (Field::AfterMs, Whole(0)),
        ],
    }
}

/// What is wrong with the shape of a run event.
pub(super) fn event(event: &EventView<'_>, numbered: bool) -> Option<Broken> {
    let fields = &event.fields;
    let numbers = if numbered { NUMBERS } else { &[] };
    required(fields, HEAD)
        .or_else(|| required(fields, numbers))
        .or_else(|| required(fields, body(event.kind)))
        .or_else(|| conditional(event))
        .or_else(|| repeated(fields))
        .map(|broken| nested(fields, broken))
}

/// What is wrong with the shape of a control frame.
pub(super) fn control(control: &ControlView<'_>) -> Option<Broken> {
    required(&control.fields, control_body(control.kind)).or_else(|| repeated(&control.fields))
}

/// What is wrong with the shape of a frame that is neither; JSON that is none is another check's matter.
pub(super) fn flaw(flaw: &Flaw<'_>) -> Option<Broken> {
    let known = "a known type, or one in the namespace `x.`";
    match flaw {
        Flaw::NotAnObject(found) => Some(Broken::new("one flat object", found.as_str())),
        Flaw::NoType(fields) => Some(match fields.json_type(Field::Type) {
            Some(found) => Broken::new("`type` is a string", format!("`type` is {}", found.as_str())),
            None => Broken::new(known, "no `type`"),
        }),
        Flaw::UnknownType(name, fields) => {
            Some(nested(fields, Broken::new(known, format!("the unknown type `{}`", excerpt(name)))))
        }
        Flaw::NotJson(_) | Flaw::Several(_) | Flaw::Binary | Flaw::InvalidUtf8 => None,
    }
}

fn required(fields: &Fields<'_>, wanted: &[(Field, Holds)]) -> Option<Broken> {
    wanted.iter().find_map(|(field, holds)| wrong(fields, *field, *holds))
}

fn wrong(fields: &Fields<'_>, field: Field, holds: Holds) -> Option<Broken> {
    let name = field.as_str();
    let Some(found) = fields.json_type(field) else {
        return Some(Broken::new(format!("`{name}`, {}", words(holds)), format!("`{name}` is missing")));
    };
    let right = match holds {
        Text => found == JsonType::String,
        Name => fields.text(field).is_some_and(|text| !text.trim().is_empty()),
        OneOf(known) => fields.text(field).is_some_and(|text| known.contains(&&*text)),
        Word(word) => found == JsonType::String && fields.text(field).as_deref() == Some(word),
        Whole(least) => fields.whole(field).is_some_and(|value| value >= least),
        Number => fields.number(field).is_some_and(|value| value >= 0.0 && value.is_finite()),
        Flag => found == JsonType::Bool,
        Object => found == JsonType::Object,
        Texts => found == JsonType::Array && fields.texts(field).is_some(),
    };
    (!right).then(|| {
        let raw = fields.raw(field).unwrap_or_default();
        Broken::new(
            format!("`{name}` is {}", words(holds)),
            format!("`{name}` is {}: `{}`", found.as_str(), excerpt(raw)),
        )
    })
}

fn words(holds: Holds) -> String {
    match holds {
        Text => "a string".to_owned(),
        Name => "a string that is not empty".to_owned(),
        OneOf(known) => format!("one of `{}`", known.join("`, `")),
        Word(word) => format!("`{word}`"),
        Whole(0) => "a whole number".to_owned(),
        Whole(least) => format!("a whole number, at least {least}"),
        Number => "a number, at least 0".to_owned(),
        Flag => "a boolean".to_owned(),
        Object => "an object".to_owned(),
        Texts => "an array of strings".to_owned(),
    }
}

/// Fields that are owed because of others.
fn conditional(event: &EventView<'_>) -> Option<Broken> {
    let fields = &event.fields;
    match event.kind {
        EventType::AgentThinking => {
            let progress = fields.raw(Field::ProgressPercentage)?;
            let inside =
                fields.number(Field::ProgressPercentage).is_some_and(|at| (0.0..=100.0).contains(&at));
            (!inside && progress != "null").then(|| {
                Broken::new(
                    "`progress_percentage` is a number from 0 to 100",
                    format!("`progress_percentage` is `{}`", excerpt(progress)),
                )
            })
        }
        EventType::ToolCompleted if fields.flag(Field::Success) == Some(true) => {
            wrong(fields, Field::Results, Object)
        }
        EventType::ToolCompleted => {
            wrong(fields, Field::Error, Object).or_else(|| required(&fields.object(Field::Error)?, ERROR))
        }
        EventType::AgentFailed => {
            let error = fields.object(Field::Error)?;
            required(&error, ERROR).or_else(|| wrong(&error, Field::Retryable, Flag))
        }
        EventType::AgentCompleted => {
            let labelled = fields.texts(Field::Limitations).is_some_and(|said| !said.is_empty());
            (fields.flag(Field::Degraded) == Some(true) && !labelled)
                .then(|| Broken::new("a degraded answer names its `limitations`", "`limitations` is empty"))
        }
        _ => None,
    }
}

fn repeated(fields: &Fields<'_>) -> Option<Broken> {
    fields.repeated.map(|field| {
        Broken::new("every field once", format!("`{}` comes twice in one object", field.as_str()))
    })
}

/// Says so when the missing fields are wrapped up in another object.
fn nested(fields: &Fields<'_>, mut broken: Broken) -> Broken {
    let wrapped = [Field::Data, Field::Payload, Field::Message]
        .into_iter()
        .find(|field| fields.json_type(*field) == Some(JsonType::Object));
    if let Some(field) = wrapped {
        broken
            .observed
            .push_str(&format!(", but `{}` holds an object: the shape is not flat", field.as_str()));
    }
    broken
}
