//! The frames of a table: what a healthy backend would say, where a line does not say otherwise.

use super::notation::{Told, number, text};
use goldenpath_protocol::{EventType, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The client's wall clock at the beginning of every table, Unix milliseconds.
pub(super) const T0_MS: i64 = 1_767_225_600_000;

/// What the backend of a table remembers from line to line.
#[derive(Debug, Default)]
pub(super) struct Backend {
    /// The last `seq` of each run.
    seqs: BTreeMap<String, u64>,
    /// The `offset` of each event, by its run and `seq`.
    offsets: BTreeMap<(String, u64), u64>,
    /// The last `offset` of each user.
    heads: BTreeMap<String, u64>,
}

/// The wire's text of an instant, milliseconds since the beginning.
fn instant(ms: f64) -> Value {
    #[allow(clippy::cast_possible_truncation, reason = "times of a table are small")]
    let ms = T0_MS + ms.floor() as i64;
    Value::from(Timestamp::from_unix_ms(ms).to_string())
}

impl Backend {
    /// `connection_established`; `expires` is when the token ends, in milliseconds.
    pub(super) fn greeting(&mut self, ms: f64, user: Option<&str>, told: &[Told]) -> String {
        let user = user.unwrap_or("nobody");
        let head = self.heads.get(user).copied().unwrap_or_default();
        let expires = number(told, "expires").unwrap_or(3_600_000.0);
        let frame = json!({
            "type": "connection_established", "connection_id": "c", "user_id": user, "epoch": "e1",
            "offset": head, "recovered": "fresh", "replay": 0, "acked": 0, "server_time": instant(ms),
            "token_expires_at": instant(expires), "ping_interval_ms": 20_000, "limits": {},
        });
        with(frame, told)
    }

    /// A frame from the server: an event with all it needs, or a control frame with nothing but what is told.
    pub(super) fn frame(&mut self, kind: &str, ms: f64, user: Option<&str>, told: &[Told]) -> String {
        match EventType::from_name(kind) {
            Some(event) => self.event(event, ms, user, told),
            None => with(control(kind, ms), told),
        }
    }

    /// A frame from the client.
    pub(super) fn sent(&mut self, kind: &str, told: &[Told]) -> String {
        with(json!({ "type": kind }), told)
    }

    /// A run event; `run` names its run, `made` when it was made, or `late` how long ago, in milliseconds.
    fn event(&mut self, kind: EventType, ms: f64, user: Option<&str>, told: &[Told]) -> String {
        let user = user.unwrap_or("nobody");
        let run = text(told, "run").unwrap_or_else(|| "r1".to_owned());
        let number_of = run.trim_start_matches('r').to_owned();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
        let whole = |name: &str| number(told, name).map(|number| number as u64);
        let seq = whole("seq").unwrap_or_else(|| self.seqs.get(&run).copied().unwrap_or_default() + 1);
        self.seqs.insert(run.clone(), seq);
        let head = self.heads.entry(user.to_owned()).or_default();
        let offset = whole("offset");
        let offset = *self.offsets.entry((run.clone(), seq)).or_insert_with(|| offset.unwrap_or(*head + 1));
        *head = offset.max(*head);
        let mut frame = json!({
            "type": kind.as_str(), "event_id": format!("e{number_of}-{seq}"), "timestamp": instant(number(told, "made").unwrap_or(ms - number(told, "late").unwrap_or(0.0))),
            "user_id": user, "thread_id": format!("t{number_of}"), "run_id": run, "request_id": format!("q{number_of}"),
            "seq": seq, "offset": offset, "agent_name": "supervisor",
        });
        if let (Value::Object(frame), Value::Object(own)) = (&mut frame, own(kind, seq)) {
            frame.extend(own);
        }
        with(frame, told)
    }
}

/// What only events of this type carry.
fn own(kind: EventType, seq: u64) -> Value {
    match kind {
        EventType::AgentStarted => {
            json!({"status": "starting", "task_description": "Rank the clusters by cost."})
        }
        EventType::AgentThinking => {
            json!({"reasoning": "Compare what each cluster cost in the last three months.", "step_number": 1})
        }
        EventType::ToolExecuting => json!({
            "tool_name": "bill_reader", "execution_id": "x1", "parameters": {"cluster": "alpha"},
            "tool_purpose": "Read the bill of one cluster.",
        }),
        EventType::ToolCompleted => json!({
            "tool_name": "bill_reader", "execution_id": "x1", "success": true, "results": {"dollars": 4_101}, "duration_ms": 10,
        }),
        EventType::AgentCompleted => json!({
            "status": "completed", "final_response": "Stop cluster alpha at night: it idles for nine hours.",
            "summary": "One cluster idles.", "degraded": false, "limitations": [], "duration_ms": 10, "event_count": seq,
        }),
        EventType::ResponseDelta => json!({"text": "Stop cluster alpha at night: it idles for nine hours."}),
        EventType::AgentFailed => json!({
            "error": {"code": "model", "message": "The model gave no answer in time.", "retryable": true},
            "duration_ms": 10, "event_count": seq,
        }),
        EventType::AgentCancelled => {
            json!({"reason": "The user wanted no more of it.", "duration_ms": 10, "event_count": seq})
        }
    }
}

fn control(kind: &str, ms: f64) -> Value {
    match kind {
        "pong" => json!({"type": kind, "server_time": instant(ms)}),
        "request_accepted" => {
            json!({"type": kind, "request_id": "q1", "run_id": "r1", "thread_id": "t1", "duplicate": false})
        }
        "closing" => {
            json!({"type": kind, "code": 4001, "reason": "draining", "reconnect": true, "after_ms": 0})
        }
        "error" => {
            json!({"type": kind, "code": "rate_limited", "message": "Too many at once.", "retryable": true})
        }
        _ => json!({ "type": kind }),
    }
}

/// The frame with what was told of it; a number told of an instant is one.
fn with(mut frame: Value, told: &[Told]) -> String {
    let fields = frame.as_object_mut().unwrap();
    for (name, value) in told.iter().filter(|(name, _)| !matches!(name.as_str(), "made" | "late" | "expires"))
    {
        let name = if name == "run" { "run_id" } else { name };
        put(fields, name, value.clone());
    }
    frame.to_string()
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    let value = match (name, value) {
        ("server_time" | "token_expires_at", Some(Value::Number(ms))) => ms.as_f64().map(instant),
        (_, value) => value,
    };
    match value {
        Some(value) => drop(fields.insert(name.to_owned(), value)),
        None => drop(fields.remove(name)),
    }
}
