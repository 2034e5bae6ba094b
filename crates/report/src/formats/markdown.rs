//! `summary.md`: for a CI job's summary and for the people who sign a release. Holds the pre-deployment
//! checklist, the certification of path, isolation, performance and value, and, when not approved, the plan.

use crate::model::{CheckEntry, CheckVerdict, Compliance, Report, Scope};
use std::fmt::Write;

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    checklist(&mut out, report);
    certification(&mut out, report);
    open_and_failed(&mut out, report);
    stories(&mut out, report);
    if !report.deployment_decision.approved {
        remediation(&mut out, report);
    }
    if !report.recommendations.is_empty() {
        out.push_str("\n## Recommendations\n\n");
        for advice in &report.recommendations {
            let _ = writeln!(out, "- {}", inline(advice));
        }
    }
    out
}

fn head(out: &mut String, report: &Report) {
    let decision = &report.deployment_decision;
    let session = &report.validation_session;
    let word = if decision.approved { "approved" } else { "not approved" };
    let scope = match decision.scope {
        Scope::Full => "full",
        Scope::Partial => "partial, no release decision",
    };
    let _ = writeln!(out, "# Golden path: {word} ({scope})\n\n{}.\n", inline(&decision.reason));
    let _ = writeln!(out, "| | |\n|---|---|");
    let _ = writeln!(out, "| session | `{}` |", cell(&session.session_id));
    let _ = writeln!(out, "| target | {} (`{}`) |", cell(&session.target_environment), cell(&session.target));
    let _ = writeln!(out, "| profile | {} |", cell(&session.profile));
    let _ = writeln!(out, "| users, seed | {}, {} |", session.users, session.seed);
    let _ =
        writeln!(out, "| began, took | {}, {:.1} s |", cell(&session.timestamp), session.duration_seconds);
    let metrics = &report.execution_results.test_metrics;
    let _ = writeln!(
        out,
        "| checks | {} passed, {} failed, {} inconclusive, {} not observable, {} not run |",
        metrics.tests_passed,
        metrics.tests_failed,
        metrics.tests_inconclusive,
        metrics.tests_not_observable,
        metrics.tests_not_run
    );
}

fn checklist(out: &mut String, report: &Report) {
    let rules = &report.compliance_check.checks;
    out.push_str("\n## Pre-deployment checklist\n\n");
    tick(out, &rules.categories_passed, "every category that was to run passed", "");
    tick(out, &rules.latency, "average delivery latency inside its limit", "ms");
    tick(out, &rules.success_rate, "success rate", "%");
    tick(out, &rules.event_completeness, "all five events in every run that owes them", "%");
    tick(out, &rules.isolation, "not one cross-user leak", "");
    tick(out, &rules.critical_patterns, "no critical failure pattern", "");
    tick(out, &rules.memory, "memory growth inside its limit", "MB");
    let complete = report.deployment_decision.scope == Scope::Full;
    let mark = if complete { 'x' } else { ' ' };
    let _ = writeln!(out, "- [{mark}] functional, integration, performance, resilience and security all ran");
}

fn tick(out: &mut String, rule: &Compliance, what: &str, unit: &str) {
    let mark = if rule.passed == Some(true) { 'x' } else { ' ' };
    let state = match rule.passed {
        Some(true) => "",
        Some(false) => " **broken**",
        None => " *not judged*",
    };
    let numbers = match (rule.value, rule.limit) {
        (Some(value), Some(limit)) if unit.is_empty() => format!(" ({value:.0}, limit {limit:.0})"),
        (Some(value), Some(limit)) => format!(" ({value:.1} {unit}, limit {limit} {unit})"),
        _ => String::new(),
    };
    let _ = writeln!(out, "- [{mark}] {what}{numbers}{state}");
}

/// The four things a release is certified for, and the groups of checks that carry each.
const CERTIFIED: [(&str, &[&str]); 4] = [
    ("path", &["sequence", "content", "timestamps", "delivery"]),
    ("isolation", &["isolation", "auth"]),
    ("performance", &["timing"]),
    ("value", &["value"]),
];

fn certification(out: &mut String, report: &Report) {
    out.push_str("\n## Certification\n\n| | | kept | of |\n|---|---|---|---|\n");
    for (name, groups) in CERTIFIED {
        let in_group = |entry: &&CheckEntry| {
            entry.required && groups.contains(&entry.id.split('/').next().unwrap_or_default())
        };
        let checks: Vec<&CheckEntry> = report.execution_results.checks.iter().filter(in_group).collect();
        let of = |verdict| checks.iter().filter(|entry| entry.verdict == verdict).count();
        let (kept, failed) = (of(CheckVerdict::Pass), of(CheckVerdict::Fail));
        let word = match (failed, kept == checks.len() && kept > 0) {
            (1.., _) => "broken",
            (0, true) => "certified",
            (0, false) => "not certified: not all could be judged",
        };
        let _ = writeln!(out, "| {name} | {word} | {kept} | {} |", checks.len());
    }
}

fn open_and_failed(out: &mut String, report: &Report) {
    let checks = &report.execution_results.checks;
    let shown =
        |entry: &&CheckEntry| matches!(entry.verdict, CheckVerdict::Fail | CheckVerdict::Inconclusive);
    let rows: Vec<&CheckEntry> = checks.iter().filter(shown).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("\n## Failed and open\n\n| check | verdict | what |\n|---|---|---|\n");
    for entry in rows {
        let what = entry.findings.first().map(|finding| finding.summary.as_str()).or(entry.reason.as_deref());
        let advice = if entry.required { "" } else { " (advice)" };
        let _ = writeln!(
            out,
            "| `{}` | {}{advice} | {} |",
            entry.id,
            entry.verdict.as_str(),
            cell(what.unwrap_or("-"))
        );
    }
}

fn stories(out: &mut String, report: &Report) {
    if report.stories.is_empty() {
        return;
    }
    out.push_str(
        "\n## What users saw\n\nThe least of the history that each check still fails in the same way.\n",
    );
    for entry in &report.execution_results.checks {
        let Some(story) = report.stories.get(&entry.id) else { continue };
        let _ = writeln!(out, "\n### `{}`\n", entry.id);
        let Some(finding) = entry.findings.first() else { continue };
        let _ = writeln!(
            out,
            "{}: expected {}, came {}.\n",
            inline(&finding.summary),
            inline(&finding.expected),
            inline(&finding.observed)
        );
        out.push_str(&story.markdown(cell));
        if let Some(witness) = &finding.witness {
            let _ = writeln!(out, "\nJudge it again: `goldenpath check {}`", inline(witness));
        }
    }
}

fn remediation(out: &mut String, report: &Report) {
    let decision = &report.deployment_decision;
    out.push_str("\n## Remediation plan\n");
    if !decision.critical_issues.is_empty() {
        out.push_str("\nWhat blocks:\n\n");
        for issue in &decision.critical_issues {
            let _ = writeln!(out, "- {}", inline(issue));
        }
    }
    out.push_str("\nWhat to do, in this order:\n\n");
    for (at, action) in decision.required_actions.iter().enumerate() {
        let _ = writeln!(out, "{}. {}", at + 1, inline(action));
    }
}

/// A text from the target inside a table: one line, no cell border, no markup of its own.
fn cell(text: &str) -> String {
    inline(text).replace('|', "\\|")
}

/// A text inside a line; what a target sent must not become a tag or a new line.
fn inline(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.replace('<', "&lt;")
}
