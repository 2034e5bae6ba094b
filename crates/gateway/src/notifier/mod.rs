//! Makes events: numbers them, stamps them, stores them, logs them, and wakes whoever reads.
//!
//! The order is store → log → wake. What the store did not take does not exist; what the log did not take is read
//! from the store, and goes to the log before anything later of its run. A dead socket is not tried again:
//! resume is its second attempt.

mod events;
mod report;
mod run_stream;

pub use events::Completion;
pub use report::{FailedAttempt, NotifyError, SendReport, Stage};
pub use run_stream::RunStream;

use crate::clock::Clock;
use crate::config::GatewayConfig;
use crate::context::UserExecutionContext;
use crate::manager::{ControlOutcome, UnifiedWebSocketManager};
use crate::metrics::Metrics;
use goldenpath_protocol::{ConnectionId, EventBody, EventId, RunState, ServerFrame, UserId};
use goldenpath_storage::{AppendError, Appended, EventLog, Store, StoredEvent};
use report::Retryable;
use std::future::Future;
use std::sync::Arc;

/// What the log may add to an envelope: `,"offset":` and twenty digits. The limit is one of the wire.
const OFFSET_BYTES: usize = 30;

/// Turns what an agent does into events that reach its user.
#[derive(Debug, Clone)]
pub struct WebSocketNotifier {
    store: Arc<dyn Store>,
    log: Arc<dyn EventLog>,
    manager: Arc<UnifiedWebSocketManager>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    config: Arc<GatewayConfig>,
}

impl WebSocketNotifier {
    /// A notifier over a store, a log and the connections of one node.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        log: Arc<dyn EventLog>,
        manager: Arc<UnifiedWebSocketManager>,
        metrics: Arc<Metrics>,
        clock: Arc<dyn Clock>,
        config: Arc<GatewayConfig>,
    ) -> Self {
        Self { store, log, manager, metrics, clock, config }
    }

    /// Makes the next event of a run and sends it to every connection of its user.
    ///
    /// # Errors
    /// [`NotifyError`]; then nothing was sent and no `seq` was used.
    pub async fn send(
        &self,
        run: &mut RunStream,
        speaker: &UserExecutionContext,
        body: EventBody,
    ) -> Result<SendReport, NotifyError> {
        if !speaker.same_identity(run.context()) {
            return Err(NotifyError::ForeignContext);
        }
        if run.ended {
            return Err(NotifyError::Ended);
        }
        events::check(&body)?;
        let ends = ends(&body);
        let event = run.next(speaker, body, self.clock.now());
        let envelope = serde_json::to_string(&event)?;
        let bytes = envelope.len() + OFFSET_BYTES;
        if bytes > self.config.event_bytes {
            return Err(NotifyError::TooLarge { bytes, limit: self.config.event_bytes });
        }
        let mut failed_attempts = Vec::new();
        let stored = StoredEvent {
            run_id: event.head.run_id.clone(),
            seq: event.head.seq,
            event_id: event.head.event_id.clone(),
            envelope: envelope.clone(),
            ends,
        };
        let append = || self.store.append_event(stored.clone());
        if let Err(error) = self.attempt(Stage::Store, &mut failed_attempts, append).await {
            return Err(NotifyError::Store { error, attempts: failed_attempts });
        }
        run.commit(&event);
        self.metrics.event();
        run.unlogged.push_back((event.head.event_id.clone(), envelope));
        let offset = self.log_pending(run, &mut failed_attempts).await.ok().flatten();
        let user = run.context().user_id();
        let connections = match offset {
            Some(offset) => self.manager.wake(user, offset),
            None => Vec::new(),
        };
        Ok(SendReport {
            event_id: event.head.event_id.clone(),
            event_type: event.body.event_type(),
            seq: event.head.seq,
            offset,
            failed_attempts,
            connections,
        })
    }

    /// Gives the log what it still lacks of a run; tells how many events that were.
    ///
    /// # Errors
    /// [`AppendError`] when the log does not take all of them; the rest stays owed.
    pub async fn settle(&self, run: &mut RunStream) -> Result<usize, AppendError> {
        let owed = run.unlogged();
        if let Some(offset) = self.log_pending(run, &mut Vec::new()).await? {
            let _ = self.manager.wake(run.context().user_id(), offset);
        }
        Ok(owed)
    }

    /// Tells every connection of a user something that is no event of a run.
    pub fn tell_user(&self, user: &UserId, frame: &ServerFrame) -> Vec<(ConnectionId, ControlOutcome)> {
        self.manager.send_to_user(user, frame)
    }

    /// Appends what the log lacks, oldest first; gives the offset of the last.
    async fn log_pending(
        &self,
        run: &mut RunStream,
        failed: &mut Vec<FailedAttempt>,
    ) -> Result<Option<u64>, AppendError> {
        let user: UserId = run.context().user_id().clone();
        let mut last = None;
        while let Some((id, envelope)) = run.unlogged.front() {
            let appended = self.append(&user, id, envelope, failed).await?;
            last = Some(appended.head.offset);
            run.unlogged.pop_front();
        }
        Ok(last)
    }

    async fn append(
        &self,
        user: &UserId,
        id: &EventId,
        envelope: &str,
        failed: &mut Vec<FailedAttempt>,
    ) -> Result<Appended, AppendError> {
        self.attempt(Stage::Log, failed, || self.log.append(user, id, envelope)).await
    }

    /// Tries once, and three times more after growing waits; every failure is kept.
    async fn attempt<T, E, F>(
        &self,
        stage: Stage,
        failed: &mut Vec<FailedAttempt>,
        mut operation: impl FnMut() -> F,
    ) -> Result<T, E>
    where
        E: Retryable,
        F: Future<Output = Result<T, E>>,
    {
        let mut waits = self.config.retry_waits.iter();
        let mut attempt = 1;
        loop {
            let error = match operation().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            tracing::warn!(?stage, attempt, %error, "failed to keep an event");
            failed.push(FailedAttempt { stage, attempt, error: error.to_string() });
            match waits.next() {
                Some(wait) if error.may_pass() => tokio::time::sleep(*wait).await,
                _ => return Err(error),
            }
            attempt += 1;
        }
    }
}

/// How the run stands after a terminal.
fn ends(body: &EventBody) -> Option<(RunState, Option<String>)> {
    match body {
        EventBody::AgentCompleted { final_response, .. } => {
            Some((RunState::Completed, Some(final_response.clone())))
        }
        EventBody::AgentFailed { .. } => Some((RunState::Failed, None)),
        EventBody::AgentCancelled { .. } => Some((RunState::Cancelled, None)),
        _ => None,
    }
}
