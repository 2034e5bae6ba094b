//! The report `goldenpath.report/1`: its keys are an interface, described in `docs/report.schema.json`.

use crate::finite;
use crate::story::Story;
use goldenpath_checkers::{Coverage, Finding};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The schema's name, in every report's `schema`.
pub const SCHEMA: &str = "goldenpath.report/1";

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was driven, and how.
    pub validation_session: ValidationSession,
    /// What the checks said.
    pub execution_results: ExecutionResults,
    /// What really happened.
    pub coverage: Coverage,
    /// The rules of a release, one by one.
    pub compliance_check: ComplianceCheck,
    /// Advice that does not block.
    pub recommendations: Vec<String>,
    /// What to do with the release.
    pub deployment_decision: DeploymentDecision,
    /// What the witnesses of failed checks tell, by check id: for people, and not in the document.
    #[serde(skip)]
    pub stories: BTreeMap<String, Story>,
}

/// What was driven, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidationSession {
    /// The session folder's name.
    pub session_id: String,
    /// When it began: RFC 3339, UTC.
    pub timestamp: String,
    /// How long it took.
    #[serde(serialize_with = "finite::required")]
    pub duration_seconds: f64,
    /// The environment's name.
    pub target_environment: String,
    /// The address, without secrets.
    pub target: String,
    /// The profile that read the frames.
    pub profile: String,
    /// What fixed prompts, ids, users and order.
    pub seed: u64,
    /// Distinct identities.
    pub users: u32,
    /// The settings in force, without secrets.
    pub configuration: Map<String, Value>,
}

/// What the checks said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionResults {
    /// Whether nothing failed and nothing required stayed open.
    pub passed: bool,
    /// Checks, counted by verdict.
    pub test_metrics: TestMetrics,
    /// Every check of the catalogue, in its order.
    pub checks: Vec<CheckEntry>,
    /// Quantities of the whole run; `null` where not observable or too few.
    pub monitoring_metrics: MonitoringMetrics,
    /// Which patterns of failure the findings add up to.
    pub failure_analysis: Vec<FailureAnalysis>,
}

/// Checks, counted by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the verdicts")]
pub struct TestMetrics {
    pub tests_passed: usize,
    pub tests_failed: usize,
    pub tests_inconclusive: usize,
    pub tests_not_observable: usize,
    pub tests_not_run: usize,
    pub total_tests: usize,
}

/// What a check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// The promise was kept.
    Pass,
    /// It was broken.
    Fail,
    /// Nobody can say.
    Inconclusive,
    /// This target cannot show it.
    NotObservable,
    /// Not asked for, or it could not run here.
    NotRun,
}

impl CheckVerdict {
    /// The verdict as reports write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NotObservable => "not_observable",
            Self::NotRun => "not_run",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckEntry {
    /// `group/name`.
    pub id: String,
    /// Its category.
    pub category: String,
    /// What it said.
    pub verdict: CheckVerdict,
    /// Why it could not be judged, or did not run.
    pub reason: Option<String>,
    /// Whether a release needs it judged.
    pub required: bool,
    /// The limit used.
    #[serde(serialize_with = "finite::optional")]
    pub limit: Option<f64>,
    /// What was measured.
    #[serde(serialize_with = "finite::optional")]
    pub value: Option<f64>,
    /// The unit of both.
    pub unit: Option<String>,
    /// Things found right…
    pub n: u64,
    /// …of so many looked at.
    pub of: u64,
    /// The evidence.
    pub findings: Vec<Finding>,
}

/// Quantities of the whole run; `None` where not observable or too few.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each name says its unit")]
pub struct MonitoringMetrics {
    pub total_events: u64,
    #[serde(serialize_with = "finite::optional")]
    pub success_rate_percent: Option<f64>,
    #[serde(serialize_with = "finite::optional")]
    pub connection_success_rate_percent: Option<f64>,
    #[serde(serialize_with = "finite::optional")]
    pub avg_latency_ms: Option<f64>,
    #[serde(serialize_with = "finite::optional")]
    pub p50_latency_ms: Option<f64>,
    #[serde(serialize_with = "finite::optional")]
    pub p95_latency_ms: Option<f64>,
    #[serde(serialize_with = "finite::optional")]
    pub p99_latency_ms: Option<f64>,
    #[serde(serialize_with = "finite::optional")]
    pub max_latency_ms: Option<f64>,
    #[serde(serialize_with = "finite::optional")]
    pub throughput_events_per_second: Option<f64>,
    #[serde(serialize_with = "finite::optional")]
    pub memory_growth_mb: Option<f64>,
}

/// A pattern of failure that findings add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureAnalysis {
    /// Its name, such as `cross_user_leak`.
    pub pattern: String,
    /// Whether one of them blocks a release at any sample size.
    pub critical: bool,
    /// The checks that show it.
    pub checks: Vec<String>,
    /// How many findings.
    pub occurrences: u64,
    /// The first finding's sentence.
    pub summary: String,
}

/// The rules of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComplianceCheck {
    /// Whether no rule is broken, and none that had to be judged is open.
    pub overall_passed: bool,
    /// Rule by rule.
    pub checks: ComplianceChecks,
    /// The broken rules, in words.
    pub violations: Vec<String>,
}

/// Rule by rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the rules")]
pub struct ComplianceChecks {
    pub categories_passed: Compliance,
    pub latency: Compliance,
    pub success_rate: Compliance,
    pub event_completeness: Compliance,
    pub isolation: Compliance,
    pub critical_patterns: Compliance,
    pub memory: Compliance,
}

/// One rule: whether it was kept, and by what number against what limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Compliance {
    /// `None`: it could not be judged, or was not asked for.
    pub passed: Option<bool>,
    /// What was measured.
    #[serde(serialize_with = "finite::optional")]
    pub value: Option<f64>,
    /// What is allowed.
    #[serde(serialize_with = "finite::optional")]
    pub limit: Option<f64>,
}

/// Whether the decision is about a release, or about a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Functional, integration, performance, resilience and security all ran.
    Full,
    /// Not all of them: no release decision.
    Partial,
}

/// What to do with the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeploymentDecision {
    /// Whether it may go out, as far as `scope` reaches.
    pub approved: bool,
    /// How far the decision reaches.
    pub scope: Scope,
    /// In one sentence.
    pub reason: String,
    /// What blocks.
    pub critical_issues: Vec<String>,
    /// What must be done before asking again.
    pub required_actions: Vec<String>,
}
