//! The healthy variations: sessions in which nothing is wrong, although much looks unusual. Not one may raise an alarm.

use crate::assess::judge;
use goldenpath_checkers::{JudgeConfig, Verdict};
use goldenpath_simulator::{History, Scenario, healthy_trials, healthy_variations, simulate};
use std::collections::BTreeMap;

/// Every row and what is unusual about it.
pub const HEALTHY: &[(&str, &str)] = &[
    ("H01", "extra types in `x.`"),
    ("H02", "extra fields"),
    ("H03", "many thinking events"),
    ("H04", "a run without tools where the scenario allows it"),
    ("H05", "tools in a row"),
    ("H06", "parallel tools, any order of completion"),
    ("H07", "nested agents"),
    ("H08", "two runs of one user interleaved"),
    ("H09", "two tabs"),
    ("H10", "equal prompts of two users"),
    ("H11", "resume without a gap"),
    ("H12", "overlap removed by id"),
    ("H13", "gap signalled, refetched"),
    ("H14", "idempotent retry"),
    ("H15", "drain, then resume elsewhere"),
    ("H16", "heartbeats between events"),
    ("H17", "1006 after the terminal"),
    ("H18", "cancelled and said so"),
    ("H19", "tool error reported, answer degraded and labelled"),
    ("H20", "agent_failed as the terminal"),
    ("H21", "explicit 429"),
    ("H22", "token refreshed in mid-stream"),
    ("H23", "clock skew inside the bound"),
    ("H24", "equal milliseconds"),
    ("H25", "99 % of every limit"),
    ("H26", "many events per TCP segment, one byte per segment"),
    ("H27", "emoji, right-to-left, combining marks, CJK, escapes"),
    ("H28", "payload near the limit, deep JSON"),
    ("H29", "the words \"error\", \"TODO\", \"database connection\" as content"),
    ("H30", "user text that looks like an event or a secret"),
    ("H31", "memory on a plateau after the warm-up"),
    ("H32", "cold start inside its own limit"),
    ("H33", "an answer that is a short table"),
    ("H34", "client paused by the machine (inconclusive at most)"),
];

/// One healthy session to try.
#[derive(Debug, Clone)]
pub struct HealthyCase {
    /// The row, such as `H12`; of a trial that is no row, its name.
    pub row: &'static str,
    /// The variation, such as `H12-overlap`.
    pub variation: &'static str,
    /// What happens in it.
    pub scenario: Scenario,
    /// Whether it is no row of its own, but a trial that some faults need.
    pub trial: bool,
}

/// Every healthy session: the variations of the rows, then the trials.
pub fn healthy_cases() -> impl Iterator<Item = HealthyCase> {
    let rows = healthy_variations().map(|(variation, scenario)| HealthyCase {
        row: variation.split('-').next().unwrap_or(variation),
        variation,
        scenario,
        trial: false,
    });
    let trials = healthy_trials().map(|(name, scenario)| HealthyCase {
        row: name,
        variation: name,
        scenario,
        trial: true,
    });
    rows.chain(trials)
}

/// What healthy sessions of one row came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthyRow {
    /// Its id, such as `H07`.
    pub id: &'static str,
    /// What is unusual about it.
    pub summary: &'static str,
    /// Sessions judged.
    pub sessions: u64,
    /// Sessions that raised an alarm.
    pub alarmed: u64,
    /// The checks that did, and on how many sessions.
    pub checks: BTreeMap<&'static str, u64>,
    /// The first alarm.
    pub first: Option<String>,
}

impl HealthyRow {
    /// A row of which nothing was judged yet.
    #[must_use]
    pub fn new(id: &'static str) -> Self {
        let summary = HEALTHY.iter().find(|(row, _)| *row == id).map_or(id, |(_, summary)| summary);
        Self { id, summary, sessions: 0, alarmed: 0, checks: BTreeMap::new(), first: None }
    }

    /// Takes in the alarms of one session, of this name.
    pub fn count(&mut self, session: &str, seed: u64, alarms: &[Alarm]) {
        self.sessions += 1;
        self.alarmed += u64::from(!alarms.is_empty());
        for alarm in alarms {
            *self.checks.entry(alarm.check).or_insert(0) += 1;
        }
        if let (None, Some(first)) = (&self.first, alarms.first()) {
            self.first = Some(format!("{session}, seed {seed}: {}: {}", first.check, first.summary));
        }
    }

    /// `quiet` or `alarm`.
    #[must_use]
    pub fn result(&self) -> &'static str {
        if self.alarmed == 0 { "quiet" } else { "alarm" }
    }
}

/// A check that fails where nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The check.
    pub check: &'static str,
    /// What it says.
    pub summary: String,
}

impl HealthyCase {
    /// Judges its session of this seed.
    #[must_use]
    pub fn alarms(&self, seed: u64) -> Vec<Alarm> {
        alarms(&simulate(&self.scenario, seed))
    }
}

/// What fails in a session in which nothing is wrong.
#[must_use]
pub fn alarms(history: &History) -> Vec<Alarm> {
    let judgement = judge(history, &JudgeConfig::default(), None);
    let fails = judgement.checks.into_iter().filter(|check| check.verdict == Verdict::Fail);
    let alarm = |check: goldenpath_checkers::CheckResult| Alarm {
        check: check.id,
        summary: check.findings.into_iter().next().map(|finding| finding.summary).unwrap_or_default(),
    };
    fails.map(alarm).collect()
}

#[cfg(test)]
mod tests {
    use super::{HEALTHY, healthy_cases};
    use std::collections::BTreeSet;

    #[test]
    fn every_row_has_a_generated_form_and_every_form_a_row() {
        let named: BTreeSet<&str> = HEALTHY.iter().map(|(row, _)| *row).collect();
        let made: BTreeSet<&str> = healthy_cases().filter(|case| !case.trial).map(|case| case.row).collect();
        assert_eq!(made, named);
        assert_eq!(named.len(), 34);
    }
}
