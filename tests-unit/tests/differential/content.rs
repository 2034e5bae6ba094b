//! `content/*`, as plainly as their sentences.

use super::reading::{CONTROLS, EVENTS, Frame, Reading};
use super::said::Said;
use serde_json::Value;

fn is_binary(frame: &Frame) -> bool {
    frame.opcode.as_deref() == Some("binary")
}

/// Every text message is one whole JSON value, valid UTF-8.
pub(super) fn json(history: &Reading) -> Said {
    let mut said = Said::default();
    for frame in history.frames.iter().filter(|frame| !is_binary(frame)) {
        let values = frame.values.as_ref().map_or(0, |values| values.len());
        said.must(values == 1, || format!("line {} holds {values} values", frame.line));
    }
    said
}

/// Events are text frames, one event each.
pub(super) fn text_frames(history: &Reading) -> Said {
    let mut said = Said::default();
    for frame in &history.frames {
        let several =
            frame.values.as_ref().is_some_and(|values| values.len() > 1) || frame.value().is_array();
        said.must(!is_binary(frame) && !several, || format!("line {} is not one event", frame.line));
    }
    said
}

/// Known type, required fields, right types.
pub(super) fn schema(history: &Reading) -> Said {
    let mut said = Said::default();
    for frame in
        history.frames.iter().filter(|frame| frame.values.as_ref().is_some_and(|values| values.len() == 1))
    {
        let kind = frame.kind();
        if kind.starts_with("x.") {
            continue;
        }
        let known = EVENTS.contains(&kind) || CONTROLS.contains(&kind);
        let wrong = owed(frame)
            .into_iter()
            .find(|(name, right)| frame.value().get(*name).is_none_or(|value| !right(value)));
        said.must(known, || format!("line {}: the type {kind}", frame.line));
        said.judge(wrong.map(|(name, _)| format!("line {}: `{name}` of {kind}", frame.line)));
    }
    said
}

/// What a field's value must be.
type Right = fn(&Value) -> bool;

const TEXT: Right = Value::is_string;
const NAME: Right = |value| value.as_str().is_some_and(|text| !text.trim().is_empty());
const COUNT: Right = |value| value.as_u64().is_some_and(|number| number >= 1);
const WHOLE: Right = Value::is_u64;
const TIME: Right = |value| value.as_f64().is_some_and(|number| number >= 0.0);
const FLAG: Right = Value::is_boolean;
const OBJECT: Right = Value::is_object;
const TEXTS: Right = |value| value.as_array().is_some_and(|texts| texts.iter().all(Value::is_string));
const ERROR: Right =
    |value| ["code", "message"].iter().all(|name| value.get(*name).is_some_and(Value::is_string));
const FAILURE: Right = |value| ERROR(value) && value.get("retryable").is_some_and(Value::is_boolean);

/// The fields that a frame owes, by the protocol's tables. Timestamps have checks of their own.
fn owed(frame: &Frame) -> Vec<(&'static str, Right)> {
    let mut owed: Vec<(&str, Right)> = match frame.kind() {
        "agent_started" => vec![("status", |status| status == "starting"), ("task_description", TEXT)],
        "agent_thinking" => vec![("reasoning", TEXT), ("step_number", COUNT)],
        "tool_executing" => {
            vec![("tool_name", TEXT), ("execution_id", TEXT), ("parameters", OBJECT), ("tool_purpose", TEXT)]
        }
        "tool_completed" => {
            let outcome: (&str, Right) = if frame.get("success") == &Value::Bool(true) {
                ("results", OBJECT)
            } else {
                ("error", ERROR)
            };
            vec![
                ("tool_name", TEXT),
                ("execution_id", TEXT),
                ("success", FLAG),
                outcome,
                ("duration_ms", TIME),
            ]
        }
        "agent_completed" => {
            let limitations: Right = if frame.get("degraded") == &Value::Bool(true) {
                |value| TEXTS(value) && value.as_array().is_some_and(|texts| !texts.is_empty())
            } else {
                TEXTS
            };
            vec![
                ("status", |status| status == "completed"),
                ("final_response", TEXT),
                ("summary", TEXT),
                ("degraded", FLAG),
                ("limitations", limitations),
                ("duration_ms", TIME),
                ("event_count", COUNT),
            ]
        }
        "response_delta" => vec![("text", TEXT)],
        "agent_failed" => vec![("error", FAILURE), ("duration_ms", TIME), ("event_count", COUNT)],
        "agent_cancelled" => vec![("reason", TEXT), ("duration_ms", TIME), ("event_count", COUNT)],
        other => return control(other),
    };
    owed.extend([
        ("event_id", NAME),
        ("user_id", TEXT),
        ("thread_id", TEXT),
        ("run_id", TEXT),
        ("request_id", TEXT),
    ]);
    owed.extend([("agent_name", NAME), ("seq", COUNT), ("offset", COUNT)]);
    owed
}

fn control(kind: &str) -> Vec<(&'static str, Right)> {
    match kind {
        "connection_established" => vec![
            ("connection_id", NAME),
            ("user_id", TEXT),
            ("epoch", NAME),
            ("offset", WHOLE),
            ("recovered", |how| ["fresh", "full", "failed"].iter().any(|known| how == known)),
            ("replay", WHOLE),
            ("acked", WHOLE),
            ("server_time", NAME),
            ("token_expires_at", NAME),
            ("ping_interval_ms", COUNT),
            ("limits", OBJECT),
        ],
        "replay_end" | "heartbeat" => vec![("offset", WHOLE)],
        "request_accepted" => {
            vec![("request_id", NAME), ("run_id", NAME), ("thread_id", NAME), ("duplicate", FLAG)]
        }
        "error" => vec![("code", TEXT), ("message", TEXT), ("retryable", FLAG)],
        _ => Vec::new(),
    }
}

/// Fields that people read are not empty, not placeholders, not filler.
pub(super) fn meaningful(history: &Reading) -> Said {
    let mut said = Said::default();
    for frame in history.frames.iter().filter(|frame| frame.is_event()) {
        let read: &[&str] = match frame.kind() {
            "agent_started" => &["task_description"],
            "agent_thinking" => &["reasoning"],
            "tool_executing" => &["tool_purpose", "tool_name"],
            "tool_completed" => &["tool_name"],
            "agent_completed" => &["final_response", "summary"],
            "agent_cancelled" => &["reason"],
            _ => &[],
        };
        let hollow = read.iter().find(|name| frame.text(name).is_some_and(says_nothing));
        said.judge(hollow.map(|name| format!("line {}: `{name}` says nothing", frame.line)));
        let empty = frame.kind() == "response_delta" && frame.text("text") == Some("");
        let results = frame.kind() == "tool_completed"
            && frame.get("success") == &Value::Bool(true)
            && frame.get("results").as_object().is_some_and(serde_json::Map::is_empty);
        said.must(!empty && !results, || format!("line {} holds nothing", frame.line));
        let limits = frame.get("limitations").as_array().into_iter().flatten().filter_map(Value::as_str);
        said.must(!limits.into_iter().any(says_nothing), || format!("line {} limits nothing", frame.line));
    }
    said
}

fn says_nothing(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', '…']).to_lowercase();
    ["", "todo", "agent is thinking", "null"].contains(&text.as_str())
}
