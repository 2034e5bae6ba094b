//! The shape of every event, held against JSON written by hand: the text is the contract, not the types.

use goldenpath_protocol::{EventBody, EventType, RunEvent};
use rstest::rstest;
use serde_json::{Value, json};

/// What every run event carries, as a client would see it.
fn head() -> Value {
    json!({
        "event_id": "0197a1de-7c00-7000-8000-000000000001",
        "timestamp": "2026-03-01T12:00:00.250Z",
        "user_id": "user-7f3a",
        "thread_id": "thread-1",
        "run_id": "run-1",
        "request_id": "req-1",
        "seq": 3,
        "offset": 12,
        "agent_name": "analyst"
    })
}

/// The golden JSON of one type: the head, the `type`, and what the type adds.
fn golden(event_type: EventType) -> Value {
    let adds = match event_type {
        EventType::AgentStarted => json!({"status": "starting", "task_description": "Look for savings"}),
        EventType::AgentThinking => {
            json!({"reasoning": "Compute is the largest share", "step_number": 1, "progress_percentage": 20.5})
        }
        EventType::ToolExecuting => json!({
            "tool_name": "cost_analyzer", "execution_id": "exec-1",
            "parameters": {"by": "service"}, "tool_purpose": "Find what costs most"
        }),
        EventType::ToolCompleted => json!({
            "tool_name": "cost_analyzer", "execution_id": "exec-1", "success": true,
            "results": {"subject": "service", "total": 50123.4}, "duration_ms": 12
        }),
        EventType::AgentCompleted => json!({
            "status": "completed", "final_response": "Three actions save $9,100 a month.",
            "summary": "Three actions", "degraded": false, "limitations": [], "duration_ms": 80, "event_count": 6
        }),
        EventType::ResponseDelta => json!({"text": "Three actions "}),
        EventType::AgentFailed => json!({
            "error": {"code": "deadline", "message": "The run took too long.", "retryable": true},
            "duration_ms": 45000, "event_count": 3
        }),
        EventType::AgentCancelled => {
            json!({"reason": "cancelled by the user", "duration_ms": 30, "event_count": 3})
        }
    };
    let mut event = head();
    let fields = event.as_object_mut().unwrap();
    fields.insert("type".into(), json!(event_type.as_str()));
    fields.extend(adds.as_object().unwrap().clone());
    event
}

/// Every required field of a type: without it the text is no event.
fn refuses_each_missing_field(event_type: EventType, optional: &[&str]) {
    let whole = golden(event_type);
    let event: RunEvent = serde_json::from_value(whole.clone()).unwrap();
    assert_eq!(event.body.event_type(), event_type);
    assert_eq!(serde_json::to_value(&event).unwrap(), whole, "fields are lost or added");
    for field in whole.as_object().unwrap().keys() {
        let mut cut = whole.clone();
        cut.as_object_mut().unwrap().remove(field);
        let parsed = serde_json::from_value::<RunEvent>(cut);
        let expected = optional.contains(&field.as_str()) || field == "offset";
        assert_eq!(parsed.is_ok(), expected, "{} without `{field}`", event_type.as_str());
    }
}

#[test]
fn agent_started_event_structure() {
    refuses_each_missing_field(EventType::AgentStarted, &[]);
}

#[test]
fn agent_thinking_event_structure() {
    refuses_each_missing_field(EventType::AgentThinking, &["progress_percentage"]);
}

#[test]
fn tool_executing_event_structure() {
    refuses_each_missing_field(EventType::ToolExecuting, &[]);
}

#[test]
fn tool_completed_event_structure() {
    // `results` or `error`, by `success`: either may be absent from the shape.
    refuses_each_missing_field(EventType::ToolCompleted, &["results"]);
    let mut failed = golden(EventType::ToolCompleted);
    let fields = failed.as_object_mut().unwrap();
    fields.remove("results");
    fields.insert("success".into(), json!(false));
    fields.insert("error".into(), json!({"code": "insufficient_data", "message": "No rows of that region."}));
    let event: RunEvent = serde_json::from_value(failed.clone()).unwrap();
    assert_eq!(serde_json::to_value(&event).unwrap(), failed);
    let EventBody::ToolCompleted { success, error: Some(error), .. } = event.body else {
        panic!("no failed tool: {event:?}")
    };
    assert!(!success);
    assert_eq!(error.code, "insufficient_data");
}

#[test]
fn agent_completed_event_structure() {
    refuses_each_missing_field(EventType::AgentCompleted, &[]);
}

#[rstest]
#[case(EventType::AgentStarted)]
#[case(EventType::AgentThinking)]
#[case(EventType::ToolExecuting)]
#[case(EventType::ToolCompleted)]
#[case(EventType::AgentCompleted)]
#[case(EventType::ResponseDelta)]
#[case(EventType::AgentFailed)]
#[case(EventType::AgentCancelled)]
fn event_serialization_roundtrip(#[case] event_type: EventType) {
    let text = golden(event_type).to_string();
    let event: RunEvent = serde_json::from_str(&text).unwrap();
    let again = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<RunEvent>(&again).unwrap(), event);
    assert_eq!(
        serde_json::from_str::<Value>(&again).unwrap(),
        serde_json::from_str::<Value>(&text).unwrap(),
        "one flat object, nothing renamed"
    );
    assert_eq!(EventType::from_name(event_type.as_str()), Some(event_type));
    assert_eq!(serde_json::to_value(event_type).unwrap(), json!(event_type.as_str()));
}

#[test]
fn unknown_event_type() {
    for name in ["agent_complete", "AGENT_STARTED", "tool_started", "x.progress", ""] {
        assert_eq!(EventType::from_name(name), None, "`{name}`");
        let mut event = golden(EventType::AgentStarted);
        event["type"] = json!(name);
        assert!(serde_json::from_value::<RunEvent>(event).is_err(), "`{name}` was taken for an event");
    }
}
