//! The decision: approved only if everything asked for ran, nothing failed, and nothing required stayed open.
//!
//! A pure function of what the checks said and what is known of the run. Doubt never approves: a number
//! that is none, a pass that looked at nothing and a category that did not run are all open questions.

use crate::advice::recommendations;
use crate::baseline;
use crate::compliance::comply;
use crate::entry::entry;
use crate::facts::{Demand, Ending, RunFacts};
use crate::failure;
use crate::finite::finite;
use crate::guide::guide;
use crate::model::{
    CheckEntry, CheckVerdict, ComplianceCheck, DeploymentDecision, ExecutionResults, MonitoringMetrics,
    Report, SCHEMA, Scope, TestMetrics, ValidationSession,
};
use crate::open_questions::{Open, ending_question, open_questions, unmeasured_rules};
use goldenpath_checkers::{CHECKS, Category, Judgement, Metrics};
use std::collections::BTreeMap;

/// The categories whose verdicts together make a release decision.
const RELEASE: [Category; 5] = [
    Category::Functional,
    Category::Integration,
    Category::Performance,
    Category::Resilience,
    Category::Security,
];

/// How a run came out, as its exit code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 0: nothing failed, and all that was required could be judged.
    Approved,
    /// 1: a check failed.
    Blocked,
    /// 3: nothing failed, but something required could not be judged.
    Inconclusive,
    /// 130: somebody stopped it.
    Interrupted,
}

impl Outcome {
    /// The exit code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Approved => 0,
            Self::Blocked => 1,
            Self::Inconclusive => 3,
            Self::Interrupted => 130,
        }
    }

    /// The word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Blocked => "blocked",
            Self::Inconclusive => "inconclusive",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The decision with the report that says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// How it came out.
    pub outcome: Outcome,
    /// The report; its `deployment_decision` says the same in words.
    pub report: Report,
}

/// Decides, and writes down why. Regressions against `baseline` count as broken promises.
#[must_use]
pub fn decide(judgement: &Judgement, facts: &RunFacts, baseline: Option<&Report>) -> Decision {
    let mut checks: Vec<CheckEntry> = CHECKS.iter().map(|info| entry(info, judgement, facts)).collect();
    let metrics = metrics(&judgement.metrics);
    if let Some(before) = baseline {
        baseline::add_regressions(&mut checks, &metrics, before);
    }
    let patterns = failure::analyse(&checks);
    let mut open = open_questions(&checks, judgement, facts);
    let mut compliance = comply(&checks, &metrics, &patterns, facts, !open.is_empty());
    let unmeasured = unmeasured_rules(&checks, &compliance);
    compliance.overall_passed &= unmeasured.is_empty();
    open.extend(unmeasured);
    let failed: Vec<&CheckEntry> =
        checks.iter().filter(|entry| entry.required && entry.verdict == CheckVerdict::Fail).collect();
    let outcome = outcome(!failed.is_empty() || !compliance.violations.is_empty(), &open, &facts.ending);
    let decision = deployment_decision(outcome, &failed, &compliance, &open, facts);
    let recommendations = recommendations(&checks, facts);
    let report = Report {
        schema: SCHEMA.to_owned(),
        validation_session: session(facts),
        execution_results: ExecutionResults {
            passed: failed.is_empty() && open.is_empty(),
            test_metrics: count(&checks),
            checks,
            monitoring_metrics: metrics,
            failure_analysis: patterns,
        },
        coverage: judgement.coverage.clone(),
        compliance_check: compliance,
        recommendations,
        deployment_decision: decision,
        stories: BTreeMap::new(),
    };
    Decision { outcome, report }
}

fn outcome(broken: bool, open: &[Open], ending: &Ending) -> Outcome {
    match (ending, broken, open.is_empty()) {
        (Ending::Interrupted, _, _) => Outcome::Interrupted,
        (_, true, _) => Outcome::Blocked,
        (_, false, false) => Outcome::Inconclusive,
        (_, false, true) => Outcome::Approved,
    }
}

fn session(facts: &RunFacts) -> ValidationSession {
    ValidationSession {
        session_id: facts.session_id.clone(),
        timestamp: facts.timestamp.clone(),
        duration_seconds: finite(Some(facts.duration_seconds)).unwrap_or(0.0),
        target_environment: facts.target_environment.clone(),
        target: facts.target.clone(),
        profile: facts.profile.clone(),
        seed: facts.seed,
        users: facts.users,
        configuration: facts.configuration.clone(),
    }
}

