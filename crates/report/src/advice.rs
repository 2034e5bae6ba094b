//! What is worth a word and blocks nothing.

use crate::facts::RunFacts;
use crate::gate::issue;
use crate::model::{CheckEntry, CheckVerdict};

/// How near a value may come to its limit before it is worth a word.
const NEAR: f64 = 0.8;

pub(crate) fn recommendations(checks: &[CheckEntry], facts: &RunFacts) -> Vec<String> {
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
