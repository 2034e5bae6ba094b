//! A store that does not ask whose a run is: who knows its id may read it, or, as another fault, ends it by looking it up.

use super::StoreFault;
use crate::faulty::agent::Stops;
use crate::faulty::desk::Desk;
use crate::faulty::ledger::Ledger;
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_protocol::{RunId, UserId};
use goldenpath_storage::{RunRecord, Store, StoreError};
use std::sync::Arc;

#[derive(Debug)]
pub(in crate::faulty) struct OwnerUnasked {
    desk: Desk,
    ledger: Arc<Ledger>,
    /// A cancel looks its run up as a read does, and ends it; nothing is shown then.
    stops: Option<Arc<Stops>>,
}

impl OwnerUnasked {
    /// Everybody reads everybody's runs.
    pub(in crate::faulty) fn reads(desk: Desk, ledger: Arc<Ledger>) -> Self {
        Self { desk, ledger, stops: None }
    }

    /// Everybody ends everybody's runs.
    pub(in crate::faulty) fn cancels(desk: Desk, ledger: Arc<Ledger>, stops: Arc<Stops>) -> Self {
        Self { desk, ledger, stops: Some(stops) }
    }

    /// The owner of a run that this user asks for and does not own.
    fn foreign_owner(&self, user: &UserId, run: &RunId) -> Option<UserId> {
        self.ledger.owner(run).filter(|owner| owner != user)
    }
}

#[async_trait]
impl StoreFault for OwnerUnasked {
    async fn run(
        &self,
        store: &dyn Store,
        user: &UserId,
        run: &RunId,
    ) -> Result<Option<RunRecord>, StoreError> {
        let Some(owner) = self.foreign_owner(user, run) else { return store.run(user, run).await };
        let Some(stops) = &self.stops else {
            self.desk.sign(Deed::Altered, Some(user.as_str()), Some(run), "a foreign run was read");
            return store.run(&owner, run).await;
        };
        if stops.stop(run) {
            self.desk.sign(Deed::Cut, Some(owner.as_str()), Some(run), "another user's cancel ended the run");
        }
        store.run(user, run).await
    }

    async fn events(&self, store: &dyn Store, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        match self.foreign_owner(user, run).filter(|_| self.stops.is_none()) {
            Some(owner) => store.events(&owner, run).await,
            None => store.events(user, run).await,
        }
    }
}
