//! An event log with something wrong: what a fault does not change passes to the real one.

mod hoarding;
mod late_end;
mod waiting;

pub(super) use hoarding::{Hoards, Kept};
pub(super) use late_end::EndsLate;
pub(super) use waiting::WaitsAtHead;

use super::ledger::Ledger;
use async_trait::async_trait;
use goldenpath_protocol::{ClientId, Epoch, EventId, UserId};
use goldenpath_storage::{AppendError, Appended, EventLog, Head, Replay};
use std::sync::Arc;
use tokio::sync::watch;

/// A way in which a log can be wrong. Each method is given the real one, and passes to it unless a fault says otherwise.
#[async_trait]
pub trait LogFault: Send + Sync + std::fmt::Debug {
    /// An event is appended.
    async fn append(
        &self,
        log: &dyn EventLog,
        user: &UserId,
        id: &EventId,
        envelope: &str,
    ) -> Result<Appended, AppendError> {
        log.append(user, id, envelope).await
    }

    /// Events are read.
    async fn read(
        &self,
        log: &dyn EventLog,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError> {
        log.read(user, epoch, offset, max).await
    }

    /// A connection joins the user's stream.
    fn joined(&self, _user: &UserId) {}
}

/// Nothing wrong.
#[derive(Debug)]
pub(super) struct Sound;

#[async_trait]
impl LogFault for Sound {}

/// The real log behind a fault. Whose its streams are is noted.
#[derive(Debug)]
pub struct FaultyLog {
    inner: Arc<dyn EventLog>,
    fault: Arc<dyn LogFault>,
    ledger: Arc<Ledger>,
}

impl FaultyLog {
    /// `inner`, with this wrong.
    #[must_use]
    pub fn new(inner: Arc<dyn EventLog>, fault: Arc<dyn LogFault>) -> Self {
        Self::noting(inner, fault, Arc::default())
    }

    pub(super) fn noting(inner: Arc<dyn EventLog>, fault: Arc<dyn LogFault>, ledger: Arc<Ledger>) -> Self {
        Self { inner, fault, ledger }
    }
}

#[async_trait]
impl EventLog for FaultyLog {
    async fn append(&self, user: &UserId, id: &EventId, envelope: &str) -> Result<Appended, AppendError> {
        self.fault.append(&*self.inner, user, id, envelope).await
    }

    async fn head(&self, user: &UserId) -> Result<Head, AppendError> {
        let head = self.inner.head(user).await?;
        self.ledger.stream(&head.epoch, user);
        Ok(head)
    }

    async fn read(
        &self,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError> {
        self.fault.read(&*self.inner, user, epoch, offset, max).await
    }

    async fn subscribe(&self, user: &UserId) -> Result<watch::Receiver<Head>, AppendError> {
        let heads = self.inner.subscribe(user).await?;
        self.fault.joined(user);
        Ok(heads)
    }

    async fn acknowledge(&self, user: &UserId, client: &ClientId, offset: u64) -> Result<u64, AppendError> {
        self.inner.acknowledge(user, client, offset).await
    }

    async fn acknowledged(&self, user: &UserId, client: &ClientId) -> Result<u64, AppendError> {
        self.inner.acknowledged(user, client).await
    }

    async fn ready(&self) -> Result<(), AppendError> {
        self.inner.ready().await
    }
}
