//! The shape of every event and control frame: what each field must hold.

use super::{of_event, of_frame};
use serde_json::{Value, json};

/// What every event of a type must hold beside its head.
fn body(kind: &str) -> Value {
    match kind {
        "agent_started" => json!({ "status": "starting", "task_description": "a" }),
        "agent_thinking" => json!({ "reasoning": "a", "step_number": 1 }),
        "tool_executing" => {
            json!({ "tool_name": "a", "execution_id": "b", "parameters": {}, "tool_purpose": "c" })
        }
        "tool_completed" => {
            json!({ "tool_name": "a", "execution_id": "b", "success": true, "duration_ms": 0, "results": {} })
        }
        "agent_completed" => json!({
            "status": "completed", "final_response": "a", "summary": "b", "degraded": false, "limitations": [],
            "duration_ms": 1.5, "event_count": 1,
        }),
        "response_delta" => json!({ "text": "" }),
        "agent_failed" => json!({
            "error": { "code": "a", "message": "b", "retryable": false }, "duration_ms": 1, "event_count": 1,
        }),
        _ => json!({ "reason": "a", "duration_ms": 1, "event_count": 1 }),
    }
}

const EVENTS: [&str; 8] = [
    "agent_started",
    "agent_thinking",
    "tool_executing",
    "tool_completed",
    "agent_completed",
    "response_delta",
    "agent_failed",
    "agent_cancelled",
];

fn with(kind: &str, changes: Value) -> String {
    let mut fields = body(kind);
    for (name, value) in changes.as_object().unwrap() {
        fields[name] = value.clone();
    }
    of_event("content/schema", "What?", kind, fields)
}

/// The event without one field.
fn without(kind: &str, field: &str) -> String {
    let mut story = super::asked("What?");
    let text = story.event_text("run", kind, &body(kind));
    let mut event: Value = serde_json::from_str(&text).unwrap();
    event.as_object_mut().unwrap().remove(field).unwrap();
    story.frame("ada", event.to_string());
    super::observed(&story, "content/schema")
}

#[test]
fn every_field_is_owed() {
    for kind in EVENTS {
        assert_eq!(with(kind, json!({})), "", "{kind}");
        for head in
            ["event_id", "user_id", "thread_id", "run_id", "request_id", "agent_name", "seq", "offset"]
        {
            assert_eq!(without(kind, head), format!("`{head}` is missing"), "{kind}");
        }
        for field in body(kind).as_object().unwrap().keys() {
            assert_eq!(without(kind, field), format!("`{field}` is missing"), "{kind}");
        }
    }
}

#[test]
fn every_field_holds_what_it_is_said_to_hold() {
    let cases = [
        ("agent_thinking", json!({ "event_id": "" }), "`event_id` is a string: `\"\"`"),
        ("agent_thinking", json!({ "event_id": " " }), "`event_id` is a string: `\" \"`"),
        ("agent_thinking", json!({ "agent_name": "" }), "`agent_name` is a string: `\"\"`"),
        ("agent_thinking", json!({ "user_id": "" }), ""),
        ("agent_thinking", json!({ "user_id": 7 }), "`user_id` is a number: `7`"),
        ("agent_thinking", json!({ "seq": 0 }), "`seq` is a number: `0`"),
        ("agent_thinking", json!({ "seq": 1 }), ""),
        ("agent_thinking", json!({ "offset": 0 }), "`offset` is a number: `0`"),
        ("agent_thinking", json!({ "offset": -1 }), "`offset` is a number: `-1`"),
        ("agent_thinking", json!({ "step_number": 0 }), "`step_number` is a number: `0`"),
        ("agent_thinking", json!({ "step_number": 1.5 }), "`step_number` is a number: `1.5`"),
        ("agent_thinking", json!({ "step_number": "1" }), "`step_number` is a string: `\"1\"`"),
        ("agent_thinking", json!({ "reasoning": null }), "`reasoning` is null: `null`"),
        ("agent_thinking", json!({ "reasoning": ["a"] }), "`reasoning` is an array: `[\"a\"]`"),
        ("agent_started", json!({ "status": "started" }), "`status` is a string: `\"started\"`"),
        ("agent_started", json!({ "status": true }), "`status` is a boolean: `true`"),
        ("agent_completed", json!({ "status": "starting" }), "`status` is a string: `\"starting\"`"),
        ("tool_executing", json!({ "parameters": [] }), "`parameters` is an array: `[]`"),
        ("tool_completed", json!({ "success": "true" }), "`success` is a string: `\"true\"`"),
        ("tool_completed", json!({ "duration_ms": -0.5 }), "`duration_ms` is a number: `-0.5`"),
        ("tool_completed", json!({ "duration_ms": "1" }), "`duration_ms` is a string: `\"1\"`"),
        ("agent_completed", json!({ "limitations": {} }), "`limitations` is an object: `{}`"),
        ("agent_completed", json!({ "limitations": [7] }), "`limitations` is an array: `[7]`"),
        ("agent_completed", json!({ "limitations": ["a"] }), ""),
        ("agent_completed", json!({ "event_count": 0 }), "`event_count` is a number: `0`"),
    ];
    for (kind, changes, told) in cases {
        assert_eq!(with(kind, changes.clone()), told, "{kind} {changes}");
    }
}

