//! An agent whose runs fall together: when one fails, those of others that are under way fail with it.

use crate::faulty::desk::{Choice, Desk, locked};
use crate::faulty::ledger::Ledger;
use async_trait::async_trait;
use goldenpath_agent::{Agent, StepSink, Task, TaskEnd, TaskFailure};
use goldenpath_faults::Deed;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A failure that meets nobody waits so long for somebody, as what is broken stays broken for a while.
const LASTS: Duration = Duration::from_secs(2);

/// What falls with a failure falls a moment after it.
const MOMENT: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(in crate::faulty) struct Spreading {
    inner: Arc<dyn Agent>,
    desk: Desk,
    ledger: Arc<Ledger>,
    /// All of them, or the one that began last.
    all: bool,
    under_way: Mutex<UnderWay>,
    came: Notify,
}

#[derive(Debug, Default)]
struct UnderWay {
    begun: u64,
    /// By place: whose work it is, and what makes it fall.
    work: BTreeMap<u64, (String, CancellationToken)>,
}

impl Spreading {
    pub(in crate::faulty) fn new(inner: Arc<dyn Agent>, desk: Desk, ledger: Arc<Ledger>, seed: u64) -> Self {
        let all = Choice::all(seed).pick(2) == 0;
        Self { inner, desk, ledger, all, under_way: Mutex::default(), came: Notify::new() }
    }

    fn enter(&self, user: &str) -> (u64, CancellationToken) {
        let mut under_way = locked(&self.under_way);
        under_way.begun += 1;
        let (place, falls) = (under_way.begun, CancellationToken::new());
        under_way.work.insert(place, (user.to_owned(), falls.clone()));
        self.came.notify_waiters();
        (place, falls)
    }

    /// A run of `user` has failed: others fall as soon as there are any.
    async fn spread(&self, user: &str) {
        let fallen = async {
            loop {
                let came = self.came.notified();
                if self.fell_with(user) > 0 {
                    return;
                }
                came.await;
            }
        };
        // Nobody came: then it stays alone.
        let _ = tokio::time::timeout(LASTS, fallen).await;
    }

    /// How many others fall now.
    fn fell_with(&self, user: &str) -> usize {
        let under_way = locked(&self.under_way);
        let others = under_way.work.values().rev().filter(|(other, _)| other != user);
        let falling = others.take(if self.all { usize::MAX } else { 1 });
        falling.inspect(|(_, falls)| falls.cancel()).count()
    }
}

#[async_trait]
impl Agent for Spreading {
    fn names(&self) -> Vec<String> {
        self.inner.names()
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        let (user, run) = (task.user_id.clone(), self.ledger.run_of(&task));
        let (place, falls) = self.enter(&user);
        let work = self.inner.run(task, steps, cancel);
        let end = falls.run_until_cancelled(work).await;
        locked(&self.under_way).work.remove(&place);
        match end {
            Some(end) => {
                if matches!(end, TaskEnd::Failed(_)) {
                    self.spread(&user).await;
                }
                end
            }
            None => {
                tokio::time::sleep(MOMENT).await;
                self.desk.sign(Deed::Altered, Some(&user), run.as_ref(), "fell with another user's run");
                TaskEnd::Failed(TaskFailure {
                    code: "internal".to_owned(),
                    message: "the agent failed".to_owned(),
                    retryable: true,
                })
            }
        }
    }
}
