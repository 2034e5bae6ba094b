//! One run: an agent's steps in, the user's events out. How it ends is told in `ending`.

use super::Inner;
use super::deltas::Deltas;
use super::slots::Slot;
use crate::context::UserExecutionContext;
use crate::notifier::{NotifyError, RunStream};
use goldenpath_agent::{Step, Task, TaskEnd, TaskFailure};
use goldenpath_protocol::{ExecutionId, ToolError};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// Steps that may wait for us before the agent does.
const STEPS_AHEAD: usize = 32;
/// Characters of a prompt that describe a task whose agent does not.
const DESCRIPTION_CHARS: usize = 120;

/// Why a run is stopped before its agent is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Cancelled,
    Deadline,
    Interrupted,
}

/// Why there is nothing more to follow.
#[derive(Debug)]
pub(super) enum Over {
    /// The agent is done, or broke.
    Ended(Result<TaskEnd, JoinError>),
    /// The run was stopped.
    Stopped(Stop),
}

/// A tool that was called and has not answered.
#[derive(Debug)]
struct OpenTool {
    execution_id: ExecutionId,
    name: String,
    speaker: UserExecutionContext,
    since: Instant,
}

/// Runs an agent for one request, from its first event to its terminal.
pub(super) async fn drive(inner: Arc<Inner>, context: UserExecutionContext, message: String, slot: &Slot) {
    let stop = inner.stop.clone();
    // A hard stop drops everything where it stands, the agent included: the store says `running`, as after a crash.
    let _ = stop.run_until_cancelled(Run::new(inner, context, message).drive(slot)).await;
}

/// A run in progress.
pub(super) struct Run {
    pub(super) inner: Arc<Inner>,
    pub(super) stream: RunStream,
    pub(super) context: UserExecutionContext,
    message: String,
    started: bool,
    open: BTreeMap<u32, OpenTool>,
    /// Tools whose last call failed, with what was said.
    pub(super) failed: BTreeMap<String, String>,
    pub(super) deltas: Deltas,
}

impl Run {
    fn new(inner: Arc<Inner>, context: UserExecutionContext, message: String) -> Self {
        Self {
            stream: RunStream::new(context.clone()),
            deltas: Deltas::new(inner.config.delta_interval, inner.config.deltas_per_run),
            inner,
            context,
            message,
            started: false,
            open: BTreeMap::new(),
            failed: BTreeMap::new(),
        }
    }

    async fn drive(mut self, slot: &Slot) {
        let agent_stop = CancellationToken::new();
        let (steps, mut received) = mpsc::channel(STEPS_AHEAD);
        let agent = Arc::clone(&self.inner.agent);
        let (task, token) = (self.task(), agent_stop.clone());
        // A task of its own, so that a panic stays in it.
        let mut agent =
            AbortOnDropHandle::new(tokio::spawn(async move { agent.run(task, steps, token).await }));
        let followed = self.follow(&mut received, &mut agent, slot, &agent_stop).await;
        agent_stop.cancel();
        drop(agent);
        // Before its terminal, not after: who has read that may ask for the next run, and is told when to cancel this
        // one is too late.
        slot.ending();
        let told = match followed {
            Ok(over) => self.finish(over).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            self.give_up(error).await;
        }
        self.settle().await;
    }

    /// Tells every step until there are no more and the agent is done; gives why the run is over.
    async fn follow(
        &mut self,
        received: &mut mpsc::Receiver<Step>,
        agent: &mut AbortOnDropHandle<TaskEnd>,
        slot: &Slot,
        agent_stop: &CancellationToken,
    ) -> Result<Over, NotifyError> {
        let deadline = Instant::now() + self.inner.config.run_deadline;
        let interrupt = self.inner.interrupt.clone();
        let (mut stop, mut patience, mut all_told) = (None, deadline, false);
        loop {
            let due = self.deltas.due().filter(|_| stop.is_none());
            let asked = tokio::select! {
                biased;
                () = slot.cancelled().cancelled(), if stop.is_none() => Stop::Cancelled,
                () = interrupt.cancelled(), if stop.is_none() => Stop::Interrupted,
                () = tokio::time::sleep_until(patience) => match stop {
                    // It was told to stop and did not: its tools are closed for it.
                    Some(stop) => return Ok(Over::Stopped(stop)),
                    None => Stop::Deadline,
                },
                () = sleep_until(due), if due.is_some() => {
                    self.tell_delta().await?;
                    continue;
                }
                // Its steps are over, but the agent may still be at work: it stays under the deadline.
                end = &mut *agent, if all_told => return Ok(Over::Ended(end)),
                step = received.recv(), if !all_told => {
                    match (step, stop) {
                        (None, Some(stop)) => return Ok(Over::Stopped(stop)),
                        (None, None) => all_told = true,
                        (Some(step), None) => self.tell(step).await?,
                        // Only what closes a tool still matters to a run that is being stopped.
                        (Some(step @ Step::ToolCompleted { .. }), Some(_)) => self.tell(step).await?,
                        (Some(_), Some(_)) => {}
                    }
                    continue;
                }
            };
            if all_told {
                return Ok(Over::Stopped(asked));
            }
            stop = Some(asked);
            agent_stop.cancel();
            patience = Instant::now() + self.inner.config.cancel_grace;
        }
    }

    fn task(&self) -> Task {
        Task {
            user_id: self.context.user_id().as_str().to_owned(),
            message: self.message.clone(),
            agent: self.context.agent_name().to_owned(),
            tier: self.context.tier().as_str().to_owned(),
        }
    }

