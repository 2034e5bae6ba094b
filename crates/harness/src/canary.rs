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

/// Judges take less lag than this for the ordinary noise of a machine.
const NOTED: Duration = Duration::from_millis(20);

/// How often it tells. Counted in time, not in ticks: late ones would make it tell too late.
const SAMPLE: Duration = Duration::from_secs(1);

/// Records `scheduler_lag_ms`, each second and once more when it is dropped: by how much each way through this process, out or
/// back, may have been late. That is the worst lateness of a tick, or half of what all threads waited for a processor, whichever
/// is more.
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

    /// Waits, no longer than `within`, for a second in which this machine is late by at most `enough`; otherwise says by how much
    /// it was in the last one.
    ///
    /// Only who has something to compute is kept waiting by a busy machine: a third of the time this computes.
    pub async fn calm(enough: Duration, within: Duration) -> Result<(), Duration> {
        let until = Instant::now() + within;
        loop {
            let mut lateness = Lateness::begin();
            while lateness.since.elapsed() < SAMPLE {
                tokio::time::sleep(TICK).await;
                lateness.woken();
                let woken = Instant::now();
                while woken.elapsed() < TICK / 2 {
                    std::hint::spin_loop();
                }
                lateness.asked = Instant::now();
            }
            let lag = lateness.take();
            if lag <= enough {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(lag);
            }
        }
    }

    /// Records what was noticed so far, for whoever judges what came before now.
    pub fn sample(&self) {
        let mut watch = lock(&self.watch);
        watch.lateness.woken();
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

/// Where what is noticed goes.
#[derive(Debug)]
struct Watch {
    recorder: Recorder,
    lateness: Lateness,
}

impl Watch {
    fn begin(recorder: Recorder) -> Self {
        Self { recorder, lateness: Lateness::begin() }
    }

    fn sample(&mut self) {
        let lag = self.lateness.take();
        self.recorder.sample("scheduler_lag_ms", lag.as_secs_f64() * 1e3);
    }
}

/// What was noticed since the last sample.
#[derive(Debug)]
struct Lateness {
    since: Instant,
    waits: Waits,
    worst: Duration,
    /// When the tick under way was asked for.
    asked: Instant,
}

impl Lateness {
    fn begin() -> Self {
        let now = Instant::now();
        Self { since: now, waits: Waits::so_far(), worst: Duration::ZERO, asked: now }
    }

    /// A tick ends, and the next one begins.
    fn woken(&mut self) {
        let lag = self.asked.elapsed().saturating_sub(TICK + ROUNDED);
        self.worst = self.worst.max(lag);
        self.asked = Instant::now();
    }

    /// The lag of this sample; the next one begins.
    fn take(&mut self) -> Duration {
        let waits = Waits::so_far();
        // A tick is one way; the waits bound the way out and the way back together. So much that a judge takes note of it stays so
        // much: what is less would count as nothing.
        let waited = waits.since(&self.waits);
        let each_way = (waited / 2).max(waited.min(NOTED));
        let lag = self.worst.max(each_way);
        (self.waits, self.worst, self.since) = (waits, Duration::ZERO, Instant::now());
        lag
    }
}

fn lock(watch: &Mutex<Watch>) -> std::sync::MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn tick(watch: Arc<Mutex<Watch>>) {
    loop {
        tokio::time::sleep(TICK).await;
        let mut watch = lock(&watch);
        watch.lateness.woken();
        if watch.lateness.since.elapsed() >= SAMPLE {
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

    /// What these tests are about, and no wait: nothing else gets this thread meanwhile.
    fn hold_the_thread(by: Duration) {
        std::thread::sleep(by);
    }

    /// Holds the thread, in turns with whoever else wants it.
    async fn hold_the_thread_in_turns() {
        hold_the_thread(Duration::from_millis(100));
        tokio::task::yield_now().await;
    }

    #[tokio::test]
    async fn a_task_that_holds_the_thread_is_told_when_the_watch_ends() {
        let recording = Recording::in_memory().unwrap();
        let canary = Canary::start(recording.recorder());
        tokio::task::yield_now().await;
        hold_the_thread(Duration::from_millis(200));
        drop(canary);
        let lags = lags(recording);
        assert!(matches!(lags[..], [lag] if lag >= 150.0), "{lags:?}");
    }

    /// What holds the thread, in turns with the one that waits, keeps it from ever being prompt.
    #[tokio::test]
    async fn who_waits_for_a_calm_machine_is_told_of_the_lag_when_it_stays_busy() {
        let busy = tokio::spawn(async {
            loop {
                hold_the_thread_in_turns().await;
            }
        });
        let told = Canary::calm(Duration::from_millis(20), Duration::from_millis(1)).await;
        busy.abort();
        assert!(told.is_err_and(|lag| lag >= Duration::from_millis(50)), "{told:?}");
        assert_eq!(Canary::calm(Duration::MAX, Duration::ZERO).await, Ok(()));
    }

    /// Each tick is late, yet a sample comes each second: lag that is told later would be held against other events.
    #[tokio::test]
    async fn late_ticks_do_not_delay_the_sample() {
        let recording = Recording::in_memory().unwrap();
        let canary = Canary::start(recording.recorder());
        let begun = Instant::now();
        while begun.elapsed() < SAMPLE + Duration::from_millis(300) {
            hold_the_thread_in_turns().await;
        }
        drop(canary);
        let lags = lags(recording);
        assert!(lags.len() >= 2 && lags.iter().all(|lag| *lag >= 50.0), "{lags:?}");
    }
}
