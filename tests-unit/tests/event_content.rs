//! What each event tells the person who reads it: every field that people see, emptied or spoilt once.

use crate::histories::{healthy, must_fail, rewritten};
use serde_json::{Value, json};

/// Breaks one field of one event type in every way given; the named check must notice each.
fn spoil(event_type: &str, field: &str, owner: &str, values: &[Value]) {
    let healthy = healthy(11);
    for value in values {
        let broken = rewritten(&healthy, event_type, |event| event[field] = value.clone());
        must_fail(owner, &broken, &healthy);
    }
}

/// Takes one field away.
fn lose(event_type: &str, field: &str) {
    let healthy = healthy(12);
    let broken = rewritten(&healthy, event_type, |event| {
        event.as_object_mut().unwrap().remove(field);
    });
    must_fail("content/schema", &broken, &healthy);
}

#[test]
fn agent_started_event_content_validation() {
    spoil(
        "agent_started",
        "task_description",
        "content/meaningful",
        &[json!(""), json!("..."), json!("TODO")],
    );
    spoil("agent_started", "status", "content/schema", &[json!(7)]);
    lose("agent_started", "task_description");
}

#[test]
fn agent_thinking_event_content_validation() {
    spoil("agent_thinking", "reasoning", "content/meaningful", &[json!(""), json!("Agent is thinking…")]);
    spoil("agent_thinking", "step_number", "content/schema", &[json!("one"), json!(0)]);
    lose("agent_thinking", "reasoning");
}

#[test]
fn tool_executing_event_content_validation() {
    spoil("tool_executing", "tool_purpose", "content/meaningful", &[json!(""), json!("...")]);
    spoil("tool_executing", "parameters", "content/schema", &[json!("by service"), json!(null)]);
    lose("tool_executing", "execution_id");
}

#[test]
fn tool_completed_event_content_validation() {
    spoil("tool_completed", "results", "content/meaningful", &[json!({})]);
    spoil("tool_completed", "success", "content/schema", &[json!("yes")]);
    lose("tool_completed", "duration_ms");
}

#[test]
fn agent_completed_event_content_validation() {
    spoil("agent_completed", "final_response", "content/meaningful", &[json!(""), json!("TODO")]);
    spoil("agent_completed", "event_count", "content/schema", &[json!("six"), json!(-1)]);
    lose("agent_completed", "final_response");
}

#[test]
fn event_timestamp_accuracy_validation() {
    spoil(
        "agent_thinking",
        "timestamp",
        "timestamps/format",
        &[json!("2026-03-01 12:00:00"), json!(1_772_366_400)],
    );
    spoil("tool_executing", "timestamp", "timestamps/in-session", &[json!("1999-12-31T23:59:59.000Z")]);
    let healthy = healthy(13);
    let absent = rewritten(&healthy, "tool_completed", |event| {
        event.as_object_mut().unwrap().remove("timestamp");
    });
    must_fail("timestamps/present", &absent, &healthy);
}
