//! A store that says yes to what it does not know: a request in an unknown thread counts as one that has its run already, so that
//! it is accepted and nothing follows.

use super::StoreFault;
use crate::faulty::desk::{Choice, Desk};
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_protocol::ThreadId;
use goldenpath_storage::{BeginRun, Begun, NewRun, Store, StoreError};

#[derive(Debug)]
pub(in crate::faulty) struct FriendlyAck {
    desk: Desk,
    choice: Choice,
}

impl FriendlyAck {
    pub(in crate::faulty) fn new(desk: Desk, seed: u64) -> Self {
        Self { desk, choice: Choice::all(seed) }
    }
}

#[async_trait]
impl StoreFault for FriendlyAck {
    async fn begin_run(&self, store: &dyn Store, request: NewRun) -> Result<BeginRun, StoreError> {
        let answer = store.begin_run(request.clone()).await?;
        if answer != BeginRun::UnknownThread || !self.choice.hits(request.request_id.as_str()) {
            return Ok(answer);
        }
        let NewRun { user_id, run_id, thread_id, new_thread_id, .. } = request;
        let what = "a request in an unknown thread was acknowledged, and nobody serves it";
        self.desk.sign(Deed::Altered, Some(user_id.as_str()), Some(&run_id), what);
        let thread_id: ThreadId = thread_id.unwrap_or(new_thread_id);
        Ok(BeginRun::Duplicate(Begun { run_id, thread_id }))
    }
}
