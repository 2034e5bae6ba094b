//! An answer that holds nothing of what was asked.

use super::Reading;
use super::wrong_language::asks_for_language;

/// The least weighted share of the prompt's words of content.
const LEAST: f64 = 0.08;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    // Facts of the run's own tools prove that it is about the question.
    if reading.facts >= 3 {
        return None;
    }
    let covered = reading.coverage()?;
    // The words of a question cannot be looked for in a translation.
    let asked_elsewhere = || reading.prompt.is_some_and(asks_for_language);
    (covered < LEAST && !asked_elsewhere()).then(|| reading.text.to_string())
}
