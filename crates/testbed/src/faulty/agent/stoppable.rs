//! An agent whose runs can be stopped by whoever knows their ids.

use super::taken;
use crate::faulty::desk::locked;
use crate::faulty::ledger::Ledger;
use async_trait::async_trait;
use goldenpath_agent::{Agent, StepSink, Task, TaskEnd};
use goldenpath_protocol::RunId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// What stops the runs under way.
#[derive(Debug, Default)]
pub(in crate::faulty) struct Stops(Mutex<HashMap<RunId, CancellationToken>>);

impl Stops {
    /// Stops a run; gives whether it was under way.
    pub(in crate::faulty) fn stop(&self, run: &RunId) -> bool {
        let stop = locked(&self.0).remove(run);
        stop.inspect(CancellationToken::cancel).is_some()
    }
}

#[derive(Debug)]
pub(in crate::faulty) struct Stoppable {
    pub(in crate::faulty) inner: Arc<dyn Agent>,
    pub(in crate::faulty) ledger: Arc<Ledger>,
    pub(in crate::faulty) stops: Arc<Stops>,
}

#[async_trait]
impl Agent for Stoppable {
    fn names(&self) -> Vec<String> {
        self.inner.names()
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        let run = self.ledger.run_of(&task);
        let stop = cancel.child_token();
        if let Some(run) = &run {
            locked(&self.stops.0).insert(run.clone(), stop.clone());
        }
        let end = self.inner.run(task, steps.clone(), stop.clone()).await;
        let end = stop.run_until_cancelled(taken(&steps)).await.map_or(TaskEnd::Cancelled, |()| end);
        if let Some(run) = &run {
            locked(&self.stops.0).remove(run);
        }
        end
    }
}
