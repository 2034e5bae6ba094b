//! The seam between whoever runs an agent and the agent: a task in, steps out, one ending.

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What an agent is asked to do.
#[derive(Debug, Clone)]
pub struct Task {
    /// Whose data it may read.
    pub user_id: String,
    /// The prompt, whole.
    pub message: String,
    /// Which agent was asked for.
    pub agent: String,
    /// `free`, `early`, `mid` or `enterprise`: number of tools, depth.
    pub tier: String,
}

/// One thing an agent did, told as it happens.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub enum Step {
    /// Work began.
    Started { agent: String, task_description: String },
    /// A thought; `parent` is the supervisor when a specialist speaks.
    Thinking { agent: String, parent: Option<String>, reasoning: String, progress: Option<f64> },
    /// A tool is called; `call` numbers the calls of a task from 1.
    ToolExecuting {
        agent: String,
        parent: Option<String>,
        call: u32,
        tool: String,
        parameters: Map<String, Value>,
        purpose: String,
    },
    /// The tool of `call` answered (its results hold `subject`) or failed with (code, message).
    ToolCompleted {
        agent: String,
        parent: Option<String>,
        call: u32,
        tool: String,
        outcome: Result<Map<String, Value>, TaskFailure>,
    },
    /// A piece of the answer; the pieces add up to it.
    Delta { agent: String, text: String },
}

/// Why a tool or a task failed; the message is for users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// A stable code.
    pub code: String,
    /// For people; no internals.
    pub message: String,
    /// Whether the same may succeed later.
    pub retryable: bool,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Which agent speaks: the supervisor.
    pub agent: String,
    /// The answer, whole.
    pub final_response: String,
    /// One sentence.
    pub summary: String,
    /// Whether something it rests on is missing.
    pub degraded: bool,
    /// What is missing; non-empty when degraded.
    pub limitations: Vec<String>,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// With an answer.
    Completed(Answer),
    /// With an error.
    Failed(TaskFailure),
    /// Stopped because it was told to.
    Cancelled,
}

/// Where steps go; a full one makes the agent wait, a closed one means nobody listens.
pub type StepSink = mpsc::Sender<Step>;

/// An agent. It stops soon after `cancel`, and every tool it opened is closed by a step first.
#[async_trait]
pub trait Agent: Send + Sync + std::fmt::Debug {
    /// The names by which requests may ask for it; the first is the default.
    fn names(&self) -> Vec<String>;
    /// Does the task.
    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd;
}