#[test]
fn findings_say_what_was_promised() {
    let expected = |kind: &str, changes: Value| {
        let mut story = super::asked("What?");
        let mut fields = body(kind);
        for (name, value) in changes.as_object().unwrap() {
            fields[name] = value.clone();
        }
        story.event("run", kind, fields);
        story.says("content/schema").findings.remove(0).expected
    };
    let cases = [
        ("agent_thinking", json!({ "reasoning": 7 }), "`reasoning` is a string"),
        ("agent_thinking", json!({ "event_id": 7 }), "`event_id` is a string that is not empty"),
        ("agent_started", json!({ "status": 7 }), "`status` is `starting`"),
        ("agent_thinking", json!({ "step_number": 0 }), "`step_number` is a whole number, at least 1"),
        ("tool_completed", json!({ "duration_ms": -1 }), "`duration_ms` is a number, at least 0"),
        ("tool_completed", json!({ "success": 1 }), "`success` is a boolean"),
        ("tool_executing", json!({ "parameters": 1 }), "`parameters` is an object"),
        ("agent_completed", json!({ "limitations": 1 }), "`limitations` is an array of strings"),
    ];
    for (kind, changes, told) in cases {
        assert_eq!(expected(kind, changes.clone()), told, "{kind} {changes}");
    }
}

#[test]
fn some_fields_are_owed_because_of_others() {
    let error = json!({ "code": "a", "message": "b" });
    let cases = [
        ("agent_thinking", json!({ "progress_percentage": 0 }), ""),
        ("agent_thinking", json!({ "progress_percentage": 100 }), ""),
        ("agent_thinking", json!({ "progress_percentage": null }), ""),
        ("agent_thinking", json!({ "progress_percentage": 100.5 }), "`progress_percentage` is `100.5`"),
        ("agent_thinking", json!({ "progress_percentage": -0.5 }), "`progress_percentage` is `-0.5`"),
        ("agent_thinking", json!({ "progress_percentage": "5" }), "`progress_percentage` is `\"5\"`"),
        ("tool_completed", json!({ "results": [] }), "`results` is an array: `[]`"),
        ("tool_completed", json!({ "success": false }), "`error` is missing"),
        ("tool_completed", json!({ "success": false, "error": "a" }), "`error` is a string: `\"a\"`"),
        ("tool_completed", json!({ "success": false, "error": {} }), "`code` is missing"),
        ("tool_completed", json!({ "success": false, "error": { "code": "a" } }), "`message` is missing"),
        ("tool_completed", json!({ "success": false, "error": error }), ""),
        ("tool_completed", json!({ "success": true, "error": {} }), ""),
        ("agent_failed", json!({ "error": { "code": "a" } }), "`message` is missing"),
        ("agent_failed", json!({ "error": error }), "`retryable` is missing"),
        ("agent_completed", json!({ "degraded": true }), "`limitations` is empty"),
        ("agent_completed", json!({ "degraded": true, "limitations": ["a"] }), ""),
        ("agent_completed", json!({ "degraded": false, "limitations": [] }), ""),
    ];
    for (kind, changes, told) in cases {
        assert_eq!(with(kind, changes.clone()), told, "{kind} {changes}");
    }
    let flat = with("agent_thinking", json!({ "seq": null, "data": { "seq": 1 } }));
    assert_eq!(flat, "`seq` is null: `null`, but `data` holds an object: the shape is not flat");
    let flat = with("agent_thinking", json!({ "seq": null, "data": [], "message": {} }));
    assert_eq!(flat, "`seq` is null: `null`, but `message` holds an object: the shape is not flat");
}