    async fn tell(&mut self, step: Step) -> Result<(), NotifyError> {
        if let Step::Started { agent, task_description } = step {
            return self.begin(Some((agent, task_description))).await;
        }
        self.begin(None).await?;
        match step {
            Step::Started { .. } => Ok(()),
            Step::Thinking { agent, parent, reasoning, progress } => {
                if reasoning.trim().is_empty() {
                    return Ok(());
                }
                let speaker = self.speaker(&agent, parent.as_deref());
                let notifier = &self.inner.notifier;
                let _ = notifier.agent_thinking(&mut self.stream, &speaker, &reasoning, progress).await?;
                Ok(())
            }
            Step::ToolExecuting { agent, parent, call, tool, parameters, purpose } => {
                let speaker = self.speaker(&agent, parent.as_deref());
                self.open_tool(speaker, call, tool, parameters, purpose).await
            }
            Step::ToolCompleted { call, outcome, .. } => self.close_tool(call, outcome).await,
            Step::Delta { text, .. } => {
                self.deltas.push(&text);
                Ok(())
            }
        }
    }

    /// The first event, told once; by the run itself when its agent begins with something else.
    pub(super) async fn begin(&mut self, told: Option<(String, String)>) -> Result<(), NotifyError> {
        if self.started {
            return Ok(());
        }
        let (agent, description) = told.unwrap_or_default();
        if !agent.trim().is_empty() && agent != self.context.agent_name() {
            let own = &self.context;
            if let Ok(named) = UserExecutionContext::new(
                own.user_id().clone(),
                own.thread_id().clone(),
                own.run_id().clone(),
                own.request_id().clone(),
                own.tier(),
                agent,
            ) {
                self.stream.set_speaker(named.clone());
                self.context = named;
            }
        }
        let description = [description.as_str(), self.message.as_str(), "a request without words"]
            .into_iter()
            .map(str::trim)
            .find(|text| !text.is_empty())
            .map(|text| text.chars().take(DESCRIPTION_CHARS.max(description.len())).collect::<String>())
            .unwrap_or_default();
        let _ = self.inner.notifier.agent_started(&mut self.stream, &description).await?;
        self.started = true;
        Ok(())
    }

    fn speaker(&self, agent: &str, parent: Option<&str>) -> UserExecutionContext {
        let speaker = match parent {
            None if agent == self.context.agent_name() => return self.context.clone(),
            _ => self.context.child(agent),
        };
        // A step that names nobody is the supervisor's.
        speaker.unwrap_or_else(|_| self.context.clone())
    }

    async fn open_tool(
        &mut self,
        speaker: UserExecutionContext,
        call: u32,
        tool: String,
        parameters: Map<String, Value>,
        purpose: String,
    ) -> Result<(), NotifyError> {
        if self.open.contains_key(&call) {
            tracing::warn!(call, %tool, "an agent opened a call twice");
            return Ok(());
        }
        let execution_id = ExecutionId::from(uuid::Uuid::now_v7());
        let purpose = if purpose.trim().is_empty() { format!("to ask {tool}") } else { purpose };
        let notifier = &self.inner.notifier;
        let _ = notifier
            .tool_executing(&mut self.stream, &speaker, &tool, &execution_id, parameters, &purpose)
            .await?;
        self.open.insert(call, OpenTool { execution_id, name: tool, speaker, since: Instant::now() });
        Ok(())
    }

    async fn close_tool(
        &mut self,
        call: u32,
        outcome: Result<Map<String, Value>, TaskFailure>,
    ) -> Result<(), NotifyError> {
        // An answer to no question would be an event without its pair.
        let Some(open) = self.open.get(&call) else { return Ok(()) };
        let outcome = match outcome {
            Ok(results) if results.is_empty() => Err(tool_error("empty_result", "the tool answered nothing")),
            Ok(results) => Ok(results),
            Err(failure) => Err(tool_error(&failure.code, &failure.message)),
        };
        let mut said = outcome.as_ref().err().map(|error| error.message.clone());
        let (notifier, took) = (&self.inner.notifier, open.since.elapsed());
        let (speaker, tool, id) = (&open.speaker, open.name.as_str(), &open.execution_id);
        let told = notifier.tool_completed(&mut self.stream, speaker, tool, id, outcome, took).await;
        if let Err(NotifyError::TooLarge { bytes, limit }) = told {
            let message = format!("the result is too large: {bytes} bytes, the limit is {limit}");
            said = Some(message.clone());
            let outcome = Err(tool_error("result_too_large", &message));
            let _ = notifier.tool_completed(&mut self.stream, speaker, tool, id, outcome, took).await?;
        } else {
            let _ = told?;
        }
        // Open until its end was told: one that could not be told is closed again with the run.
        if let Some(closed) = self.open.remove(&call) {
            match said {
                Some(said) => self.failed.insert(closed.name, said),
                None => self.failed.remove(&closed.name),
            };
        }
        Ok(())
    }

    pub(super) async fn close_tools(&mut self, code: &str, message: &str) -> Result<(), NotifyError> {
        while let Some(call) = self.open.keys().next().copied() {
            let failure = TaskFailure { code: code.to_owned(), message: message.to_owned(), retryable: true };
            self.close_tool(call, Err(failure)).await?;
        }
        Ok(())
    }

    pub(super) async fn tell_delta(&mut self) -> Result<(), NotifyError> {
        let text = self.deltas.take();
        let _ = self.inner.notifier.response_delta(&mut self.stream, text).await?;
        self.deltas.went();
        Ok(())
    }
}

fn tool_error(code: &str, message: &str) -> ToolError {
    let or =
        |text: &str, other: &str| if text.trim().is_empty() { other.to_owned() } else { text.to_owned() };
    ToolError { code: or(code, "failed"), message: or(message, "the tool failed") }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
