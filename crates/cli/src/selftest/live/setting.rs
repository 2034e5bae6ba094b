//! What of the embedded backend is other than usual, so that a session shows in seconds what a fault needs.

use async_trait::async_trait;
use goldenpath_agent::{
    Agent, Analyst, BillingError, BillingSource, Dataset, GeneratedBilling, Step, StepSink, Task, TaskEnd,
    Turns,
};
use goldenpath_gateway::GatewayConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Between heartbeats where one is waited for, and the time for a pong. The greeting tells both.
const PING: Duration = Duration::from_secs(3);
const PONG: Duration = Duration::from_secs(2);

/// How long a write may take to a reader that does not read.
const WRITE_STALL: Duration = Duration::from_secs(4);

/// How long runs may go on, and how long everything may take, when the backend stops.
const DRAIN: Duration = Duration::from_secs(2);
const DRAINED: Duration = Duration::from_secs(5);

/// Pieces of an answer, and the time between two: more than the backend waits before it writes one.
const PIECES: usize = 5;
const BETWEEN: Duration = Duration::from_millis(80);

/// An embedded backend's setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Setting {
    /// Nobody has any data: every run fails.
    pub(super) no_data: bool,
    /// How long each tool takes at least: there is time to go away in the midst of a run.
    pub(super) tools_take: Duration,
    /// Answers come in pieces, as from a model that writes them word by word.
    pub(super) in_pieces: bool,
    /// Heartbeats, and the ends of a drain and of those who read nothing, come soon.
    pub(super) short_waits: bool,
}

impl Setting {
    /// Its limits and intervals.
    pub(super) fn config(&self) -> GatewayConfig {
        let usual = GatewayConfig::default();
        if !self.short_waits {
            return usual;
        }
        GatewayConfig {
            ping_interval: PING,
            pong_timeout: PONG,
            write_stall: WRITE_STALL,
            drain_runs: DRAIN,
            drain_total: DRAINED,
            ..usual
        }
    }

    /// Its agent.
    pub(super) fn agent(&self) -> Arc<dyn Agent> {
        let billing: Arc<dyn BillingSource> = match self.no_data {
            true => Arc::new(NoBilling),
            false => Arc::new(SlowBilling { data: GeneratedBilling::default(), wait: self.tools_take }),
        };
        match self.in_pieces {
            true => Arc::new(InPieces(Analyst::new(billing))),
            false => Arc::new(Analyst::new(billing)),
        }
    }
}

/// Tells its answer in pieces.
#[derive(Debug)]
struct InPieces(Analyst);

#[async_trait]
impl Agent for InPieces {
    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        let (told, mut heard) = mpsc::channel(1);
        let telling = async {
            while let Some(step) = heard.recv().await {
                if tell(step, &steps).await.is_none() {
                    return;
                }
            }
        };
        tokio::join!(self.0.run(task, told, cancel), telling).0
    }
}

/// Passes a step on, the text of an answer in pieces; `None` when nobody listens.
async fn tell(step: Step, to: &StepSink) -> Option<()> {
    let Step::Delta { agent, text } = step else { return to.send(step).await.ok() };
    let letters: Vec<char> = text.chars().collect();
    for piece in letters.chunks(letters.len().div_ceil(PIECES).max(1)) {
        to.send(Step::Delta { agent: agent.clone(), text: piece.iter().collect() }).await.ok()?;
        tokio::time::sleep(BETWEEN).await;
    }
    Some(())
}

/// Nobody has any data.
#[derive(Debug)]
struct NoBilling;

#[async_trait]
impl BillingSource for NoBilling {
    async fn billing(&self, _: &str, _: &Turns) -> Result<Arc<Dataset>, BillingError> {
        Err(BillingError::NoData)
    }
}

/// Data that take their time.
#[derive(Debug)]
struct SlowBilling {
    data: GeneratedBilling,
    wait: Duration,
}

#[async_trait]
impl BillingSource for SlowBilling {
    async fn billing(&self, user_id: &str, turns: &Turns) -> Result<Arc<Dataset>, BillingError> {
        if !self.wait.is_zero() {
            tokio::time::sleep(self.wait).await;
        }
        self.data.billing(user_id, turns).await
    }
}
