//! The event log: each user's stream, bounded, numbered, and awaited by its connections.

use async_trait::async_trait;
use goldenpath_protocol::{ClientId, Epoch, EventId, UserId};
use std::sync::Arc;
use tokio::sync::watch;

/// Where a user's stream stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The life of the log.
    pub epoch: Epoch,
    /// The offset of the last event; 0 for none.
    pub offset: u64,
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place in the stream.
    pub offset: u64,
    /// The whole envelope as it goes over every socket, `offset` included: the same bytes on every tab and replay.
    pub envelope: Arc<str>,
}

/// What an append did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Where it lies.
    pub head: Head,
    /// Whether this id was there before; then nothing was added.
    pub duplicate: bool,
}

/// What a read finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// The events after the offset, dense, oldest first; fewer than asked for at the head.
    Events(Vec<LogEntry>),
    /// The offset lies before what is kept, beyond the head, or in another epoch.
    Gone(Head),
}

/// An append failed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// May succeed when tried again.
    #[error("the event log did not answer in time")]
    Unavailable,
    /// Will not.
    #[error("the event log failed: {0}")]
    Failed(String),
}

/// The event log. One suite of contract tests runs over every implementation.
#[async_trait]
pub trait EventLog: Send + Sync + std::fmt::Debug {
    /// Appends an envelope (JSON object without `offset`) once per event id and wakes the readers.
    async fn append(
        &self,
        user: &UserId,
        event_id: &EventId,
        envelope: &str,
    ) -> Result<Appended, AppendError>;
    /// Where the user's stream stands; makes an empty one for a new user.
    async fn head(&self, user: &UserId) -> Result<Head, AppendError>;
    /// At most `max` events after `offset` of `epoch`.
    async fn read(
        &self,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError>;
    /// Wakes whenever the stream grows or its epoch changes; carries the new head.
    async fn subscribe(&self, user: &UserId) -> Result<watch::Receiver<Head>, AppendError>;
    /// Keeps the highest acknowledged offset of a client; gives what is kept now. Never trims.
    async fn acknowledge(&self, user: &UserId, client: &ClientId, offset: u64) -> Result<u64, AppendError>;
    /// The highest acknowledged offset of a client in this epoch, 0 for none.
    async fn acknowledged(&self, user: &UserId, client: &ClientId) -> Result<u64, AppendError>;
    /// Whether it can take work; for `/ready`.
    async fn ready(&self) -> Result<(), AppendError>;
}
