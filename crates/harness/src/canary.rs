//! How late this machine runs its own tasks: limits are not judged by an overloaded client.

use crate::Recorder;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How often it asks to be woken.
const TICK: Duration = Duration::from_millis(20);

/// Ticks per recorded sample: the worst of about one second.
const TICKS_PER_SAMPLE: u32 = 50;

/// Records `scheduler_lag_ms`, the worst of each second, until it is dropped.
#[derive(Debug)]
#[must_use = "sampling ends when it is dropped"]
pub struct Canary {
    task: JoinHandle<()>,
}

impl Canary {
    /// Begins sampling on this runtime.
    pub fn start(recorder: Recorder) -> Self {
        Self { task: tokio::spawn(watch(recorder)) }
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(recorder: Recorder) {
    loop {
        let mut worst = Duration::ZERO;
        for _ in 0..TICKS_PER_SAMPLE {
            let asked = Instant::now();
            tokio::time::sleep(TICK).await;
            // The timer itself rounds up by a millisecond.
            let lag = asked.elapsed().saturating_sub(TICK + Duration::from_millis(1));
            worst = worst.max(lag);
        }
        recorder.sample("scheduler_lag_ms", worst.as_secs_f64() * 1e3);
    }
}
