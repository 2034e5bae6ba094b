//! A store with something wrong: what a fault does not change passes to the real one.

mod forgetful;
mod friendly;
mod hanging;
mod other_story;
mod outage;
mod ownerless;
mod refusing;

pub(super) use forgetful::ForgetsRequests;
pub(super) use friendly::FriendlyAck;
pub(super) use hanging::Hangs;
pub(super) use other_story::TellsOtherwise;
pub(super) use outage::NoRecovery;
pub use outage::Outage;
pub(super) use ownerless::OwnerUnasked;
pub(super) use refusing::RefusesDoubtful;

use super::ledger::Ledger;
use async_trait::async_trait;
use goldenpath_protocol::{RunId, ThreadId, UserId};
use goldenpath_storage::{BeginRun, NewRun, RunRecord, Store, StoreError, StoredEvent, ThreadRecord};
use std::sync::Arc;

/// A way in which a store can be wrong. Each method is given the real one, and passes to it unless a fault says otherwise.
#[async_trait]
pub trait StoreFault: Send + Sync + std::fmt::Debug {
    /// A run is begun.
    async fn begin_run(&self, store: &dyn Store, request: NewRun) -> Result<BeginRun, StoreError> {
        store.begin_run(request).await
    }

    /// An event is kept.
    async fn append_event(&self, store: &dyn Store, event: StoredEvent) -> Result<(), StoreError> {
        store.append_event(event).await
    }

    /// A run is looked up.
    async fn run(
        &self,
        store: &dyn Store,
        user: &UserId,
        run: &RunId,
    ) -> Result<Option<RunRecord>, StoreError> {
        store.run(user, run).await
    }

    /// The events of a run are read.
    async fn events(&self, store: &dyn Store, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        store.events(user, run).await
    }
}

/// Nothing wrong.
#[derive(Debug)]
pub(super) struct Sound;

#[async_trait]
impl StoreFault for Sound {}

/// The real store behind a fault. What it begins is noted.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    fault: Arc<dyn StoreFault>,
    ledger: Arc<Ledger>,
}

impl FaultyStore {
    /// `inner`, with this wrong.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, fault: Arc<dyn StoreFault>) -> Self {
        Self::noting(inner, fault, Arc::default())
    }

    pub(super) fn noting(inner: Arc<dyn Store>, fault: Arc<dyn StoreFault>, ledger: Arc<Ledger>) -> Self {
        Self { inner, fault, ledger }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError> {
        let answer = self.fault.begin_run(&*self.inner, request.clone()).await?;
        if let BeginRun::Started(begun) = &answer {
            self.ledger.run_begun(&request, &begun.run_id);
        }
        Ok(answer)
    }

    async fn find_run(&self, request: &NewRun) -> Result<Option<BeginRun>, StoreError> {
        self.inner.find_run(request).await
    }

    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        self.fault.append_event(&*self.inner, event).await
    }

    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.fault.run(&*self.inner, user, run).await
    }

    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        self.fault.events(&*self.inner, user, run).await
    }

    async fn threads(&self, user: &UserId) -> Result<Vec<ThreadRecord>, StoreError> {
        self.inner.threads(user).await
    }

    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError> {
        self.inner.thread(user, thread).await
    }

    async fn keep_alive(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.keep_alive().await
    }

    async fn take_over(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.inner.take_over().await
    }

    async fn ask_to_cancel(&self, user: &UserId, run: &RunId) -> Result<(), StoreError> {
        self.inner.ask_to_cancel(user, run).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready().await
    }
}
