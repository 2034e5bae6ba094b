//! A model that takes no more requests, for prompts that ask for it. Nothing is wrong with that: the run fails and says so.

use async_trait::async_trait;
use goldenpath_agent::{Agent, Step, StepSink, Task, TaskEnd, TaskFailure};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A prompt with these words is refused by the model.
pub const REFUSED_WORDS: &str = "Use the model that is out of capacity.";

/// The real agent, over a model that answers 429 to such prompts.
#[derive(Debug)]
pub(in crate::faulty) struct RefusingModel {
    pub(in crate::faulty) inner: Arc<dyn Agent>,
}

#[async_trait]
impl Agent for RefusingModel {
    fn names(&self) -> Vec<String> {
        self.inner.names()
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        if !task.message.contains(REFUSED_WORDS) {
            return self.inner.run(task, steps, cancel).await;
        }
        let agent = task.agent.clone();
        let started = Step::Started {
            agent: agent.clone(),
            task_description: "Ask the model that was named".to_owned(),
        };
        let reasoning = "The model that was named is asked for a plan first".to_owned();
        let thinking = Step::Thinking { agent, parent: None, reasoning, progress: Some(5.0) };
        for step in [started, thinking] {
            if steps.send(step).await.is_err() {
                return TaskEnd::Cancelled;
            }
        }
        TaskEnd::Failed(TaskFailure {
            code: "model_rate_limited".to_owned(),
            message: "the model takes no more requests now (HTTP 429)".to_owned(),
            retryable: true,
        })
    }
}
