//! Runs that their task left `running`: closed in the store and told to their users. Which runs those are is told
//! in `lost`, and on start by the store.

use super::Inner;
use super::slots::Slot;
use crate::context::{ContextError, UserExecutionContext};
use crate::notifier::{NotifyError, RunStream};
use goldenpath_protocol::{
    ErrorCode, EventBody, EventHead, ExecutionId, RunEvent, RunFailure, RunState, Tier, ToolError,
};
use goldenpath_storage::{RunRecord, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// What became of the task of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fate {
    code: ErrorCode,
    message: &'static str,
}

/// It ended with its process.
const STOPPED: Fate = Fate {
    code: ErrorCode::Interrupted,
    message: "the server stopped while the run was open (hint: ask again)",
};

/// Nobody drives the run, though the process lives.
pub(super) const LOST: Fate =
    Fate { code: ErrorCode::Internal, message: "the server lost the run (hint: ask again)" };

#[derive(Debug, thiserror::Error)]
pub(super) enum RecoveryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("failed to read a stored event: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Context(#[from] ContextError),
    #[error(transparent)]
    Notify(#[from] NotifyError),
}

impl Inner {
    /// Ends the runs that this node holds and nobody drives, among them those of nodes that are gone; gives how many it ended.
    pub(super) async fn recover(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut closed = 0;
        for record in self.store.take_over().await? {
            // One that has a place is driven, or ended by whoever has it.
            let place = self.slots.adopt(&record.user_id, &record.request_id, &record.run_id);
            let Some(place) = place else { continue };
            let run = place.run_id().clone();
            match self.try_end(&place, STOPPED).await {
                Ok(ended) => closed += usize::from(ended),
                Err(error) => tracing::error!(%run, %error, "failed to close a run that was left open"),
            }
        }
        Ok(closed)
    }

    /// Ends a run that nobody drives, unless it has ended meanwhile; gives whether it did.
    pub(super) async fn try_end(&self, place: &Slot, fate: Fate) -> Result<bool, RecoveryError> {
        match self.store.run(place.user(), place.run_id()).await? {
            Some(record) if record.state == RunState::Running && record.held_here => {
                self.close_left_over(record, fate).await.map(|()| true)
            }
            _ => Ok(false),
        }
    }

    async fn close_left_over(&self, record: RunRecord, fate: Fate) -> Result<(), RecoveryError> {
        let envelopes = self.store.events(&record.user_id, &record.run_id).await?;
        let mut stored = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            stored.push((serde_json::from_str::<RunEvent>(&envelope)?, envelope));
        }
        let supervisor = stored
            .iter()
            .find(|(event, _)| event.head.parent_agent.is_none())
            .map_or(record.agent.as_str(), |(event, _)| event.head.agent_name.as_str());
        let context = UserExecutionContext::new(
            record.user_id,
            record.thread_id,
            record.run_id,
            record.request_id,
            Tier::default(),
            supervisor,
        )?;
        let open = open_tools(&stored);
        let untold = stored.is_empty();
        let mut run = RunStream::resume(context.clone(), stored, record.created_at, self.clock.now());
        if untold {
            let task: String = record.message.chars().take(120).collect();
            let task = if task.trim().is_empty() { "a request without words".to_owned() } else { task };
            let _ = self.notifier.agent_started(&mut run, &task).await?;
        }
        for (head, tool, execution_id) in open {
            let speaker = match head.parent_agent {
                Some(_) => context.child(head.agent_name)?,
                None => context.clone(),
            };
            let error = ToolError { code: fate.code.as_str().to_owned(), message: fate.message.to_owned() };
            let _ = self
                .notifier
                .tool_completed(&mut run, &speaker, &tool, &execution_id, Err(error), Duration::ZERO)
                .await?;
        }
        let failure = RunFailure {
            code: fate.code.as_str().to_owned(),
            message: fate.message.to_owned(),
            retryable: true,
        };
        let _ = self.notifier.agent_failed(&mut run, failure).await?;
        Ok(())
    }
}

/// The calls that were told and never answered, oldest first.
fn open_tools(stored: &[(RunEvent, String)]) -> Vec<(EventHead, String, ExecutionId)> {
    let mut open = Vec::new();
    for (event, _) in stored {
        match &event.body {
            EventBody::ToolExecuting { tool_name, execution_id, .. } => {
                open.push((event.head.clone(), tool_name.clone(), execution_id.clone()));
            }
            EventBody::ToolCompleted { execution_id, .. } => open.retain(|(_, _, id)| id != execution_id),
            _ => {}
        }
    }
    open
}
