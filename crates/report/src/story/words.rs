//! One record in a few plain words, as its user would say it.

use goldenpath_checkers::{ControlType, ControlView, EventView, Field, Flaw, Seen, SentView};
use goldenpath_history::{ClosedBy, Direction, FaultPhase, Record, RecordKind};
use goldenpath_protocol::EventType;

/// The longest quotation, in characters.
const QUOTED: usize = 40;
/// The longest name.
const NAME: usize = 20;

/// What a record says.
pub(super) fn of(record: &Record<'_>) -> String {
    match &record.kind {
        RecordKind::Open { status, credential, .. } => opened(*status, credential.as_deref()),
        RecordKind::Frame { dir: Direction::In, raw, opcode } => received(raw, opcode.as_deref()),
        RecordKind::Frame { dir: Direction::Out, raw, .. } => match Seen::sent(raw) {
            Seen::Sent(frame) => sent(&frame),
            _ => "sends something".to_owned(),
        },
        RecordKind::Close { code, by, .. } => closed(*code, *by),
        RecordKind::Request { prompt, .. } => match prompt {
            Some(prompt) => format!("asks: {}", quoted(prompt)),
            None => "asks for a run".to_owned(),
        },
        RecordKind::Fault { id, phase, .. } => match phase {
            FaultPhase::Begin => format!("fault {id} is switched on"),
            FaultPhase::Acted => format!("fault {id} touches something"),
            FaultPhase::End => format!("fault {id} is switched off"),
        },
        RecordKind::Sample { name, value } => format!("{} is {value}", cut(name, QUOTED)),
        RecordKind::Lost { count, why } => format!("{count} record(s) were lost: {}", quoted(why)),
        RecordKind::Mark { name, note } => marked(name, note.as_deref()),
    }
}

fn opened(status: Option<u16>, credential: Option<&str>) -> String {
    let shown = credential
        .filter(|case| *case != "valid")
        .map_or_else(String::new, |case| format!(" with a token that is {}", case.replace('_', " ")));
    match status {
        Some(101 | 200) => format!("connects{shown}"),
        Some(status) => format!("is refused{shown} ({status})"),
        None => format!("gets no answer to connecting{shown}"),
    }
}

fn closed(code: Option<u16>, by: ClosedBy) -> String {
    let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    match by {
        ClosedBy::Server => format!("the server closes the connection ({code})"),
        ClosedBy::Client => format!("leaves ({code})"),
        ClosedBy::Transport => format!("the connection breaks ({code})"),
    }
}

fn marked(name: &str, note: Option<&str>) -> String {
    match (name, note) {
        ("recording", _) => "the recording ends".to_owned(),
        ("category", Some(note)) => format!("{} begins", cut(note, NAME)),
        ("store", Some(note)) => format!("reads the stored run: {}", quoted(note)),
        ("probe", Some(note)) => format!("tries something forbidden: {}", quoted(note)),
        (name, Some(note)) => format!("{}: {}", cut(name, NAME), quoted(note)),
        (name, None) => cut(name, NAME),
    }
}

fn sent(frame: &SentView<'_>) -> String {
    match frame.kind.as_deref() {
        Some("agent_request") => "sends the request".to_owned(),
        Some("cancel") => "cancels the run".to_owned(),
        Some("ping") => "sends a ping".to_owned(),
        Some("ack") => "acknowledges what came".to_owned(),
        Some("refresh") => "shows a new token".to_owned(),
        Some(other) => format!("sends `{}`", cut(other, NAME)),
        None => "sends what is no message".to_owned(),
    }
}

fn received(raw: &str, opcode: Option<&str>) -> String {
    match Seen::received(raw, opcode) {
        Seen::Event(event) => placed(happened(&event), &event),
        Seen::Control(control) => told(&control),
        Seen::Extension => "gets an extension's message".to_owned(),
        Seen::Malformed(flaw) => flawed(&flaw, raw),
        Seen::Sent(_) => "gets something".to_owned(),
    }
}

