//! How a run ends: every opened tool closed, exactly one terminal, and nothing lost on the way to the log.

use super::Inner;
use super::run::{Over, Run, Stop};
use crate::notifier::{Completion, NotifyError};
use goldenpath_agent::{Answer, TaskEnd};
use goldenpath_protocol::{ErrorCode, RunFailure, ServerFrame};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

impl Run {
    /// The terminal, after everything that was opened is closed.
    pub(super) async fn finish(&mut self, over: Over) -> Result<(), NotifyError> {
        self.begin(None).await?;
        match over {
            Over::Stopped(Stop::Cancelled) => self.cancelled("cancelled by the user").await,
            Over::Stopped(Stop::Deadline) => {
                let seconds = self.inner.config.run_deadline.as_secs_f64();
                let message = format!("the run took longer than {seconds} s");
                self.failed("deadline_exceeded", &message, true).await
            }
            Over::Stopped(Stop::Interrupted) => {
                self.failed(ErrorCode::Interrupted.as_str(), "the server stopped (hint: ask again)", true)
                    .await
            }
            Over::Ended(Ok(TaskEnd::Completed(answer))) => self.completed(answer).await,
            Over::Ended(Ok(TaskEnd::Failed(failure))) => {
                self.failed(&failure.code, &failure.message, failure.retryable).await
            }
            Over::Ended(Ok(TaskEnd::Cancelled)) => self.cancelled("the agent stopped").await,
            Over::Ended(Err(error)) => {
                tracing::error!(run = %self.context.run_id(), %error, "an agent panicked");
                self.failed(ErrorCode::Internal.as_str(), "the agent failed", true).await
            }
        }
    }

    async fn completed(&mut self, answer: Answer) -> Result<(), NotifyError> {
        self.close_tools("abandoned", "the agent ended without waiting for the tool").await?;
        if answer.final_response.trim().is_empty() {
            return self.failed("empty_answer", "the agent gave no answer", true).await;
        }
        if !self.stream_rest(&answer.final_response).await? {
            return self
                .failed(ErrorCode::Internal.as_str(), "the answer changed while it was told", true)
                .await;
        }
        let limitations = self.limitations(&answer);
        let summary = if answer.summary.trim().is_empty() {
            answer.final_response.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
        } else {
            answer.summary
        };
        let completion = Completion { final_response: answer.final_response, summary, limitations };
        match self.inner.notifier.agent_completed(&mut self.stream, completion).await {
            Err(NotifyError::TooLarge { .. }) => {
                self.failed("result_too_large", "the answer is too large", false).await
            }
            told => told.map(drop),
        }
    }

    /// What the answer lacks. A tool that failed for good is named, whether its agent noticed or not.
    fn limitations(&self, answer: &Answer) -> Vec<String> {
        let mut limitations = answer.limitations.clone();
        limitations.retain(|text| !text.trim().is_empty());
        if limitations.is_empty() {
            limitations.extend(self.failed.iter().map(|(tool, said)| format!("{tool} failed: {said}")));
        }
        if answer.degraded && limitations.is_empty() {
            limitations.push("the agent did not say what is missing".to_owned());
        }
        limitations
    }

    /// Sends the pieces that are still missing; `false` when what was sent is not how the answer begins.
    async fn stream_rest(&mut self, answer: &str) -> Result<bool, NotifyError> {
        let Ok(rest) = self.deltas.rest(answer) else { return Ok(false) };
        if let Some(rest) = rest {
            tokio::time::sleep_until(self.deltas.free_at()).await;
            self.deltas.push(rest);
            self.tell_delta().await?;
        }
        Ok(true)
    }

    async fn cancelled(&mut self, reason: &str) -> Result<(), NotifyError> {
        self.close_tools("cancelled", "the run was cancelled").await?;
        self.inner.notifier.agent_cancelled(&mut self.stream, reason).await.map(drop)
    }

    async fn failed(&mut self, code: &str, message: &str, retryable: bool) -> Result<(), NotifyError> {
        let code = if code.trim().is_empty() { ErrorCode::Internal.as_str() } else { code };
        let message = if message.trim().is_empty() { "the run failed" } else { message };
        self.close_tools(code, message).await?;
        let failure = RunFailure { code: code.to_owned(), message: message.to_owned(), retryable };
        self.inner.notifier.agent_failed(&mut self.stream, failure).await.map(drop)
    }

    /// An event could not be made: the run fails. While not even that can be kept, its user is told by a control
    /// frame, and it is tried for as long as a run may last: a run that never ends would be waited for.
    pub(super) async fn give_up(&mut self, error: NotifyError) {
        if error.is_taken() {
            // Whoever took the run over ends it, and tells its user.
            tracing::warn!(run = %self.context.run_id(), "another node has taken the run over");
            return;
        }
        tracing::error!(run = %self.context.run_id(), %error, "a run lost an event");
        let patience = self.patience();
        let mut told = false;
        while !self.stream.is_ended() {
            match self.fail_whole().await {
                Ok(()) => return,
                Err(error) if error.is_taken() => return,
                Err(_) => {}
            }
            if !std::mem::replace(&mut told, true) {
                self.tell_trouble("failed to keep the run's events");
            }
            if !patience.another().await {
                return;
            }
        }
    }

    async fn fail_whole(&mut self) -> Result<(), NotifyError> {
        self.begin(None).await?;
        self.failed(ErrorCode::Internal.as_str(), "failed to tell an event", true).await
    }

    /// Events that the log did not take are offered again for as long as a run may last; resume then finds them.
    pub(super) async fn settle(&mut self) {
        let patience = self.patience();
        while self.stream.unlogged() > 0 && self.inner.notifier.settle(&mut self.stream).await.is_err() {
            if !patience.another().await {
                let place = format!("the run's last events are in GET /runs/{} alone", self.context.run_id());
                return self.tell_trouble(&place);
            }
        }
    }

    fn tell_trouble(&self, message: &str) {
        let request_id = Some(self.context.request_id().clone());
        let frame = ServerFrame::error(ErrorCode::Internal, message, request_id);
        let _ = self.inner.notifier.tell_user(self.context.user_id(), &frame);
    }

    fn patience(&self) -> Patience {
        Patience::of(&self.inner)
    }
}

/// How long something is tried again: as long as a run may last.
pub(super) struct Patience {
    until: Instant,
    between: Duration,
    interrupt: CancellationToken,
}

impl Patience {
    pub(super) fn of(inner: &Inner) -> Self {
        let config = &inner.config;
        Self {
            until: Instant::now() + config.run_deadline,
            between: config.cancel_grace,
            interrupt: inner.interrupt.clone(),
        }
    }

    /// Waits before the next attempt; `false` when there must be none.
    pub(super) async fn another(&self) -> bool {
        Instant::now() < self.until
            && self.interrupt.run_until_cancelled(tokio::time::sleep(self.between)).await.is_some()
    }
}