#[test]
fn a_field_comes_once() {
    let twice = |kind: &str, raw: String| {
        let mut story = super::asked("What?");
        story.frame("ada", raw);
        (super::observed(&story, "content/schema"), kind.to_owned())
    };
    let mut story = super::asked("What?");
    let thought = story.event_text("run", "agent_thinking", &body("agent_thinking"));
    let again = thought.replacen('{', "{\"seq\":1,", 1);
    assert_eq!(twice("event", again).0, "`seq` comes twice in one object");
    assert_eq!(
        twice("control", "{\"type\":\"pong\",\"n\":1,\"n\":1,\"server_time\":\"a\"}".to_owned()).0,
        "`n` comes twice in one object"
    );
}

#[test]
fn control_frames_have_their_shapes() {
    let greeting = json!({
        "connection_id": "a", "user_id": "ada", "epoch": "b", "offset": 0, "recovered": "fresh", "replay": 0, "acked": 0,
        "server_time": "c", "token_expires_at": "d", "ping_interval_ms": 1, "limits": {},
    });
    let controls = [
        ("connection_established", greeting),
        ("replay_end", json!({ "offset": 0 })),
        ("heartbeat", json!({ "offset": 0 })),
        (
            "request_accepted",
            json!({ "request_id": "a", "run_id": "b", "thread_id": "c", "duplicate": false }),
        ),
        ("error", json!({ "code": "a", "message": "b", "retryable": false })),
        ("pong", json!({ "n": 0, "server_time": "a" })),
        ("token_refreshed", json!({ "token_expires_at": "a" })),
        ("closing", json!({ "code": 1, "reason": "a", "reconnect": true, "after_ms": 0 })),
    ];
    // The greeting of the story itself says less than it should: what is told of the frame behind it is the second finding.
    let told = |kind: &str, fields: &Value| {
        let mut story = super::asked("What?");
        let before = story.says("content/schema").findings.len();
        let mut frame = fields.clone();
        frame["type"] = json!(kind);
        story.frame("ada", frame.to_string());
        let found = story.says("content/schema").findings.into_iter().nth(before);
        found.map(|finding| finding.observed).unwrap_or_default()
    };
    for (kind, fields) in controls {
        assert_eq!(told(kind, &fields), "", "{kind}");
        for (name, value) in fields.as_object().unwrap() {
            let mut less = fields.clone();
            less.as_object_mut().unwrap().remove(name);
            assert_eq!(told(kind, &less), format!("`{name}` is missing"), "{kind}");
            let mut other = fields.clone();
            other[name] = json!([value]);
            assert_eq!(told(kind, &other), format!("`{name}` is an array: `[{value}]`"), "{kind}");
        }
    }
    let recovered = |word: &str| {
        let frame = json!({
            "connection_id": "a", "user_id": "ada", "epoch": "b", "offset": 0, "recovered": word, "replay": 0, "acked": 0,
            "server_time": "c", "token_expires_at": "d", "ping_interval_ms": 1, "limits": {},
        });
        told("connection_established", &frame)
    };
    assert_eq!([recovered("fresh"), recovered("full"), recovered("failed")], ["", "", ""]);
    assert_eq!(recovered("some"), "`recovered` is a string: `\"some\"`");
    assert_eq!(of_frame("content/schema", "{\"type\":\"x.a\"}"), "");
}
