//! What every group of checks is: a fold over observations that ends in verdicts.

use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding, Reason, Verdict};

/// Findings kept per check; the rest are only counted.
pub const FINDINGS_KEPT: usize = 100;

/// One fold that judges one or more checks of the catalogue.
///
/// For each record the judge first feeds the index, then every check. Keep state per run in a map by
/// [`RunIx`] and give it up in [`Check::run_settled`], which comes exactly once for every run: some
/// time after its terminal, or at the end of the history.
pub trait Check {
    /// The ids it answers for; [`Check::finish`] gives one result for each.
    fn ids(&self) -> &'static [&'static str];

    /// Takes in one record.
    fn observe(&mut self, seen: &Observation<'_>, index: &Index);

    /// A run is over for good; what is owed can be judged now.
    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let _ = (run, view, index);
    }

    /// Says the verdicts.
    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult>;
}

/// The running count of one check: how many things were looked at, how many were right, and evidence
/// of the others.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Things looked at.
    pub of: u64,
    /// Things found right.
    pub n: u64,
    /// Evidence, the first [`FINDINGS_KEPT`].
    pub findings: Vec<Finding>,
    /// Whether something was broken, also when its finding was not kept.
    pub broken: bool,
    /// Why it could not be judged, where it could not; loses against a finding.
    pub inconclusive: Option<Reason>,
    /// The measured value.
    pub value: Option<f64>,
    /// The limit used.
    pub limit: Option<f64>,
}

impl Tally {
    /// One thing was looked at and was right.
    pub fn kept(&mut self) {
        self.of += 1;
        self.n += 1;
    }

    /// One thing was looked at and was wrong. `evidence` is only called while findings are kept.
    pub fn broke(&mut self, evidence: impl FnOnce() -> Finding) {
        self.of += 1;
        self.broken = true;
        self.note(evidence);
    }

    /// The same, for one whose evidence was not kept.
    pub fn broke_unseen(&mut self) {
        self.of += 1;
        self.broken = true;
    }

    /// Adds evidence without counting another thing looked at; the check fails.
    pub fn note(&mut self, evidence: impl FnOnce() -> Finding) {
        self.broken = true;
        if self.findings.len() < FINDINGS_KEPT {
            self.findings.push(evidence());
        }
    }

    /// One thing was looked at; `evidence` says what was wrong with it, if anything.
    pub fn judge(&mut self, evidence: Option<Finding>) {
        match evidence {
            None => self.kept(),
            Some(finding) => self.broke(|| finding),
        }
    }

    /// Something could not be judged; the first reason stays.
    pub fn doubt(&mut self, reason: Reason) {
        self.inconclusive.get_or_insert(reason);
    }

    /// The result: fail when anything broke, else inconclusive when something could not be judged or
    /// nothing was there to look at, else pass.
    #[must_use]
    pub fn into_result(self, id: &'static str) -> CheckResult {
        let verdict = if self.broken {
            Verdict::Fail
        } else if let Some(reason) = self.inconclusive {
            Verdict::Inconclusive(reason)
        } else if self.of == 0 {
            Verdict::Inconclusive(Reason::NoCoverage)
        } else {
            Verdict::Pass
        };
        CheckResult {
            id,
            verdict,
            limit: self.limit,
            value: self.value.filter(|value| value.is_finite()),
            n: self.n,
            of: self.of,
            findings: self.findings,
        }
    }
}
