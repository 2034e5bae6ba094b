//! What a run that was not approved prints last: what was promised, what came, where the history and its witnesses lie,
//! and how to judge them again.

use goldenpath_checkers::CHECKS;
use goldenpath_report::{CheckEntry, CheckVerdict, Report};
use std::fmt::Write;
use std::path::Path;

/// Broken promises shown; the report holds them all.
const SHOWN: usize = 5;

/// The closing words of a run that was not approved; empty for an approved one. Witnesses lie in `folder`.
pub(crate) fn last_words(
    report: &Report,
    history: Option<&Path>,
    folder: Option<&Path>,
    judge_again: &str,
) -> String {
    let mut words = String::new();
    if report.deployment_decision.approved {
        return words;
    }
    let failed: Vec<&CheckEntry> = report
        .execution_results
        .checks
        .iter()
        .filter(|entry| entry.required && entry.verdict == CheckVerdict::Fail)
        .collect();
    for entry in failed.iter().take(SHOWN) {
        let promise = CHECKS.iter().find(|info| info.id == entry.id).map_or("", |info| info.promise);
        let _ = writeln!(words, "{}", entry.id);
        let _ = writeln!(words, "  promised  {promise}");
        if let Some(finding) = entry.findings.first() {
            let _ = writeln!(words, "  expected  {}", finding.expected);
            let _ = writeln!(words, "  came      {}", finding.observed);
            if let (Some(folder), Some(witness)) = (folder, &finding.witness) {
                let witness = folder.join(witness);
                let _ = writeln!(words, "  witness   goldenpath check {}", witness.display());
            }
        }
        let _ = writeln!(words, "  more      goldenpath explain {}", entry.id);
    }
    if failed.len() > SHOWN {
        let _ = writeln!(words, "… and {} more in the report", failed.len() - SHOWN);
    }
    if failed.is_empty() {
        let _ = writeln!(words, "promised  every required check judged");
        let _ = writeln!(words, "came      {}", report.deployment_decision.reason);
    }
    if let Some(history) = history {
        let _ = writeln!(words, "history   {}", history.display());
    }
    let _ = writeln!(words, "again     {judge_again}");
    words
}
