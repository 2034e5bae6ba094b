//! One method per business event, and what each must hold before anyone sees it.

use super::{NotifyError, RunStream, SendReport, WebSocketNotifier};
use crate::config::millis;
use crate::context::UserExecutionContext;
use goldenpath_protocol::{EventBody, ExecutionId, RunFailure, ToolError};
use serde_json::{Map, Value};
use std::time::Duration;

/// An answer as `agent_completed` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The answer, whole.
    pub final_response: String,
    /// One sentence.
    pub summary: String,
    /// What is missing; empty unless the answer is degraded.
    pub limitations: Vec<String>,
}

impl WebSocketNotifier {
    /// Tells that the run began.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent.
    pub async fn agent_started(
        &self,
        run: &mut RunStream,
        task_description: &str,
    ) -> Result<SendReport, NotifyError> {
        let (status, task_description) = ("starting".to_owned(), task_description.to_owned());
        self.supervisor(run, EventBody::AgentStarted { status, task_description }).await
    }

    /// Tells a thought; its `step_number` counts the run's thoughts from 1. Specialists think side by side, each with a
    /// progress of its own; the run's does not go back.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent.
    pub async fn agent_thinking(
        &self,
        run: &mut RunStream,
        speaker: &UserExecutionContext,
        reasoning: &str,
        progress: Option<f64>,
    ) -> Result<SendReport, NotifyError> {
        let body = EventBody::AgentThinking {
            reasoning: reasoning.to_owned(),
            step_number: run.thoughts + 1,
            progress_percentage: progress
                .filter(|value| value.is_finite())
                .map(|value| value.clamp(0.0, 100.0).max(run.progress)),
        };
        self.send(run, speaker, body).await
    }

    /// Tells that a tool is called.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent.
    pub async fn tool_executing(
        &self,
        run: &mut RunStream,
        speaker: &UserExecutionContext,
        tool: &str,
        execution_id: &ExecutionId,
        parameters: Map<String, Value>,
        purpose: &str,
    ) -> Result<SendReport, NotifyError> {
        let body = EventBody::ToolExecuting {
            tool_name: tool.to_owned(),
            execution_id: execution_id.clone(),
            parameters,
            tool_purpose: purpose.to_owned(),
        };
        self.send(run, speaker, body).await
    }

    /// Tells what a tool answered, or that it failed.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent.
    pub async fn tool_completed(
        &self,
        run: &mut RunStream,
        speaker: &UserExecutionContext,
        tool: &str,
        execution_id: &ExecutionId,
        outcome: Result<Map<String, Value>, ToolError>,
        took: Duration,
    ) -> Result<SendReport, NotifyError> {
        let success = outcome.is_ok();
        let (results, error) = match outcome {
            Ok(results) => (Some(results), None),
            Err(error) => (None, Some(error)),
        };
        let body = EventBody::ToolCompleted {
            tool_name: tool.to_owned(),
            execution_id: execution_id.clone(),
            success,
            results,
            error,
            duration_ms: millis(took),
        };
        self.send(run, speaker, body).await
    }

    /// Ends the run with an answer; it is degraded when it has limitations.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent, and the run is still open.
    pub async fn agent_completed(
        &self,
        run: &mut RunStream,
        answer: Completion,
    ) -> Result<SendReport, NotifyError> {
        let body = EventBody::AgentCompleted {
            status: "completed".to_owned(),
            final_response: answer.final_response,
            summary: answer.summary,
            degraded: !answer.limitations.is_empty(),
            limitations: answer.limitations,
            duration_ms: millis(run.elapsed()),
            event_count: run.count() + 1,
        };
        self.supervisor(run, body).await
    }

    /// Tells a piece of the answer.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent.
    pub async fn response_delta(&self, run: &mut RunStream, text: String) -> Result<SendReport, NotifyError> {
        self.supervisor(run, EventBody::ResponseDelta { text }).await
    }

    /// Ends the run with an error.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent, and the run is still open.
    pub async fn agent_failed(
        &self,
        run: &mut RunStream,
        error: RunFailure,
    ) -> Result<SendReport, NotifyError> {
        let (duration_ms, event_count) = (millis(run.elapsed()), run.count() + 1);
        self.supervisor(run, EventBody::AgentFailed { error, duration_ms, event_count }).await
    }

    /// Ends the run because it was told to stop.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent, and the run is still open.
    pub async fn agent_cancelled(
        &self,
        run: &mut RunStream,
        reason: &str,
    ) -> Result<SendReport, NotifyError> {
        let (duration_ms, event_count) = (millis(run.elapsed()), run.count() + 1);
        self.supervisor(
            run,
            EventBody::AgentCancelled { reason: reason.to_owned(), duration_ms, event_count },
        )
        .await
    }

    async fn supervisor(&self, run: &mut RunStream, body: EventBody) -> Result<SendReport, NotifyError> {
        let speaker = run.context().clone();
        self.send(run, &speaker, body).await
    }
}

/// What the protocol says must not be empty.
pub(super) fn check(body: &EventBody) -> Result<(), NotifyError> {
    let owed = |name: &'static str, value: &str| {
        if value.trim().is_empty() { Err(NotifyError::Empty(name)) } else { Ok(()) }
    };
    match body {
        EventBody::AgentStarted { task_description, .. } => owed("task_description", task_description),
        EventBody::AgentThinking { reasoning, .. } => owed("reasoning", reasoning),
        EventBody::ToolExecuting { tool_name, tool_purpose, .. } => {
            owed("tool_name", tool_name)?;
            owed("tool_purpose", tool_purpose)
        }
        EventBody::ToolCompleted { tool_name, results, error, .. } => {
            owed("tool_name", tool_name)?;
            match (results, error) {
                (Some(results), _) if results.is_empty() => Err(NotifyError::Empty("results")),
                (None, None) => Err(NotifyError::Empty("error")),
                (_, Some(error)) => {
                    owed("error.code", &error.code)?;
                    owed("error.message", &error.message)
                }
                _ => Ok(()),
            }
        }
        EventBody::AgentCompleted { final_response, summary, .. } => {
            owed("final_response", final_response)?;
            owed("summary", summary)
        }
        // A piece may be blank: spaces between words are text too.
        EventBody::ResponseDelta { text } if text.is_empty() => Err(NotifyError::Empty("text")),
        EventBody::ResponseDelta { .. } => Ok(()),
        EventBody::AgentFailed { error, .. } => {
            owed("error.code", &error.code)?;
            owed("error.message", &error.message)
        }
        EventBody::AgentCancelled { reason, .. } => owed("reason", reason),
    }
}
