//! Agents with something wrong, each around the real one.

mod canned;
mod refusing;
mod spreading;
mod stoppable;
mod sub_agent;
mod working_on;

pub(super) use canned::Canned;
pub use refusing::REFUSED_WORDS;
pub(super) use refusing::RefusingModel;
pub(super) use spreading::Spreading;
pub(super) use stoppable::{Stoppable, Stops};
pub(super) use sub_agent::SubAgentToolsUntold;
pub(super) use working_on::WorksOn;

use goldenpath_agent::{Agent, Step, StepSink, Task, TaskEnd};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Steps that may wait between an agent and whoever listens.
const AHEAD: usize = 32;

/// Waits until every step was taken: an agent is done long before its user has read what it did, and what can be stopped is what
/// the user sees.
async fn taken(steps: &StepSink) {
    // An error says that nobody listens any more, and then nothing waits either.
    let _ = steps.reserve_many(steps.max_capacity()).await;
}

/// Runs `agent`, telling only the steps that `tells` passes.
async fn filtered(
    agent: &dyn Agent,
    task: Task,
    steps: StepSink,
    cancel: CancellationToken,
    tells: impl Fn(&Step) -> bool + Send,
) -> TaskEnd {
    let (own, mut told) = mpsc::channel(AHEAD);
    let forward = async move {
        while let Some(step) = told.recv().await {
            if tells(&step) && steps.send(step).await.is_err() {
                return;
            }
        }
    };
    let (end, ()) = tokio::join!(agent.run(task, own, cancel), forward);
    end
}
