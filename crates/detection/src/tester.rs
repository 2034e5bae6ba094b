//! The tester's own faults: whatever goes wrong with the looking, nobody is approved for it.
//!
//! Each trial takes a session that would be approved, lets one thing of the tester's own go wrong, and asks the same judge and the
//! same gate that real runs ask.

mod cut;
mod decided;
mod hidden;
mod ill;
mod nothing;
mod sound;

use goldenpath_report::Outcome;
use serde::Serialize;

/// How a trial of the tester itself ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TesterVerdict {
    /// Nobody is approved, nobody is blamed: what it must be.
    Inconclusive,
    /// The tester's fault was taken for the target's; no approval all the same.
    Blocked,
    /// The tester's fault went unnoticed.
    Approved,
}

impl TesterVerdict {
    /// As the JSON document writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inconclusive => "inconclusive",
            Self::Blocked => "blocked",
            Self::Approved => "approved",
        }
    }

    /// Of something that must be noticed: noticed is inconclusive, unnoticed is as bad as approved.
    fn noticed(noticed: bool) -> Self {
        if noticed { Self::Inconclusive } else { Self::Approved }
    }
}

impl From<Outcome> for TesterVerdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Approved => Self::Approved,
            Outcome::Blocked => Self::Blocked,
            Outcome::Inconclusive | Outcome::Interrupted => Self::Inconclusive,
        }
    }
}

/// One way in which a fault of the tester's own was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TesterTrial {
    /// What was wrong with the looking.
    pub what: &'static str,
    /// How it ended.
    pub verdict: TesterVerdict,
}

/// One fault of the tester's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TesterRow {
    /// Its id, such as `V04`.
    pub id: &'static str,
    /// What is wrong.
    pub summary: &'static str,
    /// How it was tried.
    pub trials: Vec<TesterTrial>,
}

impl TesterRow {
    /// The worst of its trials; without any it is as bad as approved.
    #[must_use]
    pub fn verdict(&self) -> TesterVerdict {
        self.trials.iter().map(|trial| trial.verdict).max().unwrap_or(TesterVerdict::Approved)
    }
}

/// The ways to try one row, each with its words.
type Trials = &'static [(&'static str, fn(u64) -> TesterVerdict)];

/// Every row.
const ROWS: &[(&str, &str, Trials)] = &[
    ("V01", "nothing ran", nothing::RAN),
    ("V02", "all skipped", nothing::SKIPPED),
    ("V03", "a fault was switched on and never acted", ill::IDLE_FAULT),
    ("V04", "the capture lost records", cut::LOST),
    ("V05", "a check panics", ill::PANICS),
    ("V06", "the reader is too slow to judge", ill::SLOW),
    ("V07", "a resume never replayed anything", nothing::REPLAYED),
    ("V08", "the target went down half-way", cut::DOWN),
    ("V09", "a metric is no number, or missing", ill::NUMBERS),
    ("V10", "a report or history is cut off, or of another session", cut::DOCUMENTS),
    ("V11", "a retry hid a failure", hidden::RETRIED),
    ("V12", "the seed is ignored: two runs of one seed differ", hidden::SEED),
];

/// Every fault of the tester's own: its id, and what is wrong.
pub fn tester_faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROWS.iter().map(|(id, summary, _)| (*id, *summary))
}

/// Tries one fault of the tester's own; `None`: no row has that id.
#[must_use]
pub fn tester_row(id: &str, seed: u64) -> Option<TesterRow> {
    let (id, summary, trials) = ROWS.iter().find(|(known, _, _)| *known == id)?;
    let trials = trials.iter().map(|(what, trial)| TesterTrial { what, verdict: trial(seed) }).collect();
    Some(TesterRow { id, summary, trials })
}

#[cfg(test)]
mod tests {
    use super::{TesterVerdict, tester_faults, tester_row};

    #[test]
    fn every_fault_of_the_testers_own_ends_inconclusive() {
        for seed in 0..3 {
            for row in tester_faults().filter_map(|(id, _)| tester_row(id, seed)) {
                for trial in &row.trials {
                    assert_eq!(
                        trial.verdict,
                        TesterVerdict::Inconclusive,
                        "{}, seed {seed}: {}",
                        row.id,
                        trial.what
                    );
                }
            }
        }
    }
}
