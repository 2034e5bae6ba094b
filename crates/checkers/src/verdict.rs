//! What a check says: a verdict, with evidence.

use crate::catalogue::{Category, check_info};
use serde::{Deserialize, Serialize};

/// Why something required could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// What it judges never happened.
    NoCoverage,
    /// A fault was switched on and touched nothing.
    FaultNotFired,
    /// The capture lost records, or ends early.
    CaptureIncomplete,
    /// Too few samples for the claim.
    TooFewSamples,
    /// The clocks' offset is too uncertain for the limit.
    ClockUncertain,
    /// The measuring client was itself overloaded.
    ClientOverloaded,
    /// The target was down.
    TargetUnavailable,
    /// The run's time was over.
    TimedOut,
    /// The check itself failed.
    CheckPanicked,
}

/// What a check says. Worst wins: fail > inconclusive > pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Looked, and the promise was kept.
    Pass,
    /// Looked, and the promise was broken.
    Fail,
    /// Could not look well enough.
    Inconclusive(Reason),
    /// The profile or the authentication mode says that this target cannot show it.
    NotObservable(String),
    /// Its category was not asked for, or cannot run here.
    NotRun(String),
}

/// The evidence of one broken promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// One sentence that names the user, the run and what broke.
    pub summary: String,
    /// What was promised.
    pub expected: String,
    /// What came.
    pub observed: String,
    /// Line numbers of the history (its header is line 1).
    pub records: Vec<u64>,
    /// The file of the smallest history that still fails, once shrunk.
    pub witness: Option<String>,
}

impl Finding {
    /// Evidence with its record lines; a line 0 (unknown) is left out.
    #[must_use]
    pub fn new(
        summary: impl Into<String>,
        expected: impl Into<String>,
        observed: impl Into<String>,
        records: impl IntoIterator<Item = u64>,
    ) -> Self {
        Self {
            summary: summary.into(),
            expected: expected.into(),
            observed: observed.into(),
            records: records.into_iter().filter(|line| *line > 0).collect(),
            witness: None,
        }
    }
}

/// One check's verdict with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// `group/name`, as in the catalogue.
    pub id: &'static str,
    /// What it says.
    pub verdict: Verdict,
    /// The limit used, in the catalogue's unit.
    pub limit: Option<f64>,
    /// The measured value, in the same unit.
    pub value: Option<f64>,
    /// Things judged to be right…
    pub n: u64,
    /// …of this many looked at.
    pub of: u64,
    /// Evidence; the first hundred, the rest only counted in `of` − `n`.
    pub findings: Vec<Finding>,
}

/// What must really have happened for the verdicts to mean anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// What the chosen categories list.
    pub declared: Vec<String>,
    /// What happened.
    pub exercised: Vec<String>,
    /// What did not.
    pub missing: Vec<String>,
}

/// Quantities of the whole history; `None` where not observable or too few.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each name says its unit")]
pub struct Metrics {
    pub total_events: u64,
    pub success_rate_percent: Option<f64>,
    pub connection_success_rate_percent: Option<f64>,
    pub avg_latency_ms: Option<f64>,
    pub p50_latency_ms: Option<f64>,
    pub p95_latency_ms: Option<f64>,
    pub p99_latency_ms: Option<f64>,
    pub max_latency_ms: Option<f64>,
    pub throughput_events_per_second: Option<f64>,
    pub memory_growth_mb: Option<f64>,
}

/// All that the checks say of one history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// One entry per check of the catalogue, in its order.
    pub checks: Vec<CheckResult>,
    /// What was exercised.
    pub coverage: Coverage,
    /// Quantities.
    pub metrics: Metrics,
}

impl Judgement {
    /// Whether any check of a category was run.
    #[must_use]
    pub fn judged(&self, category: Category) -> bool {
        let of = |check: &CheckResult| check_info(check.id).is_some_and(|info| info.category == category);
        self.checks.iter().any(|check| of(check) && !matches!(check.verdict, Verdict::NotRun(_)))
    }
}
