//! A store that fails for a while when told to, and what may be wrong after that.

use super::StoreFault;
use crate::faulty::desk::{Choice, Desk, locked};
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_storage::{BeginRun, NewRun, Store, StoreError, StoredEvent};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Begun,
    Healed,
}

/// Switches the store of a backend off and on again.
#[derive(Debug, Clone)]
pub struct Outage(Arc<Mutex<Stage>>);

impl Outage {
    pub(in crate::faulty) fn new() -> Self {
        Self(Arc::new(Mutex::new(Stage::Before)))
    }

    /// From here on the store answers nothing.
    pub fn begin(&self) {
        *locked(&self.0) = Stage::Begun;
    }

    /// It works again.
    pub fn heal(&self) {
        *locked(&self.0) = Stage::Healed;
    }

    fn stage(&self) -> Stage {
        *locked(&self.0)
    }
}

/// How things stand after an outage.
#[derive(Debug, Clone, Copy)]
pub(in crate::faulty) enum Aftermath {
    /// As before it.
    Well,
    /// Requests go on failing: everybody's, or some users'.
    Failing,
    /// Requests take so much longer.
    Slow(Duration),
}

/// The store of a backend that can have an outage.
#[derive(Debug)]
pub(in crate::faulty) struct NoRecovery {
    desk: Desk,
    outage: Outage,
    aftermath: Aftermath,
    /// Whom it concerns.
    users: Choice,
}

impl NoRecovery {
    pub(in crate::faulty) fn new(desk: Desk, outage: Outage, wrong: bool, seed: u64) -> Self {
        let (all, some) = (Choice::all(seed), Choice::some(seed));
        let (aftermath, users) = match all.pick(3) {
            _ if !wrong => (Aftermath::Well, all),
            0 => (Aftermath::Failing, all),
            1 => (Aftermath::Failing, some),
            _ => (Aftermath::Slow(Duration::from_millis(4_000 + 500 * all.pick(6) as u64)), all),
        };
        Self { desk, outage, aftermath, users }
    }
}

#[async_trait]
impl StoreFault for NoRecovery {
    async fn begin_run(&self, store: &dyn Store, request: NewRun) -> Result<BeginRun, StoreError> {
        let user = request.user_id.as_str().to_owned();
        match (self.outage.stage(), self.aftermath) {
            (Stage::Before, _) | (Stage::Healed, Aftermath::Well) => {}
            (Stage::Begun, _) => return Err(StoreError::Unavailable),
            (Stage::Healed, _) if !self.users.hits(&user) => {}
            (Stage::Healed, Aftermath::Failing) => {
                self.desk.sign(Deed::Lost, Some(&user), None, "a request still fails after the outage");
                return Err(StoreError::Unavailable);
            }
            (Stage::Healed, Aftermath::Slow(by)) => {
                let run = &request.run_id;
                self.desk.sign(Deed::Held, Some(&user), Some(run), "still slow after the outage");
                tokio::time::sleep(by).await;
            }
        }
        store.begin_run(request).await
    }

    async fn append_event(&self, store: &dyn Store, event: StoredEvent) -> Result<(), StoreError> {
        match self.outage.stage() {
            Stage::Begun => Err(StoreError::Unavailable),
            Stage::Before | Stage::Healed => store.append_event(event).await,
        }
    }
}