/// Names the run and the place in it, by which people find it elsewhere.
fn placed(what: String, event: &EventView<'_>) -> String {
    let run = event.run_id.as_deref().map(|run| format!("run {}", short(run)));
    let seq = event.seq.map(|seq| format!("#{seq}"));
    let place: Vec<String> = run.into_iter().chain(seq).collect();
    if place.is_empty() { what } else { format!("{what} [{}]", place.join(" ")) }
}

fn happened(event: &EventView<'_>) -> String {
    let text = |field| event.text(field).map(|text| quoted(&text)).unwrap_or_default();
    let tool = || {
        event
            .text(Field::ToolName)
            .map_or_else(|| "a tool".to_owned(), |name| format!("`{}`", cut(&name, NAME)))
    };
    let call = || event.text(Field::ExecutionId).map(|id| format!(" ({})", short(&id))).unwrap_or_default();
    match event.kind {
        EventType::AgentStarted => "the agent starts".to_owned(),
        EventType::AgentThinking => format!("it thinks: {}", text(Field::Reasoning)),
        EventType::ToolExecuting => format!("{}{} begins", tool(), call()),
        EventType::ToolCompleted if event.fields.flag(Field::Success) == Some(false) => {
            format!("{}{} fails", tool(), call())
        }
        EventType::ToolCompleted => format!("{}{} is done", tool(), call()),
        EventType::ResponseDelta => format!("a piece of the answer: {}", text(Field::Text)),
        EventType::AgentCompleted => format!("the answer: {}", text(Field::FinalResponse)),
        EventType::AgentFailed => "the run fails".to_owned(),
        EventType::AgentCancelled => "the run is cancelled".to_owned(),
    }
}

fn told(control: &ControlView<'_>) -> String {
    let text = |field| control.fields.text(field).map(|text| cut(&text, NAME)).unwrap_or_default();
    let offset =
        || control.fields.whole(Field::Offset).map_or_else(|| "?".to_owned(), |offset| offset.to_string());
    match control.kind {
        ControlType::ConnectionEstablished => {
            format!("is greeted ({}, stream at {})", text(Field::Recovered), offset())
        }
        ControlType::ReplayEnd => "the replay ends".to_owned(),
        ControlType::RequestAccepted => "the request is accepted".to_owned(),
        ControlType::Error => format!("is told an error: {}", text(Field::Code)),
        ControlType::Pong => "gets a pong".to_owned(),
        ControlType::Heartbeat => format!("a heartbeat: stream at {}", offset()),
        ControlType::TokenRefreshed => "the new token is taken".to_owned(),
        ControlType::Closing => "is told that the connection closes".to_owned(),
    }
}

fn flawed(flaw: &Flaw<'_>, raw: &str) -> String {
    let what = match flaw {
        Flaw::NotJson(_) => "what is no JSON",
        Flaw::Several(_) => "several messages in one",
        Flaw::NotAnObject(_) => "JSON that is no message",
        Flaw::NoType(_) => "a message without a type",
        Flaw::UnknownType(..) => "a message of an unknown type",
        Flaw::Binary => "a binary message",
        Flaw::InvalidUtf8 => "text that is no UTF-8",
    };
    format!("gets {what}: {}", quoted(raw))
}

/// A name, or the end of a long one: what comes first in ids is the same for many.
pub(super) fn short(name: &str) -> String {
    let clean = clean(name);
    let length = clean.chars().count();
    if length <= NAME { clean } else { format!("…{}", clean.chars().skip(length - 8).collect::<String>()) }
}

fn quoted(text: &str) -> String {
    format!("“{}”", cut(text.trim(), QUOTED))
}

fn cut(text: &str, length: usize) -> String {
    let clean = clean(text);
    if clean.chars().nth(length).is_none() {
        return clean;
    }
    clean.chars().take(length).chain(['…']).collect()
}

/// A text in one line.
fn clean(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}
