//! The rules of a release, one by one, from the verdicts and the metrics.

use crate::facts::{CategoryRun, RunFacts};
use crate::failure;
use crate::model::{
    CheckEntry, CheckVerdict, Compliance, ComplianceCheck, ComplianceChecks, FailureAnalysis,
    MonitoringMetrics,
};

/// Success rate of an SLA run, in percent.
const SLA_SUCCESS_PERCENT: f64 = 99.9;
/// Success rate of any other, in percent, unless configured.
const SUCCESS_PERCENT: f64 = 95.0;
/// Average delivery latency, in milliseconds, unless configured.
const LATENCY_MS: f64 = 100.0;
/// Memory growth over a run, in MB, unless configured.
const MEMORY_MB: f64 = 500.0;

/// Looks at every rule. `open` says whether something that had to be judged was not.
pub(crate) fn comply(
    checks: &[CheckEntry],
    metrics: &MonitoringMetrics,
    patterns: &[FailureAnalysis],
    facts: &RunFacts,
    open: bool,
) -> ComplianceCheck {
    let rules = ComplianceChecks {
        categories_passed: categories(checks, facts),
        latency: latency(checks, metrics),
        success_rate: success_rate(checks, metrics, facts.sla),
        event_completeness: event_completeness(checks),
        isolation: isolation(checks),
        critical_patterns: critical_patterns(checks, patterns),
        memory: memory(checks, metrics),
    };
    let violations = violations(&rules);
    let blocked = checks.iter().any(|entry| entry.verdict == CheckVerdict::Fail && entry.required);
    ComplianceCheck { overall_passed: violations.is_empty() && !blocked && !open, checks: rules, violations }
}

fn find<'a>(checks: &'a [CheckEntry], id: &str) -> Option<&'a CheckEntry> {
    checks.iter().find(|entry| entry.id == id)
}

fn as_passed(verdict: CheckVerdict) -> Option<bool> {
    match verdict {
        CheckVerdict::Pass => Some(true),
        CheckVerdict::Fail => Some(false),
        CheckVerdict::Inconclusive | CheckVerdict::NotObservable | CheckVerdict::NotRun => None,
    }
}

/// How many of the categories that ran hold no failed check, of how many asked for.
fn categories(checks: &[CheckEntry], facts: &RunFacts) -> Compliance {
    let counted: Vec<&CategoryRun> =
        facts.categories.iter().filter(|run| run.asked || run.not_run.is_none()).collect();
    let of_category = |run: &CategoryRun| {
        let name = run.category.as_str();
        checks.iter().filter(move |entry| entry.category == name && entry.required)
    };
    let failed = counted.iter().any(|run| of_category(run).any(|entry| entry.verdict == CheckVerdict::Fail));
    let passed = counted
        .iter()
        .filter(|run| run.not_run.is_none() && !of_category(run).any(is_open_or_failed))
        .count();
    let verdict = match (failed, passed == counted.len() && !counted.is_empty()) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    };
    Compliance { passed: verdict, value: Some(passed as f64), limit: Some(counted.len() as f64) }
}

fn is_open_or_failed(entry: &CheckEntry) -> bool {
    matches!(entry.verdict, CheckVerdict::Fail | CheckVerdict::Inconclusive)
}

/// A number against its limit, joined with the verdict of the check that judges it with all its care.
fn bounded(verdict: Option<bool>, value: Option<f64>, limit: f64, kept: fn(f64, f64) -> bool) -> Compliance {
    let by_value = value.map(|value| kept(value, limit));
    let passed = match (verdict, by_value) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        // A rule without its number is not kept, whatever its check said.
        _ => None,
    };
    Compliance { passed, value, limit: Some(limit) }
}

fn latency(checks: &[CheckEntry], metrics: &MonitoringMetrics) -> Compliance {
    let check = find(checks, "timing/delivery-latency");
    let verdict = check.and_then(|entry| as_passed(entry.verdict));
    let limit = check.and_then(|entry| entry.limit).unwrap_or(LATENCY_MS);
    // The offset of the two clocks is known as an interval only: when the check could not tell, nor can we.
    let value = metrics.avg_latency_ms;
    match verdict {
        Some(_) => bounded(verdict, value, limit, |value, limit| value <= limit),
        None => Compliance { passed: None, value, limit: Some(limit) },
    }
}

