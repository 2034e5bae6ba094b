//! Decorators over real parts, for what the real part alone cannot be made to do on demand; and `provider`, who plays what is
//! never ours.

#[cfg(feature = "fixtures")]
mod provider;

use async_trait::async_trait;
use goldenpath_agent::{Agent, StepSink, Task, TaskEnd};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

#[cfg(feature = "fixtures")]
pub use provider::{Beat, ScriptedProvider};

/// The real agent, held back before its first step until a [`Release`] lets it go on: makes "while a run is open" a
/// state that a test can stay in for as long as it needs.
#[derive(Debug)]
pub struct HeldAgent {
    inner: Arc<dyn Agent>,
    gate: Arc<Semaphore>,
}

/// Lets held tasks go on, one each time.
#[derive(Debug, Clone)]
pub struct Release(Arc<Semaphore>);

impl HeldAgent {
    /// Holds back the tasks of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Agent>) -> (Arc<Self>, Release) {
        let gate = Arc::new(Semaphore::new(0));
        (Arc::new(Self { inner, gate: Arc::clone(&gate) }), Release(gate))
    }
}

impl Release {
    /// Lets `tasks` held tasks, or the next ones to come, go on.
    pub fn go_on(&self, tasks: usize) {
        self.0.add_permits(tasks);
    }
}

#[async_trait]
impl Agent for HeldAgent {
    fn names(&self) -> Vec<String> {
        self.inner.names()
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        tokio::select! {
            () = cancel.cancelled() => return TaskEnd::Cancelled,
            permit = self.gate.acquire() => match permit {
                Ok(permit) => permit.forget(),
                Err(_) => return TaskEnd::Cancelled,
            },
        }
        self.inner.run(task, steps, cancel).await
    }
}
