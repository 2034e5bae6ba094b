//! A store that gives no answer in the middle of some runs, and nobody stops waiting for it.

use super::StoreFault;
use crate::faulty::desk::{Choice, Desk};
use crate::faulty::ledger::Ledger;
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_storage::{Store, StoreError, StoredEvent};
use std::sync::Arc;

#[derive(Debug)]
pub(in crate::faulty) struct Hangs {
    desk: Desk,
    ledger: Arc<Ledger>,
    choice: Choice,
    /// The last event of a hit run that is kept.
    last: u64,
}

impl Hangs {
    pub(in crate::faulty) fn new(desk: Desk, ledger: Arc<Ledger>, seed: u64) -> Self {
        let choice = Choice::some(seed);
        let last = 1 + choice.pick(4) as u64;
        Self { desk, ledger, choice, last }
    }
}

#[async_trait]
impl StoreFault for Hangs {
    async fn append_event(&self, store: &dyn Store, event: StoredEvent) -> Result<(), StoreError> {
        if event.seq <= self.last || !self.choice.hits(event.run_id.as_str()) {
            return store.append_event(event).await;
        }
        let owner = self.ledger.owner(&event.run_id);
        let what = format!("the store never answers for event {} of the run", event.seq);
        self.desk.sign(Deed::Held, owner.as_ref().map(|owner| owner.as_str()), Some(&event.run_id), what);
        std::future::pending().await
    }
}
