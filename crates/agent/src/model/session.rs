//! One run under way: saying things, calling tools, stopping in good order.

use super::analyst::Analyst;
use super::findings::Outcome;
use super::plan::Lookup;
use super::question::Question;
use super::tier::Tier;
use crate::billing::BillingError;
use crate::runtime::{Step, StepSink, Task, TaskFailure};
use crate::tools::ToolFailure;
use serde_json::{Map, Value};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_util::sync::CancellationToken;

/// How often a tool is called again after a failure that may pass.
const RETRIES: u32 = 1;

/// The run was cancelled, or nobody listens any more.
#[derive(Debug)]
pub(super) struct Stopped;

/// One run.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) analyst: &'a Analyst,
    pub(super) task: &'a Task,
    pub(super) agent: String,
    pub(super) tier: Tier,
    pub(super) steps: &'a StepSink,
    pub(super) cancel: &'a CancellationToken,
    pub(super) calls: AtomicU32,
}

impl Session<'_> {
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
        progress: f64,
    ) -> Result<(), Stopped> {
        let (agent, parent) = self.speaker(specialist);
        self.tell(Step::Thinking { agent, parent, reasoning, progress: Some(progress) }).await
    }

    /// Calls the tool of `lookup`, again if a failure may pass.
    pub(super) async fn look(
        &self,
        specialist: Option<&str>,
        lookup: Lookup,
        question: &Question,
    ) -> Result<Outcome, Stopped> {
        let parameters = lookup.parameters(question, self.tier).to_json();
        let mut attempt = 0;
        loop {
            let outcome = self.call(specialist, lookup, &parameters, &question.topic()).await?;
            match outcome {
                Err(failure) if failure.retryable && attempt < RETRIES => attempt += 1,
                Err(failure) => return Ok(Outcome::Failed(failure)),
                Ok(found) => return Ok(judged(found)),
            }
        }
    }

    /// One call: opened by a step and closed by a step, whatever happens between.
    async fn call(
        &self,
        specialist: Option<&str>,
        lookup: Lookup,
        parameters: &Map<String, Value>,
        topic: &str,
    ) -> Result<Result<Map<String, Value>, TaskFailure>, Stopped> {
        let (agent, parent) = self.speaker(specialist);
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let tool = lookup.tool().to_owned();
        self.tell(Step::ToolExecuting {
            agent: agent.clone(),
            parent: parent.clone(),
            call,
            tool: tool.clone(),
            parameters: parameters.clone(),
            purpose: lookup.purpose(topic),
        })
        .await?;
        let outcome = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(failure(ToolFailure::Cancelled.code(), &ToolFailure::Cancelled, false)),
            outcome = self.work(lookup.tool(), parameters) => outcome,
        };
        // Not `tell`: an opened tool is closed even when the run is to stop.
        let closed = Step::ToolCompleted { agent, parent, call, tool, outcome: outcome.clone() };
        self.steps.send(closed).await.map_err(|_| Stopped)?;
        if self.cancel.is_cancelled() { Err(Stopped) } else { Ok(outcome) }
    }

    async fn work(
        &self,
        tool: &str,
        parameters: &Map<String, Value>,
    ) -> Result<Map<String, Value>, TaskFailure> {
        let Some(tool) = self.analyst.tools().get(tool) else {
            return Err(failure("unknown_tool", &format!("no tool is called `{tool}`"), false));
        };
        let turns = self.analyst.turns();
        let data = self.analyst.billing().billing(&self.task.user_id, turns).await;
        let data = data.map_err(|error| match error {
            BillingError::Unavailable(_) => failure("billing_unavailable", &error, true),
            BillingError::NoData => failure("no_billing_data", &error, false),
        })?;
        // The guard stops the tool when this future is dropped by a cancel.
        let stop = CancellationToken::new();
        let _guard = stop.clone().drop_guard();
        let parameters = parameters.clone();
        match turns.compute(move || tool.look(&data, &parameters, &stop)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(failure(error.code(), &error, false)),
            Err(_) => Err(failure("tool_crashed", &"the tool stopped unexpectedly", false)),
        }
    }

    fn speaker(&self, specialist: Option<&str>) -> (String, Option<String>) {
        match specialist {
            Some(name) => (name.to_owned(), Some(self.agent.clone())),
            None => (self.agent.clone(), None),
        }
    }
}

fn judged(found: Map<String, Value>) -> Outcome {
    match found.get("status").and_then(Value::as_str) {
        Some("insufficient_data") => {
            let reason = found.get("reason").and_then(Value::as_str).unwrap_or("no reason was given");
            Outcome::Insufficient(reason.to_owned())
        }
        _ => Outcome::Found(found),
    }
}

fn failure(code: &str, message: &impl ToString, retryable: bool) -> TaskFailure {
    TaskFailure { code: code.to_owned(), message: message.to_string(), retryable }
}
