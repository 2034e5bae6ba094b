//! Generated sessions, judged side by side by a bounded number of workers. The order in which they end changes nothing.

use super::choice::Choice;
use crate::progress::Meter;
use goldenpath_checkers::{JudgeConfig, Witness};
use goldenpath_detection::{
    Alarm, Attempt, Column, FaultResult, HealthyCase, HealthyRow, TesterRow, assess, simulated, tester_row,
    witness,
};
use goldenpath_faults::FaultInfo;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Workers at most: beyond these the sessions of all of them take more memory than they save time.
const WORKERS: usize = 8;

/// What is to be measured.
#[derive(Debug)]
pub(super) struct Measuring {
    pub(super) choice: Choice,
    pub(super) seed: u64,
    /// Attempts at each fault.
    pub(super) seeds: u64,
    /// Sessions of each healthy variation.
    pub(super) healthy_seeds: u64,
    /// Whether witnesses are wanted.
    pub(super) witnesses: bool,
    pub(super) cancel: CancellationToken,
    pub(super) meter: Meter,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Simulated {
    /// Faults of which at least one attempt was made.
    pub(super) faults: Vec<(&'static FaultInfo, Column)>,
    /// Witnesses of first attempts.
    pub(super) witnesses: Vec<(&'static str, Witness<'static>)>,
    /// Why there is none.
    pub(super) without: Vec<String>,
    pub(super) healthy: Vec<HealthyRow>,
    pub(super) trials: Vec<HealthyRow>,
    pub(super) tester: Vec<TesterRow>,
}

/// One session, or one fault of the tester's own.
enum Job<'a> {
    Fault(&'static FaultInfo, u64),
    Healthy(&'a HealthyCase, u64),
    Tester(&'static str, u64),
}

/// What became of it.
enum Done<'a> {
    Fault(&'static FaultInfo, Box<Tried>),
    Healthy(&'a HealthyCase, u64, Vec<Alarm>),
    Tester(Option<TesterRow>),
}

/// One attempt, with its witness where one is wanted: or why there is none.
struct Tried {
    attempt: Attempt,
    witness: Option<Result<Witness<'static>, String>>,
}

impl Measuring {
    /// Measures until all is done, or somebody cancels it.
    pub(super) fn run(&self) -> Simulated {
        let jobs = self.jobs();
        self.meter.stage("simulated", jobs.len() as u64);
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Done<'_>)>> = Mutex::new(Vec::with_capacity(jobs.len()));
        let work = || {
            while !self.cancel.is_cancelled() {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(at) else { break };
                let result = self.work(job);
                done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                self.meter.step();
            }
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(WORKERS);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(work);
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_unstable_by_key(|(at, _)| *at);
        collect(done.into_iter().map(|(_, done)| done))
    }

    fn jobs(&self) -> Vec<Job<'_>> {
        let seeds = |count: u64| (0..count).map(|by| self.seed.wrapping_add(by));
        let faults = self.choice.faults.iter();
        let faults = faults.flat_map(|row| seeds(self.seeds).map(|seed| Job::Fault(row, seed)));
        let healthy = self.choice.healthy.iter();
        let healthy =
            healthy.flat_map(|case| seeds(self.healthy_seeds).map(move |seed| Job::Healthy(case, seed)));
        let tester = self.choice.tester.iter().map(|id| Job::Tester(id, self.seed));
        faults.chain(healthy).chain(tester).collect()
    }

    fn work<'a>(&self, job: &Job<'a>) -> Done<'a> {
        match *job {
            Job::Fault(row, seed) => self.attempt(row, seed),
            Job::Healthy(case, seed) => Done::Healthy(case, seed, case.alarms(seed)),
            Job::Tester(id, seed) => Done::Tester(tester_row(id, seed)),
        }
    }

    fn attempt<'a>(&self, row: &'static FaultInfo, seed: u64) -> Done<'a> {
        let config = JudgeConfig::default();
        let session = simulated(row, seed);
        let mut attempt = assess(row, &session, &config);
        let first = seed == self.seed;
        if first && simulated(row, seed) != session {
            attempt.result = FaultResult::NotFired;
            attempt.reason = Some(format!("two sessions of seed {seed} differ: the seed is ignored"));
        }
        let wanted = self.witnesses && first && attempt.result == FaultResult::Caught;
        let witness = wanted.then(|| witness(row, &session, &attempt, &config));
        Done::Fault(row, Box::new(Tried { attempt, witness }))
    }
}

fn collect<'a>(done: impl Iterator<Item = Done<'a>>) -> Simulated {
    let mut simulated = Simulated::default();
    let mut attempts: Vec<(&'static FaultInfo, Vec<Attempt>)> = Vec::new();
    for done in done {
        match done {
            Done::Fault(row, tried) => {
                let Tried { attempt, witness } = *tried;
                match attempts.last_mut().filter(|(last, _)| last.id == row.id) {
                    Some((_, known)) => known.push(attempt),
                    None => attempts.push((row, vec![attempt])),
                }
                match witness {
                    Some(Ok(witness)) => simulated.witnesses.push((row.id, witness)),
                    Some(Err(why)) => simulated.without.push(format!("{}: {why}", row.id)),
                    None => {}
                }
            }
            Done::Healthy(case, seed, alarms) => {
                let rows = if case.trial { &mut simulated.trials } else { &mut simulated.healthy };
                if rows.last().is_none_or(|row| row.id != case.row) {
                    rows.push(HealthyRow::new(case.row));
                }
                if let Some(row) = rows.last_mut() {
                    row.count(case.variation, seed, &alarms);
                }
            }
            Done::Tester(row) => simulated.tester.extend(row),
        }
    }
    let folded = attempts.into_iter().filter_map(|(row, attempts)| Some((row, Column::fold(&attempts)?)));
    simulated.faults = folded.collect();
    simulated
}
