//! A store that forgets which requests it has seen: a request that is sent again begins a second run.

use super::StoreFault;
use crate::faulty::desk::{Choice, Desk, locked};
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_protocol::{RequestId, RunId, UserId};
use goldenpath_storage::{BeginRun, NewRun, RunRecord, Store, StoreError};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

#[derive(Debug)]
pub(in crate::faulty) struct ForgetsRequests {
    desk: Desk,
    choice: Choice,
    seen: Mutex<HashSet<(UserId, RequestId)>>,
    /// The request that a second run is shown to belong to; the real store has it under an id of its own.
    shown: Mutex<HashMap<RunId, RequestId>>,
}

impl ForgetsRequests {
    pub(in crate::faulty) fn new(desk: Desk, seed: u64) -> Self {
        Self { desk, choice: Choice::all(seed), seen: Mutex::default(), shown: Mutex::default() }
    }
}

#[async_trait]
impl StoreFault for ForgetsRequests {
    async fn begin_run(&self, store: &dyn Store, request: NewRun) -> Result<BeginRun, StoreError> {
        let asked = (request.user_id.clone(), request.request_id.clone());
        let first = locked(&self.seen).insert(asked);
        if first || !self.choice.hits(request.request_id.as_str()) {
            return store.begin_run(request).await;
        }
        let (user, shown) = (request.user_id.clone(), request.request_id.clone());
        let as_new = NewRun { request_id: RequestId::from(uuid::Uuid::now_v7()), ..request };
        let answer = store.begin_run(as_new).await?;
        if let BeginRun::Started(begun) = &answer {
            locked(&self.shown).insert(begun.run_id.clone(), shown);
            let what = "a request that was sent again began a second run";
            self.desk.sign(Deed::Added, Some(user.as_str()), Some(&begun.run_id), what);
        }
        Ok(answer)
    }

    async fn run(
        &self,
        store: &dyn Store,
        user: &UserId,
        run: &RunId,
    ) -> Result<Option<RunRecord>, StoreError> {
        let mut record = store.run(user, run).await?;
        if let (Some(record), Some(shown)) = (&mut record, locked(&self.shown).get(run)) {
            record.request_id = shown.clone();
        }
        Ok(record)
    }
}
