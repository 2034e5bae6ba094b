//! Run events: one flat object, one envelope, live and on replay.

use crate::{ErrorCode, EventId, ExecutionId, RequestId, RunId, ThreadId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The types of run events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// The run began.
    AgentStarted,
    /// The agent explains a step.
    AgentThinking,
    /// A tool was called.
    ToolExecuting,
    /// A tool answered, or failed.
    ToolCompleted,
    /// The run ended with an answer.
    AgentCompleted,
    /// A piece of the answer.
    ResponseDelta,
    /// The run ended with an error.
    AgentFailed,
    /// The run ended by a cancel.
    AgentCancelled,
}

impl EventType {
    /// Every type: the five critical ones first, in the order they are owed.
    pub const ALL: [Self; 8] = [
        Self::AgentStarted,
        Self::AgentThinking,
        Self::ToolExecuting,
        Self::ToolCompleted,
        Self::AgentCompleted,
        Self::ResponseDelta,
        Self::AgentFailed,
        Self::AgentCancelled,
    ];

    /// The five events that every useful run owes its user.
    pub const CRITICAL: [Self; 5] = [
        Self::AgentStarted,
        Self::AgentThinking,
        Self::ToolExecuting,
        Self::ToolCompleted,
        Self::AgentCompleted,
    ];

    /// The type as the wire writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgentStarted => "agent_started",
            Self::AgentThinking => "agent_thinking",
            Self::ToolExecuting => "tool_executing",
            Self::ToolCompleted => "tool_completed",
            Self::AgentCompleted => "agent_completed",
            Self::ResponseDelta => "response_delta",
            Self::AgentFailed => "agent_failed",
            Self::AgentCancelled => "agent_cancelled",
        }
    }

    /// The type that the wire writes as `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// Whether a run ends with this event.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::AgentCompleted | Self::AgentFailed | Self::AgentCancelled)
    }
}

/// How a run stands; the terminal event decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// No terminal yet.
    Running,
    /// Ended by `agent_completed`.
    Completed,
    /// Ended by `agent_failed`.
    Failed,
    /// Ended by `agent_cancelled`.
    Cancelled,
}

impl RunState {
    /// The state as the wire writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What every run event carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventHead {
    /// Unique for ever.
    pub event_id: EventId,
    /// When the event was made; never earlier than the run's previous one.
    pub timestamp: Timestamp,
    /// Whose event it is.
    pub user_id: UserId,
    /// The conversation.
    pub thread_id: ThreadId,
    /// The run.
    pub run_id: RunId,
    /// The client's id of the request that began the run.
    pub request_id: RequestId,
    /// 1, 2, 3… without a hole inside a run.
    pub seq: u64,
    /// 1, 2, 3… without a hole inside a user's stream of one epoch; absent in what the store keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Which agent speaks.
    pub agent_name: String,
    /// The supervisor, when a sub-agent speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_agent: Option<String>,
}

/// Why a tool or a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolError {
    /// A stable code.
    pub code: String,
    /// For people; no internals.
    pub message: String,
}

/// What each type adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the table of the protocol's document")]
pub enum EventBody {
    AgentStarted {
        status: String,
        task_description: String,
    },
    AgentThinking {
        reasoning: String,
        step_number: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        progress_percentage: Option<f64>,
    },
    ToolExecuting {
        tool_name: String,
        execution_id: ExecutionId,
        parameters: Map<String, Value>,
        tool_purpose: String,
    },
    ToolCompleted {
        tool_name: String,
        execution_id: ExecutionId,
        success: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        results: Option<Map<String, Value>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ToolError>,
        duration_ms: u64,
    },
    AgentCompleted {
        status: String,
        final_response: String,
        summary: String,
        degraded: bool,
        limitations: Vec<String>,
        duration_ms: u64,
        event_count: u64,
    },
    ResponseDelta {
        text: String,
    },
    AgentFailed {
        error: RunFailure,
        duration_ms: u64,
        event_count: u64,
    },
    AgentCancelled {
        reason: String,
        duration_ms: u64,
        event_count: u64,
    },
}

/// Why a run failed, and whether asking again may help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// A stable code.
    pub code: String,
    /// For people; no internals.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

impl RunFailure {
    /// The failure of a run that a stop of the server cut off.
    #[must_use]
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::Interrupted.as_str().to_owned(), message: message.into(), retryable: true }
    }
}

impl EventBody {
    /// The type of this body.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        match self {
            Self::AgentStarted { .. } => EventType::AgentStarted,
            Self::AgentThinking { .. } => EventType::AgentThinking,
            Self::ToolExecuting { .. } => EventType::ToolExecuting,
            Self::ToolCompleted { .. } => EventType::ToolCompleted,
            Self::AgentCompleted { .. } => EventType::AgentCompleted,
            Self::ResponseDelta { .. } => EventType::ResponseDelta,
            Self::AgentFailed { .. } => EventType::AgentFailed,
            Self::AgentCancelled { .. } => EventType::AgentCancelled,
        }
    }
}

/// A run event as it goes over the wire: one flat object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// What the type adds, with the `type` itself.
    #[serde(flatten)]
    pub body: EventBody,
    /// What every event carries.
    #[serde(flatten)]
    pub head: EventHead,
}
