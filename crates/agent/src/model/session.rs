//! One run under way: saying things, calling tools, stopping in good order.

use super::desk::Desk;
use crate::runtime::{Step, StepSink, Task, TaskFailure};
use crate::tools::ToolFailure;
use serde_json::{Map, Value};
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_util::sync::CancellationToken;

/// What a tool answered.
pub(super) type Looked = Result<Map<String, Value>, TaskFailure>;

/// The run was cancelled, or nobody listens any more.
#[derive(Debug)]
pub(super) struct Stopped;

/// One run.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) desk: &'a Desk,
    pub(super) task: &'a Task,
    pub(super) agent: String,
    steps: &'a StepSink,
    cancel: &'a CancellationToken,
    calls: AtomicU32,
}

/// A call as it is told.
#[derive(Debug)]
pub(super) struct Call<'c> {
    pub(super) specialist: Option<&'c str>,
    pub(super) tool: &'c str,
    pub(super) parameters: &'c Map<String, Value>,
    pub(super) purpose: String,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        desk: &'a Desk,
        task: &'a Task,
        agent: String,
        steps: &'a StepSink,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self { desk, task, agent, steps, cancel, calls: AtomicU32::new(0) }
    }

    /// Waits for `something`, unless the run is to stop; what it was is dropped then.
    pub(super) async fn unless_stopped<T>(&self, something: impl Future<Output = T>) -> Result<T, Stopped> {
        self.cancel.run_until_cancelled(something).await.ok_or(Stopped)
    }

    /// Tells a step, unless the run is to stop.
    pub(super) async fn tell(&self, step: Step) -> Result<(), Stopped> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stopped),
            sent = self.steps.send(step) => sent.map_err(|_| Stopped),
        }
    }

    /// Tells a thought of a specialist, or of the supervisor itself.
    pub(super) async fn think(
        &self,
        specialist: Option<&str>,
        reasoning: String,
        progress: Option<f64>,
    ) -> Result<(), Stopped> {
        let (agent, parent) = self.speaker(specialist);
        self.tell(Step::Thinking { agent, parent, reasoning, progress }).await
    }

    /// Calls a tool that the desk has.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Looked, Stopped> {
        let (desk, user) = (self.desk, self.task.user_id.as_str());
        let (tool, parameters) = (call.tool, call.parameters);
        self.told(call, desk.look(user, tool, parameters)).await
    }

    /// A call that cannot be made is told like one that failed.
    pub(super) async fn refuse(&self, call: Call<'_>, why: TaskFailure) -> Result<Looked, Stopped> {
        self.told(call, std::future::ready(Err(why))).await
    }

    /// One call: opened by a step and closed by a step, whatever happens between.
    async fn told(&self, call: Call<'_>, work: impl Future<Output = Looked>) -> Result<Looked, Stopped> {
        let (agent, parent) = self.speaker(call.specialist);
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let tool = call.tool.to_owned();
        self.tell(Step::ToolExecuting {
            agent: agent.clone(),
            parent: parent.clone(),
            call: number,
            tool: tool.clone(),
            parameters: call.parameters.clone(),
            purpose: call.purpose,
        })
        .await?;
        let outcome = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(failure(ToolFailure::Cancelled.code(), &ToolFailure::Cancelled, false)),
            outcome = work => outcome,
        };
        // Not `tell`: an opened tool is closed even when the run is to stop.
        let closed = Step::ToolCompleted { agent, parent, call: number, tool, outcome: outcome.clone() };
        self.steps.send(closed).await.map_err(|_| Stopped)?;
        if self.cancel.is_cancelled() { Err(Stopped) } else { Ok(outcome) }
    }

    fn speaker(&self, specialist: Option<&str>) -> (String, Option<String>) {
        match specialist {
            Some(name) => (name.to_owned(), Some(self.agent.clone())),
            None => (self.agent.clone(), None),
        }
    }
}

/// A failure with a code.
pub(super) fn failure(code: &str, message: &impl ToString, retryable: bool) -> TaskFailure {
    TaskFailure { code: code.to_owned(), message: message.to_string(), retryable }
}
