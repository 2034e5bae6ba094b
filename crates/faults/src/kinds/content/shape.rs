//! JSON of another shape than was agreed.

use super::said::{Said, one_of};
use crate::Message;
use goldenpath_protocol::EventType;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

/// What every event carries, beside its type and its timestamp.
const HEAD: &[&str] =
    &["event_id", "user_id", "thread_id", "run_id", "request_id", "seq", "offset", "agent_name"];

/// What an event of this type adds and must have.
fn adds(kind: EventType, succeeded: bool) -> &'static [&'static str] {
    match kind {
        EventType::AgentStarted => &["status", "task_description"],
        EventType::AgentThinking => &["reasoning", "step_number"],
        EventType::ToolExecuting => &["tool_name", "execution_id", "parameters", "tool_purpose"],
        EventType::ToolCompleted if succeeded => {
            &["tool_name", "execution_id", "success", "results", "duration_ms"]
        }
        EventType::ToolCompleted => &["tool_name", "execution_id", "success", "error", "duration_ms"],
        EventType::AgentCompleted => {
            &["status", "final_response", "summary", "degraded", "limitations", "duration_ms", "event_count"]
        }
        EventType::ResponseDelta => &["text"],
        EventType::AgentFailed => &["error", "duration_ms", "event_count"],
        EventType::AgentCancelled => &["reason", "duration_ms", "event_count"],
    }
}

/// A field that this event must have and has.
fn required<'a>(message: &Message, rng: &mut ChaCha8Rng) -> Option<&'a str> {
    let succeeded = message.get("success") == Some(&Value::Bool(true));
    let own = adds(message.event()?, succeeded);
    let list = if rng.random_bool(0.3) { HEAD } else { own };
    let there: Vec<&str> = list.iter().copied().filter(|field| message.get(field).is_some()).collect();
    one_of(rng, &there)
}

/// The type, mistyped or in another style.
pub(super) fn misspelt_type(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let kind = message.kind();
    let mut letters: Vec<char> = kind.chars().collect();
    let at = rng.random_range(1..letters.len() - 1);
    match rng.random_range(0..5) {
        0 => drop(letters.remove(at)),
        1 if letters[at] != letters[at + 1] => letters.swap(at, at + 1),
        2 => letters = kind.to_uppercase().chars().collect(),
        3 => letters = kind.replace('_', "-").chars().collect(),
        _ => letters.insert(at, letters[at]),
    }
    let misspelt: String = letters.into_iter().collect();
    let what = format!("`{kind}` was spelt `{misspelt}`");
    Some((Said::Message(message.clone().with("type", misspelt)), what))
}

/// A field less.
pub(super) fn missing_field(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let field = required(message, rng)?;
    let what = format!("`{}` lacks `{field}`", message.kind());
    Some((Said::Message(message.clone().without(field)), what))
}

/// A value of another type, as a careless serialiser writes it.
pub(super) fn wrong_type(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let field = required(message, rng)?;
    let other = match message.get(field)? {
        Value::Number(number) => match rng.random_range(0..3) {
            0 => json!([number]),
            1 => Value::Null,
            _ => json!(number.to_string()),
        },
        Value::Bool(flag) => match rng.random_range(0..3) {
            0 => json!(u8::from(*flag)),
            1 => Value::Null,
            _ => json!(flag.to_string()),
        },
        Value::String(text) => match rng.random_range(0..4) {
            0 => json!([text]),
            1 => json!({ "text": text }),
            2 => json!(text.len()),
            _ => Value::Null,
        },
        Value::Array(_) => one_of(rng, &["null", "\"none\"", "0"])?.parse().ok()?,
        Value::Object(fields) => match rng.random_range(0..3) {
            0 => json!([fields]),
            1 => json!("see below"),
            _ => Value::Null,
        },
        Value::Null => json!(0),
    };
    let what = format!("`{}` holds a `{field}` of another type", message.kind());
    Some((Said::Message(message.clone().with(field, other)), what))
}

/// What is spread over an event has a `type` of its own.
pub(super) fn overwritten_type(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let types: &[&str] = match message.event()? {
        EventType::ToolExecuting => &["function", "object", "query", "tool_use"],
        EventType::ToolCompleted => &["cost_report", "tool_result", "table", "error"],
        EventType::AgentCompleted | EventType::ResponseDelta => &["markdown", "text", "final_answer"],
        _ => &["thought", "reasoning", "update", "message"],
    };
    let other = one_of(rng, types)?;
    let what = format!("the payload's `type` `{other}` overwrote `{}`", message.kind());
    let said = match rng.random_range(0..3) {
        // Both are written; which one counts is up to the reader.
        0 => Said::Text(message.to_json().replacen('{', &format!("{{\"type\":\"{other}\","), 1)),
        1 => {
            let mut spread = message.clone();
            let results = spread.fields().remove("results");
            if let Some(Value::Object(results)) = results {
                spread.fields().extend(results);
            }
            Said::Message(spread.with("type", other))
        }
        _ => Said::Message(message.clone().with("type", other)),
    };
    Some((said, what))
}

/// The event's own fields one level down, below its type.
pub(super) fn nested(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let below = one_of(rng, &["payload", "data", "event", "body"])?;
    let keeps_head = rng.random_bool(0.5);
    let (mut head, mut inner) = (Map::new(), Map::new());
    for (field, value) in message.clone().fields() {
        let stays = field == "type" || (keeps_head && HEAD.contains(&field.as_str()));
        if stays { &mut head } else { &mut inner }.insert(field.clone(), value.clone());
    }
    head.insert(below.to_owned(), Value::Object(inner));
    let what = format!("`{}` was nested below `{below}`", message.kind());
    Some((Said::Text(Value::Object(head).to_string()), what))
}

/// The whole event inside of a message of another type.
pub(super) fn wrapped(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let event = Value::Object(message.clone().fields().clone());
    let wrapped = match rng.random_range(0..4) {
        0 => json!({ "type": "system_message", "payload": event }),
        1 => json!({ "type": "system_message", "data": event, "timestamp": message.get("timestamp") }),
        2 => json!({
            "type": "system_message", "event": message.kind(), "run_id": message.get("run_id"), "payload": event,
        }),
        _ => json!({ "type": "system_message", "message": event.to_string() }),
    };
    let what = format!("`{}` was wrapped in a `system_message`", message.kind());
    Some((Said::Text(wrapped.to_string()), what))
}
