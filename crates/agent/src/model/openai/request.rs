//! What a provider is asked, as the API of chat completions writes it.

use super::calls::AskedCall;
use crate::tools::Tool;
use serde::Serialize;
use serde_json::{Value, json};

/// One request.
#[derive(Debug, Serialize)]
pub(super) struct Request<'r> {
    pub(super) model: &'r str,
    pub(super) stream: bool,
    pub(super) messages: &'r [Message],
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    pub(super) tools: &'r [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<&'static str>,
}

/// One message of a conversation.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(super) enum Message {
    System {
        content: String,
    },
    User {
        content: String,
    },
    Assistant {
        #[serde(skip_serializing_if = "String::is_empty")]
        content: String,
        tool_calls: Vec<Value>,
    },
    Tool {
        tool_call_id: String,
        content: String,
    },
}

/// A tool as it is offered.
pub(super) fn offer(tool: &dyn Tool) -> Value {
    json!({
        "type": "function",
        "function": { "name": tool.name(), "description": tool.description(), "parameters": tool.schema() },
    })
}

/// A call as the model is reminded of it. Arguments that were no JSON are left out: servers read them.
pub(super) fn reminder(call: &AskedCall) -> Value {
    let readable = serde_json::from_str::<Value>(&call.arguments).is_ok_and(|value| value.is_object());
    let arguments = if readable { call.arguments.as_str() } else { "{}" };
    json!({ "id": call.id, "type": "function", "function": { "name": call.tool, "arguments": arguments } })
}
