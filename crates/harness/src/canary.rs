//! How late this machine runs its own tasks: limits are not judged by an overloaded client.

use crate::Recorder;
use crate::run_queue::Waits;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How often it asks to be woken.
const TICK: Duration = Duration::from_millis(20);

/// The timer itself rounds up by a millisecond.
const ROUNDED: Duration = Duration::from_millis(1);

/// How often it tells. Counted in time, not in ticks: late ones would make it tell too late.
const SAMPLE: Duration = Duration::from_secs(1);

/// Records `scheduler_lag_ms`, each second and once more when it is dropped: the worst lateness of a tick, or what this
/// process waited for a processor, whichever is more.
#[derive(Debug)]
#[must_use = "sampling ends when it is dropped"]
pub struct Canary {
    task: JoinHandle<()>,
    watch: Arc<Mutex<Watch>>,
}

impl Canary {
    /// Begins sampling on this runtime.
    pub fn start(recorder: Recorder) -> Self {
        let watch = Arc::new(Mutex::new(Watch::begin(recorder)));
        let task = tokio::spawn(tick(Arc::clone(&watch)));
        Self { task, watch }
    }

    /// Records what was noticed so far, for whoever judges what came before now.
    pub fn sample(&self) {
        let mut watch = lock(&self.watch);
        watch.woken();
        watch.sample();
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.task.abort();
        // What happened since the last sample would else be judged as if nobody had been late.
        self.sample();
    }
}

/// What was noticed since the last sample.
#[derive(Debug)]
struct Watch {
    recorder: Recorder,
    since: Instant,
    waits: Waits,
    worst: Duration,
    /// When the tick under way was asked for.
    asked: Instant,
}

impl Watch {
    fn begin(recorder: Recorder) -> Self {
        let now = Instant::now();
        Self { recorder, since: now, waits: Waits::so_far(), worst: Duration::ZERO, asked: now }
    }

    /// A tick ends, and the next one begins.
    fn woken(&mut self) {
        let lag = self.asked.elapsed().saturating_sub(TICK + ROUNDED);
        self.worst = self.worst.max(lag);
        self.asked = Instant::now();
    }

    fn sample(&mut self) {
        let waits = Waits::so_far();
        let lag = self.worst.max(waits.since(&self.waits));
        (self.waits, self.worst, self.since) = (waits, Duration::ZERO, Instant::now());
        self.recorder.sample("scheduler_lag_ms", lag.as_secs_f64() * 1e3);
    }
}

fn lock(watch: &Mutex<Watch>) -> std::sync::MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn tick(watch: Arc<Mutex<Watch>>) {
    loop {
        tokio::time::sleep(TICK).await;
        let mut watch = lock(&watch);
        watch.woken();
        if watch.since.elapsed() >= SAMPLE {
            watch.sample();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Canary, SAMPLE};
    use crate::Recording;
    use goldenpath_history::RecordKind;
    use std::time::{Duration, Instant};

    fn lags(recording: Recording) -> Vec<f64> {
        let records = recording.finish().unwrap().records;
        let lag = |kind: &RecordKind<'_>| match kind {
            RecordKind::Sample { name, value } if name == "scheduler_lag_ms" => Some(*value),
            _ => None,
        };
        records.iter().filter_map(|record| lag(&record.kind)).collect()
    }

    #[tokio::test]
    async fn a_task_that_holds_the_thread_is_told_when_the_watch_ends() {
        let recording = Recording::in_memory().unwrap();
        let canary = Canary::start(recording.recorder());
        tokio::task::yield_now().await;
        std::thread::sleep(Duration::from_millis(200));
        drop(canary);
        let lags = lags(recording);
        assert!(matches!(lags[..], [lag] if lag >= 150.0), "{lags:?}");
    }

    /// Each tick is late, yet a sample comes each second: lag that is told later would be held against other events.
    #[tokio::test]
    async fn late_ticks_do_not_delay_the_sample() {
        let recording = Recording::in_memory().unwrap();
        let canary = Canary::start(recording.recorder());
        let begun = Instant::now();
        while begun.elapsed() < SAMPLE + Duration::from_millis(300) {
            std::thread::sleep(Duration::from_millis(100));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(canary);
        let lags = lags(recording);
        assert!(lags.len() >= 2 && lags.iter().all(|lag| *lag >= 50.0), "{lags:?}");
    }
}
