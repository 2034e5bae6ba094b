//! The decision: approved only if everything asked for ran, nothing failed, and nothing required stayed open.
//!
//! A pure function of what the checks said and what is known of the run. Doubt never approves: a number
//! that is none, a pass that looked at nothing and a category that did not run are all open questions.

use crate::baseline;
use crate::compliance::comply;
use crate::facts::{Demand, Ending, RunFacts};
use crate::failure;
use crate::finite::finite;
use crate::guide::guide;
use crate::model::{
    CheckEntry, CheckVerdict, ComplianceCheck, DeploymentDecision, ExecutionResults, MonitoringMetrics,
    Report, SCHEMA, Scope, TestMetrics, ValidationSession,
};
use goldenpath_checkers::{
    CHECKS, Category, CheckInfo, CheckResult, Judgement, Metrics, Reason, Required, Verdict,
};

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

/// The report's entry of one row of the catalogue.
fn entry(info: &CheckInfo, judgement: &Judgement, facts: &RunFacts) -> CheckEntry {
    let found = judgement.checks.iter().find(|result| result.id == info.id);
    let (verdict, reason) = verdict(info, found, facts);
    let required = match info.required {
        Required::Always => true,
        Required::IfObservable => verdict != CheckVerdict::NotObservable,
        Required::Advice => false,
    };
    CheckEntry {
        id: info.id.to_owned(),
        category: info.category.as_str().to_owned(),
        verdict,
        reason,
        required,
        limit: finite(found.map_or(info.limit, |result| result.limit)),
        value: finite(found.and_then(|result| result.value)),
        unit: info.unit.map(str::to_owned),
        n: found.map_or(0, |result| result.n),
        of: found.map_or(0, |result| result.of),
        findings: found.map(|result| result.findings.clone()).unwrap_or_default(),
    }
}

fn verdict(
    info: &CheckInfo,
    found: Option<&CheckResult>,
    facts: &RunFacts,
) -> (CheckVerdict, Option<String>) {
    let not_run = facts.categories.iter().find(|run| run.category == info.category).map(|run| &run.not_run);
    let said = found.map(|result| &result.verdict);
    // A broken promise counts wherever it was seen; everything else only where its category ran.
    match (said, not_run) {
        (Some(Verdict::Fail), _) => (CheckVerdict::Fail, None),
        (_, Some(Some(why))) => (CheckVerdict::NotRun, Some(why.clone())),
        (None, _) => open(Reason::CheckPanicked),
        (Some(Verdict::Pass), _) => found.map_or_else(|| open(Reason::CheckPanicked), doubted_pass),
        (Some(Verdict::Inconclusive(reason)), _) => open(*reason),
        (Some(Verdict::NotObservable(why)), _) => (CheckVerdict::NotObservable, Some(why.clone())),
        (Some(Verdict::NotRun(why)), _) => (CheckVerdict::NotRun, Some(why.clone())),
    }
}

fn open(reason: Reason) -> (CheckVerdict, Option<String>) {
    (CheckVerdict::Inconclusive, Some(reason_name(reason).to_owned()))
}

/// A pass stands only when it looked at something and every number it rests on is one.
fn doubted_pass(result: &CheckResult) -> (CheckVerdict, Option<String>) {
    let number = |number: Option<f64>| number.is_none_or(f64::is_finite);
    if result.of == 0 {
        return open(Reason::NoCoverage);
    }
    if !number(result.value) || !number(result.limit) {
        return open(Reason::CheckPanicked);
    }
    (CheckVerdict::Pass, None)
}

fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::NoCoverage => "no_coverage",
        Reason::FaultNotFired => "fault_not_fired",
        Reason::CaptureIncomplete => "capture_incomplete",
        Reason::TooFewSamples => "too_few_samples",
        Reason::ClockUncertain => "clock_uncertain",
        Reason::ClientOverloaded => "client_overloaded",
        Reason::TargetUnavailable => "target_unavailable",
        Reason::TimedOut => "timed_out",
        Reason::CheckPanicked => "check_panicked",
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

/// Something required that nobody could answer: what, and what would answer it.
struct Open {
    what: String,
    action: String,
}

fn open_questions(checks: &[CheckEntry], judgement: &Judgement, facts: &RunFacts) -> Vec<Open> {
    let mut open: Vec<Open> = ending_question(&facts.ending).into_iter().collect();
    for run in facts.categories.iter().filter(|run| run.asked) {
        if let Some(why) = &run.not_run {
            open.push(Open {
                what: format!("category `{}` was asked for and did not run: {why}", run.category),
                action: format!("run `{}`, or leave it out and decide on a part", run.category),
            });
        }
    }
    if !checks.iter().any(|entry| matches!(entry.verdict, CheckVerdict::Pass | CheckVerdict::Fail)) {
        open.push(Open {
            what: "nothing was judged".to_owned(),
            action: "drive the target until at least one check has something to look at".to_owned(),
        });
    }
    open.extend(checks.iter().filter_map(|entry| unanswered(entry, facts)));
    if facts.demand == Demand::EveryRequiredCheck {
        open.extend(judgement.coverage.missing.iter().map(|what| Open {
            what: format!("never happened, and had to: {what}"),
            action: format!("make it happen: {what}"),
        }));
    }
    open
}

