//! Patterns of failure that the checks' findings add up to, for people who ask "what kind of bug is it".

use crate::model::{CheckEntry, CheckVerdict, FailureAnalysis};

/// A pattern: its name, whether one occurrence is critical, and the checks that show it.
struct Pattern {
    name: &'static str,
    critical: bool,
    checks: &'static [&'static str],
}

/// One leak, one lost terminal, one false success is already critical.
const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "cross_user_leak",
        critical: true,
        checks: &["isolation/run-owner", "isolation/canary", "isolation/foreign-access"],
    },
    Pattern { name: "authentication_bypass", critical: true, checks: &["auth/refused", "auth/refresh"] },
    Pattern { name: "duplicate_or_missing_terminal", critical: true, checks: &["sequence/one-terminal"] },
    Pattern { name: "false_success", critical: true, checks: &["sequence/terminal-true"] },
    Pattern {
        name: "missing_event_sequences",
        critical: false,
        checks: &["sequence/five-in-order", "sequence/tool-pairs", "delivery/request-answered"],
    },
    Pattern {
        name: "disordered_sequences",
        critical: false,
        checks: &["sequence/seq-dense", "sequence/nothing-after-terminal", "sequence/after-request"],
    },
    Pattern {
        name: "silent_drop",
        critical: false,
        checks: &["delivery/no-loss", "delivery/stream-equals-store", "delivery/tabs-agree"],
    },
    Pattern {
        name: "sustained_high_latency",
        critical: false,
        checks: &[
            "timing/delivery-latency",
            "timing/first-event",
            "timing/agent-started",
            "timing/agent-completed",
        ],
    },
    Pattern {
        name: "connection_instability",
        critical: false,
        checks: &["connection/reliability", "connection/close-codes"],
    },
    Pattern {
        name: "memory_leak",
        critical: false,
        checks: &["resources/memory-growth", "resources/memory-plateau"],
    },
    Pattern { name: "canned_answers", critical: false, checks: &["value/boilerplate", "value/facts"] },
];

/// The patterns that the failed checks show, critical ones first.
pub(crate) fn analyse(checks: &[CheckEntry]) -> Vec<FailureAnalysis> {
    PATTERNS.iter().filter_map(|pattern| shown(pattern, checks)).collect()
}

/// Whether any check that can show a critical pattern was judged.
pub(crate) fn critical_was_judged(checks: &[CheckEntry]) -> bool {
    let judged = |entry: &&CheckEntry| matches!(entry.verdict, CheckVerdict::Pass | CheckVerdict::Fail);
    let critical = PATTERNS.iter().filter(|pattern| pattern.critical).flat_map(|pattern| pattern.checks);
    critical.into_iter().any(|id| checks.iter().filter(judged).any(|entry| entry.id == *id))
}

fn shown(pattern: &Pattern, checks: &[CheckEntry]) -> Option<FailureAnalysis> {
    let failed: Vec<&CheckEntry> = checks
        .iter()
        .filter(|entry| entry.verdict == CheckVerdict::Fail && pattern.checks.contains(&entry.id.as_str()))
        .collect();
    let first = failed.first()?;
    let summary =
        first.findings.first().map_or_else(|| format!("`{}` failed", first.id), |f| f.summary.clone());
    Some(FailureAnalysis {
        pattern: pattern.name.to_owned(),
        critical: pattern.critical,
        checks: failed.iter().map(|entry| entry.id.clone()).collect(),
        occurrences: failed.iter().map(|entry| occurrences(entry)).sum(),
        summary,
    })
}

/// Findings are cut at a hundred; the rest are counted in `of` − `n`.
fn occurrences(entry: &CheckEntry) -> u64 {
    (entry.findings.len() as u64).max(1)
}
