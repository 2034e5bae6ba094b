//! Faults that the catalogue does not list: combinations, rarer ones, later in a session, in other words.
//!
//! Each names the promise it breaks, by the checks of which one must say so, on every seed, blaming nobody it did not touch.

mod answers;
mod connection;
mod content;
mod leaks;
mod notes;
mod requests;
mod returns;
mod sequence;
mod time;

use goldenpath_checkers::{Category, JudgeConfig};
use goldenpath_detection::{FaultResult, Session, assess, broken};
use goldenpath_faults::{Driver, Fault, FaultInfo};
use goldenpath_simulator::{History, Scenario, simulate};

/// Every row, by the file that holds it.
pub(crate) const ALL: &[(&str, &[Row])] = &[
    ("answers", answers::ROWS),
    ("connection", connection::ROWS),
    ("content", content::ROWS),
    ("leaks", leaks::ROWS),
    ("requests", requests::ROWS),
    ("returns", returns::ROWS),
    ("sequence", sequence::ROWS),
    ("time", time::ROWS),
];

/// Seeds per fault: few, since the rows are many.
const SEEDS: u64 = 3;

/// A fault, the checks whose promise it breaks, and a session in which it can.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    summary: &'static str,
    owners: &'static [&'static str],
    scenario: fn() -> Scenario,
    make: fn(u64) -> Box<dyn Fault>,
}

impl Row {
    const fn new(
        summary: &'static str,
        owners: &'static [&'static str],
        make: fn(u64) -> Box<dyn Fault>,
    ) -> Self {
        Self { summary, owners, scenario: || Scenario::golden_path().runs(3).without_store(), make }
    }

    const fn in_session(self, scenario: fn() -> Scenario) -> Self {
        Self { scenario, ..self }
    }

    pub(crate) fn summary(&self) -> &'static str {
        self.summary
    }

    fn info(&self) -> FaultInfo {
        FaultInfo {
            id: "adversary",
            summary: self.summary,
            owner: self.owners[0],
            driver: Driver::Proxy,
            needs: &[],
            make: self.make,
        }
    }

    /// The session before anything is broken, and the broken one.
    pub(crate) fn sessions(&self, seed: u64) -> (History, Session) {
        let healthy = simulate(&(self.scenario)(), seed);
        let session = broken(&self.info(), &healthy, seed);
        (healthy, session)
    }

    /// What is wrong about a seed: that nobody says so, or that somebody is wrongly blamed.
    fn tried(&self, seed: u64) -> Vec<String> {
        let (info, (_, session)) = (self.info(), self.sessions(seed));
        let config = JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
        let attempt = assess(&info, &session, &config);
        if attempt.result == FaultResult::NotFired {
            return vec!["it never acted".to_owned()];
        }
        let blamed = attempt.blamed.iter();
        let mut wrong: Vec<String> =
            blamed.map(|it| format!("{} blames the untouched: {}", it.check, it.summary)).collect();
        let failed = attempt.failed;
        if !failed.iter().any(|check| self.owners.contains(check)) {
            wrong.push(format!("{:?} say nothing, only {failed:?}", self.owners));
        }
        wrong
    }
}

fn are_caught(rows: &[Row]) {
    let mut missed = Vec::new();
    for row in rows {
        for seed in 0..SEEDS {
            missed
                .extend(row.tried(seed).iter().map(|wrong| format!("{}, seed {seed}: {wrong}", row.summary)));
        }
    }
    assert!(missed.is_empty(), "{} wrong:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn leaks_in_other_places_and_spellings_are_caught() {
    are_caught(leaks::ROWS);
}

#[test]
fn runs_that_contradict_themselves_are_caught() {
    are_caught(sequence::ROWS);
}

#[test]
fn requests_and_runs_that_do_not_fit_are_caught() {
    are_caught(requests::ROWS);
}

#[test]
fn rare_faults_of_time_are_caught() {
    are_caught(time::ROWS);
}

#[test]
fn texts_that_parse_and_are_wrong_are_caught() {
    are_caught(content::ROWS);
}

#[test]
fn answers_that_read_well_and_are_wrong_are_caught() {
    are_caught(answers::ROWS);
}

#[test]
fn returns_told_otherwise_are_caught() {
    are_caught(returns::ROWS);
}

#[test]
fn connections_almost_as_they_should_be_are_caught() {
    are_caught(connection::ROWS);
}
