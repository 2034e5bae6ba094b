//! An agent that says it has stopped, and works on.

use super::{AHEAD, taken};
use crate::faulty::desk::{Desk, locked};
use crate::faulty::ledger::Ledger;
use async_trait::async_trait;
use goldenpath_agent::{Agent, StepSink, Task, TaskEnd};
use goldenpath_faults::Deed;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
pub(in crate::faulty) struct WorksOn {
    inner: Arc<dyn Agent>,
    desk: Desk,
    ledger: Arc<Ledger>,
    /// What is worked on; it ends with the backend.
    work: Mutex<JoinSet<()>>,
}

impl WorksOn {
    pub(in crate::faulty) fn new(inner: Arc<dyn Agent>, desk: Desk, ledger: Arc<Ledger>) -> Self {
        Self { inner, desk, ledger, work: Mutex::default() }
    }
}

#[async_trait]
impl Agent for WorksOn {
    fn names(&self) -> Vec<String> {
        self.inner.names()
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        let (user, run) = (task.user_id.clone(), self.ledger.run_of(&task));
        let (own, mut told) = mpsc::channel(AHEAD);
        let inner = Arc::clone(&self.inner);
        // Never told to stop.
        let mut work = tokio::spawn(async move { inner.run(task, own, CancellationToken::new()).await });
        let forwarded = cancel
            .run_until_cancelled(async {
                while let Some(step) = told.recv().await {
                    if steps.send(step).await.is_err() {
                        break;
                    }
                }
                let end = (&mut work).await;
                taken(&steps).await;
                end
            })
            .await;
        if let Some(end) = forwarded {
            return end.unwrap_or(TaskEnd::Cancelled);
        }
        self.desk.sign(Deed::Held, Some(&user), run.as_ref(), "the work of a cancelled run goes on");
        locked(&self.work).spawn(async move {
            while told.recv().await.is_some() {}
            let _ = work.await;
        });
        TaskEnd::Cancelled
    }
}
