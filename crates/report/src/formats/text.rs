//! What a terminal shows at the end of a run: what failed and what stayed open, in full; what was kept, in
//! one line per group; the decision last.

use crate::model::{CheckEntry, CheckVerdict, Report, Scope};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Findings shown per check; the report holds them all.
const SHOWN: usize = 3;
/// Things to do that are shown; the report holds them all.
const ACTIONS: usize = 6;

/// The report for a terminal, without the last line (see [`last_line`]).
#[must_use]
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    groups(&mut out, &report.execution_results.checks);
    failures(&mut out, report);
    open(&mut out, &report.execution_results.checks);
    metrics(&mut out, report);
    decision(&mut out, report);
    out
}

/// The one line that says it all, and counts what this target could not show.
#[must_use]
pub fn last_line(report: &Report) -> String {
    let decision = &report.deployment_decision;
    let metrics = &report.execution_results.test_metrics;
    let word = if decision.approved { "APPROVED" } else { "NOT APPROVED" };
    let scope = match decision.scope {
        Scope::Full => "",
        Scope::Partial => " (partial: no release decision)",
    };
    format!(
        "{word}{scope}: {} passed, {} failed, {} inconclusive, {} not observable, {} not run of {} checks",
        metrics.tests_passed,
        metrics.tests_failed,
        metrics.tests_inconclusive,
        metrics.tests_not_observable,
        metrics.tests_not_run,
        metrics.total_tests
    )
}

fn head(out: &mut String, report: &Report) {
    let session = &report.validation_session;
    let _ = writeln!(
        out,
        "{} · {} · profile {} · {} user(s) · seed {} · {:.1} s\n",
        session.target_environment,
        session.target,
        session.profile,
        session.users,
        session.seed,
        session.duration_seconds
    );
}

fn groups(out: &mut String, checks: &[CheckEntry]) {
    let mut order: Vec<&str> = Vec::new();
    let mut counted: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for entry in checks {
        let group = entry.id.split('/').next().unwrap_or(&entry.id);
        if !order.contains(&group) {
            order.push(group);
        }
        counted.entry(group).or_default()[entry.verdict as usize] += 1;
    }
    for group in order {
        let [pass, fail, inconclusive, hidden, not_run] = counted.get(group).copied().unwrap_or_default();
        let required = |entry: &&CheckEntry| {
            entry.required && entry.verdict == CheckVerdict::Inconclusive && entry.id.starts_with(group)
        };
        let waiting = checks.iter().filter(required).count();
        let mark = match (fail, waiting, pass) {
            (1.., _, _) => "FAIL",
            (0, 1.., _) => "open",
            (0, 0, 0) => "-",
            (0, 0, _) => "ok",
        };
        let parts = [
            (pass, "passed"),
            (fail, "failed"),
            (inconclusive, "inconclusive"),
            (hidden, "not observable"),
            (not_run, "not run"),
        ];
        let said: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let _ = writeln!(out, "  {mark:<5} {group:<11} {}", said.join(", "));
    }
}

fn failures(out: &mut String, report: &Report) {
    let checks = &report.execution_results.checks;
    for entry in checks.iter().filter(|entry| entry.verdict == CheckVerdict::Fail) {
        let advice = if entry.required { "" } else { " (advice, does not block)" };
        let _ = writeln!(out, "\nFAIL {}{}{advice}", entry.id, measured(entry));
        let story = report.stories.get(&entry.id);
        for (at, finding) in entry.findings.iter().take(SHOWN).enumerate() {
            let _ = writeln!(out, "  {}", finding.summary);
            let _ = writeln!(out, "    expected: {}", finding.expected);
            let _ = writeln!(out, "    observed: {}", finding.observed);
            if !finding.records.is_empty() {
                let lines: Vec<String> = finding.records.iter().take(8).map(u64::to_string).collect();
                let _ = writeln!(out, "    history lines: {}", lines.join(", "));
            }
            if let Some(story) = story.filter(|_| at == 0) {
                out.push_str(&story.text("    "));
            }
        }
        if entry.findings.len() > SHOWN {
            let _ = writeln!(out, "  … and {} more", entry.findings.len() - SHOWN);
        }
    }
}

fn measured(entry: &CheckEntry) -> String {
    let unit = entry.unit.as_deref().unwrap_or_default();
    match (entry.value, entry.limit) {
        (Some(value), Some(limit)) => format!(": {value:.2} {unit} (limit {limit} {unit})"),
        _ => String::new(),
    }
}

fn open(out: &mut String, checks: &[CheckEntry]) {
    let mut open = checks.iter().filter(|entry| entry.verdict == CheckVerdict::Inconclusive).peekable();
    if open.peek().is_none() {
        return;
    }
    out.push_str("\ncould not be judged:\n");
    for entry in open {
        let advice = if entry.required { "" } else { " (advice)" };
        let _ = writeln!(out, "  {:<30} {}{advice}", entry.id, entry.reason.as_deref().unwrap_or("-"));
    }
}

fn metrics(out: &mut String, report: &Report) {
    let metrics = &report.execution_results.monitoring_metrics;
    let number =
        |number: Option<f64>| number.map_or_else(|| "n/a".to_owned(), |number| format!("{number:.1}"));
    let _ = writeln!(
        out,
        "\n  {} events · success {} % · latency avg {} ms, p95 {} ms, max {} ms · memory growth {} MB",
        metrics.total_events,
        number(metrics.success_rate_percent),
        number(metrics.avg_latency_ms),
        number(metrics.p95_latency_ms),
        number(metrics.max_latency_ms),
        number(metrics.memory_growth_mb)
    );
}

fn decision(out: &mut String, report: &Report) {
    let decision = &report.deployment_decision;
    let _ = writeln!(out, "\n{}", decision.reason);
    for action in decision.required_actions.iter().take(ACTIONS) {
        let _ = writeln!(out, "  to do: {action}");
    }
    if let Some(more @ 1..) = decision.required_actions.len().checked_sub(ACTIONS) {
        let _ = writeln!(out, "  … and {more} more in the report");
    }
}