fn ending_question(ending: &Ending) -> Option<Open> {
    let (what, action) = match ending {
        Ending::Complete => return None,
        Ending::TimedOut => {
            ("the run's time was over (timed_out)".to_owned(), "raise `--timeout`, or make the target faster")
        }
        Ending::Interrupted => ("the run was interrupted".to_owned(), "run it to its end"),
        Ending::TargetUnavailable(how) => {
            (format!("the target was not available: {how}"), "start the target, check its address, run again")
        }
        Ending::CaptureIncomplete(what) => {
            (format!("the record is incomplete: {what} (capture_incomplete)"), "record the run again, whole")
        }
    };
    Some(Open { what, action: action.to_owned() })
}

fn unanswered(entry: &CheckEntry, facts: &RunFacts) -> Option<Open> {
    let always = CHECKS.iter().any(|info| info.id == entry.id && info.required == Required::Always);
    let ran =
        facts.categories.iter().any(|run| run.category.as_str() == entry.category && run.not_run.is_none());
    let demanded = facts.demand == Demand::EveryRequiredCheck;
    let blocks = match entry.verdict {
        CheckVerdict::Pass | CheckVerdict::Fail => false,
        CheckVerdict::Inconclusive => entry.required,
        CheckVerdict::NotObservable => always,
        CheckVerdict::NotRun => entry.required && ran && demanded,
    };
    let why = entry.reason.as_deref().unwrap_or("no reason given");
    blocks.then(|| Open {
        what: format!("`{}` could not be judged: {why}", entry.id),
        action: match why {
            "too_few_samples" => format!("`{}`: give it more runs or users", entry.id),
            "no_coverage" => {
                format!("`{}`: make what it judges happen (see `goldenpath explain {0}`)", entry.id)
            }
            "clock_uncertain" => {
                format!("`{}`: measure from a host with a shorter way to the target", entry.id)
            }
            "client_overloaded" => format!("`{}`: measure from an idle machine", entry.id),
            _ => format!("`{}`: have it judged ({why})", entry.id),
        },
    })
}

/// Rules whose check passed while the number they rest on is missing.
fn unmeasured_rules(checks: &[CheckEntry], compliance: &ComplianceCheck) -> Vec<Open> {
    let passed = |id: &str| checks.iter().any(|entry| entry.id == id && entry.verdict == CheckVerdict::Pass);
    let rules = [
        ("timing/delivery-latency", "average delivery latency", &compliance.checks.latency),
        ("delivery/success-rate", "success rate", &compliance.checks.success_rate),
    ];
    let missing = rules.into_iter().filter(|(id, _, rule)| passed(id) && rule.passed.is_none());
    missing
        .map(|(id, name, _)| Open {
            what: format!("the {name} is no number"),
            action: format!("`{id}`: measure it again"),
        })
        .collect()
}

fn scope(facts: &RunFacts) -> Scope {
    let ran = |category| facts.categories.iter().any(|run| run.category == category && run.not_run.is_none());
    if RELEASE.into_iter().all(ran) { Scope::Full } else { Scope::Partial }
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

fn issue(entry: &CheckEntry) -> String {
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
    format!("{} did not run", missing.join(", "))
}

/// How near a value may come to its limit before it is worth a word.
const NEAR: f64 = 0.8;

fn recommendations(checks: &[CheckEntry], facts: &RunFacts) -> Vec<String> {
    let mut advice: Vec<String> = Vec::new();
    for run in facts.categories.iter().filter(|run| !run.asked) {
        if let Some(why) = &run.not_run {
            advice.push(format!("`{}` did not run: {why}", run.category));
        }
    }
    for entry in checks.iter().filter(|entry| !entry.required && entry.verdict == CheckVerdict::Fail) {
        advice.push(format!("{} (advice, does not block)", issue(entry)));
    }
    for entry in checks.iter().filter(|entry| entry.verdict == CheckVerdict::Pass) {
        if let (Some(value), Some(limit), Some("ms" | "MB")) =
            (entry.value, entry.limit, entry.unit.as_deref())
            && limit > 0.0
            && value > NEAR * limit
        {
            let share = 100.0 * value / limit;
            advice.push(format!("`{}` uses {share:.0} % of its limit", entry.id));
        }
    }
    let hidden: Vec<&str> = checks
        .iter()
        .filter(|entry| entry.verdict == CheckVerdict::NotObservable)
        .map(|entry| entry.id.as_str())
        .collect();
    if !hidden.is_empty() {
        advice.push(format!(
            "not observable on this target, so neither kept nor broken: {}",
            hidden.join(", ")
        ));
    }
    advice
}