fn metrics(said: &Metrics) -> MonitoringMetrics {
    MonitoringMetrics {
        total_events: said.total_events,
        success_rate_percent: finite(said.success_rate_percent),
        connection_success_rate_percent: finite(said.connection_success_rate_percent),
        avg_latency_ms: finite(said.avg_latency_ms),
        p50_latency_ms: finite(said.p50_latency_ms),
        p95_latency_ms: finite(said.p95_latency_ms),
        p99_latency_ms: finite(said.p99_latency_ms),
        max_latency_ms: finite(said.max_latency_ms),
        throughput_events_per_second: finite(said.throughput_events_per_second),
        memory_growth_mb: finite(said.memory_growth_mb),
    }
}

fn count(checks: &[CheckEntry]) -> TestMetrics {
    let of = |verdict| checks.iter().filter(|entry| entry.verdict == verdict).count();
    TestMetrics {
        tests_passed: of(CheckVerdict::Pass),
        tests_failed: of(CheckVerdict::Fail),
        tests_inconclusive: of(CheckVerdict::Inconclusive),
        tests_not_observable: of(CheckVerdict::NotObservable),
        tests_not_run: of(CheckVerdict::NotRun),
        total_tests: checks.len(),
    }
}

fn scope(facts: &RunFacts) -> Scope {
    let ran = |category| facts.categories.iter().any(|run| run.category == category && run.not_run.is_none());
    // What somebody else recorded shows what it shows, which may be little of a category.
    if facts.demand == Demand::EveryRequiredCheck && RELEASE.into_iter().all(ran) {
        Scope::Full
    } else {
        Scope::Partial
    }
}

fn deployment_decision(
    outcome: Outcome,
    failed: &[&CheckEntry],
    compliance: &ComplianceCheck,
    open: &[Open],
    facts: &RunFacts,
) -> DeploymentDecision {
    let scope = scope(facts);
    let mut critical_issues: Vec<String> = failed.iter().map(|entry| issue(entry)).collect();
    critical_issues.extend(compliance.violations.iter().cloned());
    if facts.ending != Ending::Complete {
        critical_issues.extend(ending_question(&facts.ending).map(|open| open.what));
    }
    let mut required_actions: Vec<String> = failed.iter().map(|entry| action(entry)).collect();
    required_actions.extend(open.iter().map(|open| open.action.clone()));
    DeploymentDecision {
        approved: outcome == Outcome::Approved,
        scope,
        reason: reason(outcome, scope, failed, compliance, open, facts),
        critical_issues,
        required_actions,
    }
}

pub(crate) fn issue(entry: &CheckEntry) -> String {
    let promise = CHECKS.iter().find(|info| info.id == entry.id).map_or("", |info| info.promise);
    match (entry.findings.first(), entry.findings.len()) {
        (Some(first), 1) => format!("`{}`: {}", entry.id, first.summary),
        (Some(first), count) => format!("`{}`: {} (and {} more)", entry.id, first.summary, count - 1),
        (None, _) => format!("`{}`: broken: {promise}", entry.id),
    }
}

fn action(entry: &CheckEntry) -> String {
    let remedy = guide(&entry.id).map_or("find out why, and repair it", |guide| guide.remedy);
    format!("`{}`: {remedy}", entry.id)
}

fn reason(
    outcome: Outcome,
    scope: Scope,
    failed: &[&CheckEntry],
    compliance: &ComplianceCheck,
    open: &[Open],
    facts: &RunFacts,
) -> String {
    let said = match outcome {
        Outcome::Approved => "every category that ran passed, and nothing required stayed open".to_owned(),
        Outcome::Blocked if failed.is_empty() => compliance.violations.join("; "),
        Outcome::Blocked => {
            let ids: Vec<String> = failed.iter().take(3).map(|entry| format!("`{}`", entry.id)).collect();
            let more = failed.len().saturating_sub(3);
            let tail = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{} check(s) failed: {}{tail}", failed.len(), ids.join(", "))
        }
        Outcome::Inconclusive => {
            let first = open.first().map_or("something required", |open| open.what.as_str());
            let more = open.len().saturating_sub(1);
            let tail = if more == 0 { String::new() } else { format!(" (and {more} more open)") };
            format!("nothing failed, but {first}{tail}")
        }
        Outcome::Interrupted => {
            format!("the run was interrupted; {} check(s) had failed by then", failed.len())
        }
    };
    match scope {
        Scope::Full => said,
        Scope::Partial => format!("{said}; partial, no release decision: {}", left_out(facts)),
    }
}

/// The categories of a release decision that did not run.
fn left_out(facts: &RunFacts) -> String {
    let missing: Vec<&str> = RELEASE
        .into_iter()
        .filter(|category| {
            !facts.categories.iter().any(|run| run.category == *category && run.not_run.is_none())
        })
        .map(Category::as_str)
        .collect();
    if missing.is_empty() {
        return "judged is what the records show".to_owned();
    }
    format!("{} did not run", missing.join(", "))
}
