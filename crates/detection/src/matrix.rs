//! A whole measurement: every fault and the checks that fail on it, every healthy row and its alarms, every fault of the tester's own.

use crate::assess::FaultResult;
use crate::column::Column;
use crate::healthy::HealthyRow;
use crate::rates::{Rate, Rates};
use crate::tester::{TesterRow, TesterVerdict};
use goldenpath_faults::FaultInfo;

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// What was driven: an address without secrets, `embedded`, or `simulated`.
    pub target: String,
    /// The first seed; each attempt takes the next one.
    pub seed: u64,
    /// Attempts at each fault; live, where a target was driven.
    pub seeds: u64,
    /// Whether a target was driven: then the live column is a row's result.
    pub live: bool,
    /// The faults, in the order of the catalogue.
    pub faults: Vec<FaultRow>,
    /// The healthy variations.
    pub healthy: Vec<HealthyRow>,
    /// Healthy sessions that are no row: trials that some faults need.
    pub trials: Vec<HealthyRow>,
    /// The tester's own faults.
    pub tester: Vec<TesterRow>,
    /// Whether it was stopped early: what was measured by then is here.
    pub interrupted: bool,
}

/// One fault.
#[derive(Debug, Clone)]
pub struct FaultRow {
    /// The row of the catalogue.
    pub info: &'static FaultInfo,
    /// Over generated sessions.
    pub simulated: Option<Column>,
    /// In front of the target.
    pub live: Option<Column>,
    /// The file of its witness, below the session's folder.
    pub witness: Option<String>,
}

impl PartialEq for FaultRow {
    fn eq(&self, other: &Self) -> bool {
        self.info.id == other.info.id
            && (&self.simulated, &self.live, &self.witness) == (&other.simulated, &other.live, &other.witness)
    }
}

impl FaultRow {
    /// Every column there is, with its name.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &Column)> {
        let simulated = self.simulated.as_ref().map(|column| ("simulated", column));
        let live = self.live.as_ref().map(|column| ("live", column));
        simulated.into_iter().chain(live)
    }
}

impl Matrix {
    /// How often each fault was tried on either side, and from which seed on: `20 simulated, 1 live, from seed 0`.
    #[must_use]
    pub fn attempts(&self) -> String {
        let most = |of: fn(&FaultRow) -> Option<&Column>| {
            self.faults.iter().filter_map(of).map(|column| column.of).max().filter(|most| *most > 0)
        };
        let mut said = String::new();
        for (name, most) in
            [("simulated", most(|row| row.simulated.as_ref())), ("live", most(|row| row.live.as_ref()))]
        {
            said.extend(most.map(|most| format!("{most} {name}, ")));
        }
        format!("{said}from seed {}", self.seed)
    }

    /// The column that a row's result is told from.
    #[must_use]
    pub fn shown<'a>(&self, row: &'a FaultRow) -> Option<&'a Column> {
        if self.live { row.live.as_ref() } else { row.simulated.as_ref() }
    }

    /// How many rows their owner caught on every seed, of those that were tried, and the same of single sessions; by the columns
    /// that `of` picks.
    pub fn caught<'a>(&'a self, of: impl Fn(&'a FaultRow) -> Option<&'a Column>) -> (Rate, Rate) {
        let (mut rows, mut sessions) = (Rate::default(), Rate::default());
        for column in self.faults.iter().filter_map(of).filter(|column| column.result.was_tried()) {
            rows.count(column.result == FaultResult::Caught);
            sessions.n += column.caught;
            sessions.of += column.of;
        }
        (rows, sessions)
    }

    /// The rates, with their bounds.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let (caught, sessions) = self.caught(|row| self.shown(row));
        let (mut alarms, mut alarmed) = (Rate::default(), Rate::default());
        for row in &self.healthy {
            alarms.count(row.alarmed > 0);
        }
        for row in self.healthy.iter().chain(&self.trials) {
            alarmed.n += row.alarmed;
            alarmed.of += row.sessions;
        }
        Rates {
            caught: caught.into(),
            false_alarm: alarms.into(),
            caught_sessions: sessions.into(),
            false_alarm_sessions: alarmed.into(),
        }
    }

    /// All that makes the gate worth less than it promises, one sentence each; none: the gate proved itself.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for row in &self.faults {
            for (name, column) in row.columns().filter(|(_, column)| column.is_bad()) {
                problems.extend(fault_problems(row, name, column));
            }
        }
        for row in self.healthy.iter().chain(&self.trials).filter(|row| row.alarmed > 0) {
            let first = row.first.as_deref().unwrap_or_default();
            problems.push(format!(
                "{}: false alarm on {} of {} sessions: {first}",
                row.id, row.alarmed, row.sessions
            ));
        }
        for row in self.tester.iter().filter(|row| row.verdict() == TesterVerdict::Approved) {
            problems.push(format!("{} ({}): approved", row.id, row.summary));
        }
        problems
    }

    /// What could not be judged because this machine was too busy, one sentence each: it proves nothing, either way.
    #[must_use]
    pub fn unjudged(&self) -> Vec<String> {
        let columns = self.faults.iter().flat_map(|row| row.columns().map(move |column| (row.info, column)));
        let unjudged = columns.filter(|(_, (_, column))| column.result == FaultResult::Inconclusive);
        let said = |(info, (name, column)): (&FaultInfo, (&str, &Column))| {
            let why = column.reason.as_deref().unwrap_or("nobody says why");
            format!(
                "{} ({}), {name}: inconclusive, caught on {} of {} ({why})",
                info.id, info.summary, column.caught, column.of
            )
        };
        unjudged.map(said).collect()
    }
}

fn fault_problems(row: &FaultRow, name: &str, column: &Column) -> Vec<String> {
    let mut problems = Vec::new();
    let info = row.info;
    if column.result.is_bad() {
        let result = column.result.as_str();
        let why = column.reason.as_deref().unwrap_or("nobody says why");
        problems.push(format!(
            "{} ({}), {name}: {result}, caught on {} of {} ({why})",
            info.id, info.summary, column.caught, column.of
        ));
    }
    if let Some(first) = column.blamed.first() {
        problems.push(format!(
            "{} ({}), {name}: the untouched blamed on {} of {}: {}: {}",
            info.id, info.summary, column.blaming, column.of, first.check, first.summary
        ));
    }
    problems
}
