//! Well-formed pieces: contexts, bodies of every type, visitors; and what is read off events.

use goldenpath_gateway::{
    Completion, GatewayConfig, HeldToken, Metrics, Registration, UnifiedWebSocketManager,
    UserExecutionContext, Visitor,
};
use goldenpath_protocol::{
    ErrorCode, EventBody, EventType, ExecutionId, RunEvent, RunFailure, ServerFrame, Tier, Timestamp,
    ToolError, UserId,
};
use serde_json::{Map, Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

pub(crate) fn context(name: &str) -> UserExecutionContext {
    let id = |kind: &str| format!("{kind}-of-{name}");
    UserExecutionContext::parse(name, &id("thread"), &id("run"), &id("request"), Tier::Mid, "supervisor")
        .unwrap()
}

pub(crate) fn answer() -> Completion {
    Completion {
        final_response: "Move the archive to cold storage.".to_owned(),
        summary: "Cold storage saves 40 USD.".to_owned(),
        limitations: Vec::new(),
    }
}

/// One well-formed body of each type.
pub(crate) fn body(kind: EventType) -> EventBody {
    let call = ExecutionId::new("call-1").unwrap();
    match kind {
        EventType::AgentStarted => EventBody::AgentStarted {
            status: "starting".to_owned(),
            task_description: "looks at your costs".to_owned(),
        },
        EventType::AgentThinking => EventBody::AgentThinking {
            reasoning: "storage grew most".to_owned(),
            step_number: 1,
            progress_percentage: Some(40.0),
        },
        EventType::ToolExecuting => EventBody::ToolExecuting {
            tool_name: "costs".to_owned(),
            execution_id: call,
            parameters: object(json!({ "service": "storage" })),
            tool_purpose: "reads the bill".to_owned(),
        },
        EventType::ToolCompleted => EventBody::ToolCompleted {
            tool_name: "costs".to_owned(),
            execution_id: call,
            success: false,
            results: None,
            error: Some(ToolError { code: "no_data".to_owned(), message: "nothing found".to_owned() }),
            duration_ms: 7,
        },
        EventType::AgentCompleted => EventBody::AgentCompleted {
            status: "completed".to_owned(),
            final_response: answer().final_response,
            summary: answer().summary,
            degraded: false,
            limitations: Vec::new(),
            duration_ms: 9,
            event_count: 1,
        },
        EventType::ResponseDelta => EventBody::ResponseDelta { text: "Move ".to_owned() },
        EventType::AgentFailed => {
            let error = RunFailure::interrupted("the server stopped");
            EventBody::AgentFailed { error, duration_ms: 9, event_count: 1 }
        }
        EventType::AgentCancelled => EventBody::AgentCancelled {
            reason: "cancelled by the user".to_owned(),
            duration_ms: 9,
            event_count: 1,
        },
    }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("no object: {other}"),
    }
}

pub(crate) fn kinds(events: &[RunEvent]) -> Vec<EventType> {
    events.iter().map(|event| event.body.event_type()).collect()
}

pub(crate) fn offsets(events: &[RunEvent]) -> Vec<u64> {
    events.iter().map(|event| event.head.offset.unwrap()).collect()
}

pub(crate) fn manager(
    change: impl FnOnce(&mut GatewayConfig),
) -> (Arc<UnifiedWebSocketManager>, Arc<Metrics>) {
    let mut config = GatewayConfig::default();
    change(&mut config);
    let metrics = Arc::new(Metrics::new());
    (UnifiedWebSocketManager::new(Arc::new(config), Arc::clone(&metrics)), metrics)
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn visitor(name: &str) -> Visitor {
    Visitor { user: user(name), address: IpAddr::V4(Ipv4Addr::LOCALHOST), client_id: None }
}

pub(crate) fn later() -> Timestamp {
    Timestamp::from_unix_ms(1_900_000_000_000)
}

/// A token that ends [`later`].
pub(crate) fn token() -> HeldToken {
    HeldToken::new(later(), "t-1", None)
}

pub(crate) fn connect(manager: &Arc<UnifiedWebSocketManager>, name: &str) -> Registration {
    manager.admit(visitor(name)).unwrap().register(token())
}

pub(crate) fn frame() -> ServerFrame {
    ServerFrame::error(ErrorCode::Internal, "something to say", None)
}
