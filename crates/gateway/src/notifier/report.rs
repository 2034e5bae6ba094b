//! What a send did: what was stored, where it lies in the stream, what failed on the way, who was told.

use crate::delivery::ConnectionOutcome;
use goldenpath_protocol::{EventId, EventType};
use goldenpath_storage::{AppendError, StoreError};

/// Where an attempt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The store, by run and `seq`.
    Store,
    /// The event log, which gives the offset.
    Log,
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Where.
    pub stage: Stage,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// What was said.
    pub error: String,
}

/// What became of one event. It was stored, or there would be an error instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a send tells what happened to each connection"]
pub struct SendReport {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub event_type: EventType,
    /// Its number in the run.
    pub seq: u64,
    /// Its place in the stream; `None` when the log failed for good: then it is read from the store alone.
    pub offset: Option<u64>,
    /// The attempts that failed, oldest first.
    pub failed_attempts: Vec<FailedAttempt>,
    /// Where each connection of the user stood when it was woken for the event.
    pub connections: Vec<ConnectionOutcome>,
}

impl SendReport {
    /// Whether a connection is about to get it, or has it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.offset.is_some() && self.connections.iter().any(|one| one.outcome.is_live())
    }
}

/// An event that was not sent. It took no `seq`, and nobody sees it.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The speaker's context is not of this run.
    #[error("the speaker's context is not of this run")]
    ForeignContext,
    /// The run has its terminal already.
    #[error("the run has ended")]
    Ended,
    /// The protocol owes something here.
    #[error("`{0}` must not be empty")]
    Empty(&'static str),
    /// Larger than an event may be.
    #[error("the event has {bytes} bytes, more than {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It could not be written as JSON.
    #[error("failed to write the event: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// The store did not take it, in all attempts.
    #[error("{error} ({} attempts)", attempts.len())]
    Store {
        /// The last word of the store.
        error: StoreError,
        /// Every attempt.
        attempts: Vec<FailedAttempt>,
    },
}

impl NotifyError {
    /// Whether the run is another node's now: nothing of it can be sent here any more.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(self, Self::Store { error: StoreError::Taken, .. })
    }
}

/// A failure of the store or the log, for the common way of trying again.
pub(super) trait Retryable: std::fmt::Display {
    fn may_pass(&self) -> bool;
}

impl Retryable for StoreError {
    fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable)
    }
}

impl Retryable for AppendError {
    fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable)
    }
}
