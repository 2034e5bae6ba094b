//! What is wrong with the instruments: a fault that never acts (V03), a check that panics (V05), a client that is late itself (V06),
//! numbers that are none (V09).

use super::decided::{decided, facts, judged};
use super::sound::sound;
use super::{TesterVerdict, Trials};
use crate::assess::{FaultResult, assess};
use crate::session::simulated;
use goldenpath_checkers::{
    Check, CheckResult, Index, Judge, JudgeConfig, Judgement, Observation, RunIx, RunView,
};
use goldenpath_faults::fault_info;
use goldenpath_history::{FaultPhase, Record, RecordKind};
use goldenpath_report::decide;
use goldenpath_simulator::History;

pub(super) const IDLE_FAULT: Trials = &[
    ("a session in which a fault began and ended", |seed| {
        let mut history = sound(seed);
        let last_ns = history.records.last().map_or(0, |last| last.t_ns);
        let phase = |t_ns, phase| {
            let kind = RecordKind::Fault { id: "L04".into(), phase, receipt: None };
            Record { t_ns, conn: None, user: None, kind }
        };
        history.records.insert(0, phase(0, FaultPhase::Begin));
        history.records.push(phase(last_ns, FaultPhase::End));
        decided(&history).outcome.into()
    }),
    ("a check fails as if the fault had acted, and no receipt says so", |seed| {
        let Some(row) = fault_info("L04") else { return TesterVerdict::Approved };
        let mut session = simulated(row, seed);
        session.receipts.clear();
        let attempt = assess(row, &session, &JudgeConfig::default());
        TesterVerdict::noticed(attempt.result == FaultResult::NotFired)
    }),
    ("receipts are of another fault", |seed| {
        let (Some(row), Some(other)) = (fault_info("L04"), fault_info("L03")) else {
            return TesterVerdict::Approved;
        };
        let mut session = simulated(row, seed);
        session.receipts = simulated(other, seed).receipts;
        let attempt = assess(row, &session, &JudgeConfig::default());
        TesterVerdict::noticed(attempt.result == FaultResult::NotFired)
    }),
];

/// When a check panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panics {
    Observing,
    Settling,
    Finishing,
}

impl Panics {
    /// Unwinds as a panic does, without a word on stderr: it is meant to happen.
    fn now(self) -> ! {
        std::panic::resume_unwind(Box::new("a check of the tester's own fails"))
    }
}

impl Check for Panics {
    fn ids(&self) -> &'static [&'static str] {
        &["sequence/one-terminal"]
    }

    fn observe(&mut self, _: &Observation<'_>, _: &Index) {
        if *self == Self::Observing {
            self.now()
        }
    }

    fn run_settled(&mut self, _: RunIx, _: &RunView, _: &Index) {
        if *self == Self::Settling {
            self.now()
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        if *self == Self::Finishing {
            self.now()
        }
        Vec::new()
    }
}

pub(super) const PANICS: Trials = &[
    ("at a record", |seed| panicking(seed, Panics::Observing)),
    ("when a run is over", |seed| panicking(seed, Panics::Settling)),
    ("at its verdict", |seed| panicking(seed, Panics::Finishing)),
];

fn panicking(seed: u64, panics: Panics) -> TesterVerdict {
    let history = sound(seed);
    let mut judge = Judge::new(&history.header, JudgeConfig::default());
    judge.add(Box::new(panics));
    decide(&judge.judge_all(&history.records), &facts(&history), None).outcome.into()
}

pub(super) const SLOW: Trials = &[("a request went out late, and so did all that the client did", |seed| {
    decided(&late(seed, Some(4_000.0))).outcome.into()
})];

/// How much later than planned the request is sent.
const LATE_NS: u64 = 2_000_000_000;

/// A session whose last request is sent late, by a client that says it was late by so many milliseconds, all the time.
fn late(seed: u64, lag_ms: Option<f64>) -> History {
    let mut history = sound(seed);
    let mut due = true;
    for record in history.records.iter_mut().rev() {
        let t_ns = record.t_ns;
        match (&mut record.kind, lag_ms) {
            (RecordKind::Request { intended_t_ns, .. }, _) if due => {
                *intended_t_ns = t_ns.saturating_sub(LATE_NS);
                due = false;
            }
            (RecordKind::Sample { name, value }, Some(lag_ms)) if name == "scheduler_lag_ms" => {
                *value = lag_ms
            }
            _ => {}
        }
    }
    history
}

pub(super) const NUMBERS: Trials = &[
    ("the average latency is no number", |seed| {
        numbered(seed, |judgement| judgement.metrics.avg_latency_ms = Some(f64::NAN))
    }),
    ("the average latency is missing", |seed| {
        numbered(seed, |judgement| judgement.metrics.avg_latency_ms = None)
    }),
    ("the success rate is infinite", |seed| {
        numbered(seed, |judgement| judgement.metrics.success_rate_percent = Some(f64::INFINITY))
    }),
    ("the success rate is missing", |seed| {
        numbered(seed, |judgement| judgement.metrics.success_rate_percent = None)
    }),
    ("what a check measured is no number", |seed| {
        numbered(seed, |judgement| each_value(judgement, |check| check.value = check.value.map(|_| f64::NAN)))
    }),
    ("a limit is no number", |seed| {
        numbered(seed, |judgement| each_value(judgement, |check| check.limit = check.limit.map(|_| f64::NAN)))
    }),
    ("a check is missing", |seed| {
        numbered(seed, |judgement| judgement.checks.retain(|check| check.id != "delivery/no-loss"))
    }),
    ("a check passes and looked at nothing", |seed| {
        numbered(seed, |judgement| each_value(judgement, |check| check.of = 0))
    }),
];

fn numbered(seed: u64, spoil: fn(&mut Judgement)) -> TesterVerdict {
    let history = sound(seed);
    let mut judgement = judged(&history);
    spoil(&mut judgement);
    decide(&judgement, &facts(&history), None).outcome.into()
}

fn each_value(judgement: &mut Judgement, spoil: impl Fn(&mut CheckResult)) {
    judgement.checks.iter_mut().for_each(spoil);
}

#[cfg(test)]
mod tests {
    use super::super::decided::decided;
    use super::late;
    use goldenpath_report::Outcome;

    /// What makes the trial of V06 inconclusive is the client's own lag.
    #[test]
    fn what_comes_late_is_blamed_on_a_target_whose_client_was_in_time() {
        assert_eq!(decided(&late(1, None)).outcome, Outcome::Blocked);
        let overloaded = decided(&late(1, Some(4_000.0)));
        let reason = overloaded.report.deployment_decision.reason;
        assert_eq!(overloaded.outcome, Outcome::Inconclusive, "{reason}");
        assert!(reason.contains("client_overloaded"), "{reason}");
    }
}
