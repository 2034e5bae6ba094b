//! A retry that hides a failure (V11), a seed that fixes nothing (V12).

use super::sound::sound;
use super::{TesterVerdict, Trials};
use crate::assess::{Attempt, FaultResult, assess};
use crate::column::Column;
use crate::repeat::seed_ignored;
use crate::session::{Session, simulated};
use goldenpath_checkers::JudgeConfig;
use goldenpath_faults::fault_info;
use goldenpath_history::RecordKind;
use goldenpath_simulator::simulate;

pub(super) const RETRIED: Trials = &[
    ("a fault that was missed is caught when it is tried again", |seed| attempts(seed, false)),
    ("a fault that was caught is missed when it is tried again", |seed| attempts(seed, true)),
    ("a run that failed was asked again, and left out of the history", |seed| {
        let whole = sound(seed);
        let mut retried = whole.clone();
        let asked = |kind: &RecordKind<'_>| matches!(kind, RecordKind::Request { .. });
        let first = retried.records.iter().position(|record| asked(&record.kind));
        first.map(|first| retried.records.remove(first));
        TesterVerdict::noticed(seed_ignored(&whole, &retried).is_some())
    }),
];

/// Two attempts at one fault, one of which misses it: both count, in whatever order they come.
fn attempts(seed: u64, missed_last: bool) -> TesterVerdict {
    let Some(row) = fault_info("L04") else { return TesterVerdict::Approved };
    let config = JudgeConfig::default();
    let broken = simulated(row, seed);
    // The fault says that it acted, and its session shows nothing of it.
    let healthy =
        Session { history: simulate(&crate::scenario(row), seed), receipts: broken.receipts.clone() };
    let mut attempts: Vec<Attempt> =
        [&healthy, &broken].map(|session| assess(row, session, &config)).into_iter().collect();
    if missed_last {
        attempts.reverse();
    }
    let folded = Column::fold(&attempts);
    TesterVerdict::noticed(
        folded.is_some_and(|column| column.result == FaultResult::Missed && column.is_bad()),
    )
}

pub(super) const SEED: Trials = &[
    ("the requests of another seed under this one", |seed| {
        let mut other = sound(seed.wrapping_add(1));
        other.header.seed = seed;
        TesterVerdict::noticed(seed_ignored(&sound(seed), &other).is_some())
    }),
    ("requests in another order", |seed| {
        let mut other = sound(seed);
        let places: Vec<usize> = (0..other.records.len())
            .filter(|at| matches!(other.records[*at].kind, RecordKind::Request { .. }))
            .collect();
        for pair in places.chunks_exact(2) {
            let kind = other.records[pair[0]].kind.clone();
            other.records[pair[0]].kind = other.records[pair[1]].kind.clone();
            other.records[pair[1]].kind = kind;
        }
        TesterVerdict::noticed(seed_ignored(&sound(seed), &other).is_some())
    }),
    ("a session that says another seed", |seed| {
        let other = sound(seed.wrapping_add(1));
        TesterVerdict::noticed(seed_ignored(&sound(seed), &other).is_some())
    }),
];