fn success_rate(checks: &[CheckEntry], metrics: &MonitoringMetrics, sla: bool) -> Compliance {
    let check = find(checks, "delivery/success-rate");
    let verdict = check.and_then(|entry| as_passed(entry.verdict));
    let configured = check.and_then(|entry| entry.limit).unwrap_or(SUCCESS_PERCENT);
    let limit = if sla { configured.max(SLA_SUCCESS_PERCENT) } else { configured };
    match verdict {
        Some(_) => bounded(verdict, metrics.success_rate_percent, limit, |value, limit| value >= limit),
        None => Compliance { passed: None, value: metrics.success_rate_percent, limit: Some(limit) },
    }
}

fn event_completeness(checks: &[CheckEntry]) -> Compliance {
    let Some(check) = find(checks, "sequence/five-in-order") else { return Compliance::default() };
    let value = (check.of > 0).then(|| 100.0 * check.n as f64 / check.of as f64);
    Compliance { passed: as_passed(check.verdict), value, limit: Some(100.0) }
}

fn isolation(checks: &[CheckEntry]) -> Compliance {
    let group: Vec<&CheckEntry> = checks.iter().filter(|entry| entry.id.starts_with("isolation/")).collect();
    let leaks: usize = group.iter().map(|entry| entry.findings.len()).sum();
    let failed = group.iter().any(|entry| entry.verdict == CheckVerdict::Fail);
    let judged = ["isolation/run-owner", "isolation/canary"]
        .iter()
        .all(|id| find(checks, id).is_some_and(|entry| entry.verdict == CheckVerdict::Pass));
    let passed = match (failed, judged) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    };
    let value = passed.is_some().then_some(leaks as f64);
    Compliance { passed, value, limit: Some(0.0) }
}

fn critical_patterns(checks: &[CheckEntry], patterns: &[FailureAnalysis]) -> Compliance {
    let critical = patterns.iter().filter(|pattern| pattern.critical).count();
    let passed = match (critical, failure::critical_was_judged(checks)) {
        (0, false) => None,
        (count, _) => Some(count == 0),
    };
    Compliance { passed, value: passed.map(|_| critical as f64), limit: Some(0.0) }
}

fn memory(checks: &[CheckEntry], metrics: &MonitoringMetrics) -> Compliance {
    let growth = find(checks, "resources/memory-growth");
    let plateau = find(checks, "resources/memory-plateau").and_then(|entry| as_passed(entry.verdict));
    let limit = growth.and_then(|entry| entry.limit).unwrap_or(MEMORY_MB);
    let by_value = metrics.memory_growth_mb.map(|grown| grown <= limit);
    let verdict = growth.and_then(|entry| as_passed(entry.verdict)).or(by_value);
    let verdict = if plateau == Some(false) { Some(false) } else { verdict };
    bounded(verdict, metrics.memory_growth_mb, limit, |value, limit| value <= limit)
}

fn violations(rules: &ComplianceChecks) -> Vec<String> {
    let mut broken = Vec::new();
    let mut look = |rule: &Compliance, say: &dyn Fn(String, String) -> String| {
        if rule.passed == Some(false) {
            let number =
                |number: Option<f64>| number.map_or_else(|| "unknown".to_owned(), |n| format!("{n:.1}"));
            broken.push(say(number(rule.value), number(rule.limit)));
        }
    };
    look(&rules.categories_passed, &|_, _| "not every category passed".to_owned());
    look(&rules.latency, &|value, limit| {
        format!(
            "delivery latency: {value} ms on average (allowed: {limit} ms, and at most 5 % of events over 200 ms)"
        )
    });
    look(&rules.success_rate, &|value, limit| format!("success rate {value} % (required: {limit} %)"));
    look(&rules.event_completeness, &|value, _| {
        format!(
            "{value} % of the runs that owe the five events showed them all, in order (required: every one)"
        )
    });
    look(&rules.isolation, &|value, _| {
        let leaks = value.split('.').next().unwrap_or("0").to_owned();
        format!("isolation is broken: {leaks} finding(s) (allowed: none)")
    });
    look(&rules.critical_patterns, &|value, _| {
        let count = value.split('.').next().unwrap_or("0").to_owned();
        format!("{count} critical failure pattern(s) (allowed: none)")
    });
    look(&rules.memory, &|value, limit| {
        format!("memory grew by {value} MB (allowed: {limit} MB, and back on its plateau)")
    });
    broken
}
